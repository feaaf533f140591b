/**
 * The English catalogue, one area a file; a new area takes one line in `LATER`. Areas of the start are here at once; those of lazy
 * pages come with the page, so that nobody waits for words of pages that are not shown.
 */
import { addMessages } from "@/core/i18n";
import { shell, time, unit } from "@/messages/en/shell";

/** Messages that are loaded when a page needs them. */
const LATER = {
  backends: () => import("@/messages/en/backends").then((file) => file.backends),
  backend: () => import("@/messages/en/backend").then((file) => file.backend),
  chart: () => import("@/messages/en/chart").then((file) => file.chart),
  events: () => import("@/messages/en/events").then((file) => file.events),
  help: () => import("@/messages/en/help").then((file) => file.help),
  models: () => import("@/messages/en/models").then((file) => file.models),
  nodes: () => import("@/messages/en/nodes").then((file) => file.nodes),
  overview: () => import("@/messages/en/overview").then((file) => file.overview),
  palette: () => import("@/messages/en/palette").then((file) => file.palette),
  preferences: () => import("@/messages/en/preferences").then((file) => file.preferences),
  sign_in: () => import("@/messages/en/sign_in").then((file) => file.sign_in),
};

type Later = typeof LATER;

/** All messages by area. */
export type Catalogue = { shell: typeof shell; time: typeof time; unit: typeof unit } & {
  [A in keyof Later]: Awaited<ReturnType<Later[A]>>;
};

/** The name of an area. */
export type MessageArea = keyof Catalogue;

/** An area that is loaded when it is needed. */
export type LaterArea = keyof Later;

const loaded = new Map<LaterArea, Promise<void>>();

/** Add what every page needs. */
export function addStartMessages(): void {
  addMessages("shell", shell);
  addMessages("time", time);
  addMessages("unit", unit);
}

/** Load areas; each only once, and again after a failure. */
export async function loadMessages(areas: readonly LaterArea[]): Promise<void> {
  await Promise.all(areas.map((area) => loaded.get(area) ?? load(area)));
}

function load(area: LaterArea): Promise<void> {
  const loading = LATER[area]().then((messages) => addMessages(area, messages));
  loaded.set(area, loading);
  loading.catch(() => loaded.delete(area));
  return loading;
}
