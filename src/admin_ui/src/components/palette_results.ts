/** What the palette finds for a text. */
import { useEffect, useState } from "preact/hooks";
import type { IconName } from "@/components/icon";
import { bestNames } from "@/core/best_names";
import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import type { ClusterModelEntry, NodeEntry } from "@/core/wire.gen";
import { BROKEN } from "@/shell/broken";
import { toggleTheme } from "@/shell/controls";
import { offeredPages } from "@/shell/navigation";
import { fleet } from "@/state/fleet";
import { http } from "@/state/http";
import { isDark } from "@/state/look";
import { type Action, offered, overlay } from "@/state/overlay";
import { go, type To } from "@/state/place";

/** One thing that can be chosen. */
export interface Result {
  readonly id: string;
  readonly label: string;
  readonly note?: string | undefined;
  readonly keys?: string | undefined;
  readonly icon?: IconName | undefined;
  readonly run: () => void;
}

/** Results of one kind. */
export interface ResultGroup {
  readonly id: "pages" | "actions" | "backends" | "nodes" | "models" | "search";
  readonly results: readonly Result[];
}

const BACKENDS_MOST = 20;
const OTHERS_MOST = 6;
const ASK_AFTER_MS = 150;

function leading(id: string, label: string, to: To, more: { note?: string; icon?: IconName; keys?: string } = {}): Result {
  return { id, label, ...more, run: () => go(to) };
}

function fits(label: string, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/);
  return words.every((word) => label.toLowerCase().includes(word));
}

function pages(text: string): Result[] {
  return offeredPages()
    .map((page) => leading(`page-${page}`, t(`shell.page_${page}`), { page }, { icon: page, keys: `g ${page[0]}` }))
    .filter(({ label }) => fits(label, text));
}

function ownActions(): Action[] {
  const isPaused = fleet.connection.peek().state === "paused";
  return [
    { id: "broken", label: t("palette.only_broken"), keys: "b", run: () => go(BROKEN) },
    {
      id: "pause",
      label: isPaused ? t("palette.resume") : t("palette.pause"),
      keys: "Space",
      run: () => (isPaused ? fleet.feed.resume() : fleet.feed.pause()),
    },
    { id: "theme", label: isDark() ? t("palette.to_light") : t("palette.to_dark"), run: toggleTheme },
    {
      id: "keys",
      label: t("palette.show_keys"),
      keys: "?",
      run: () => {
        overlay.value = "help";
      },
    },
  ];
}

function actions(text: string): Result[] {
  const all = [...[...offered.peek().values()].flat(), ...ownActions()];
  return all.filter(({ label }) => fits(label, text)).map((action) => ({ ...action, id: `do-${action.id}` }));
}

function backends(text: string): Result[] {
  const { store } = fleet;
  const best = bestNames(store.slots(), (slot) => store.name(slot), text, BACKENDS_MOST);
  return best.map((slot) =>
    leading(
      `backend-${store.key(slot)}`,
      store.name(slot),
      { page: "backends", path: [store.kind(slot), store.name(slot)] },
      { note: `${store.kind(slot)} · ${t(`shell.status_${store.status(slot)}`)}` },
    ),
  );
}

function search(text: string): Result[] {
  const label = t("palette.search_backends", { text });
  return text === "" ? [] : [leading("search", label, { page: "backends", params: { q: text } }, { icon: "search" })];
}

/** What the hub finds; nothing while it is asked, or when it cannot be. */
interface Found {
  readonly nodes: readonly NodeEntry[];
  readonly models: readonly ClusterModelEntry[];
}

const NOTHING: Found = { nodes: [], models: [] };

async function find(text: string, signal: AbortSignal): Promise<Found> {
  const query = new URLSearchParams({ q: text, limit: String(OTHERS_MOST) });
  const asked = <E>(path: string) => http.get<readonly E[]>(`${path}?${query}`, { signal }).catch((): readonly E[] => []);
  const [nodes, models] = await Promise.all([asked<NodeEntry>("api/nodes"), asked<ClusterModelEntry>("api/models")]);
  return { nodes, models };
}

function useFound(text: string): Found {
  const [found, setFound] = useState<Found>(NOTHING);
  useEffect(() => {
    setFound(NOTHING);
    if (text === "") {
      return undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      void find(text, abort.signal).then((answer) => abort.signal.aborted || setFound(answer));
    }, ASK_AFTER_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  return found;
}

/** What fits a text, by kind; with an empty text the pages and what can be done. */
export function useResults(typed: string): readonly ResultGroup[] {
  const text = typed.trim();
  const { nodes, models } = useFound(text);
  const groups: ResultGroup[] = [
    { id: "pages", results: pages(text) },
    { id: "actions", results: actions(text) },
    { id: "backends", results: backends(text) },
    {
      id: "nodes",
      results: nodes.map(({ node_id, standing }) =>
        leading(
          `node-${node_id}`,
          node_id,
          { page: "nodes", path: [node_id] },
          { note: t(`shell.standing_${standing}`), icon: "nodes" },
        ),
      ),
    },
    {
      id: "models",
      results: models.map(({ id, backends_available, backends: all }) =>
        leading(
          `model-${id}`,
          id,
          { page: "backends", params: { q: `model:${JSON.stringify(id)}` } },
          { note: `${formatNumber(backends_available)}/${formatNumber(all)}`, icon: "models" },
        ),
      ),
    },
  ];
  groups.push({ id: "search", results: search(text) });
  return groups.filter(({ results }) => results.length > 0);
}
