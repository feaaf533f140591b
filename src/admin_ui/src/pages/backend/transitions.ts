/** What the log of events says about how a backend came to be as it is. Pure. */

import type { EventEntry } from "@/core/wire.gen";

/** Events that are shown as one: the same thing, on several nodes, at about the same time. */
export interface EventRun {
  /** Newest first; at least one. */
  readonly events: readonly [EventEntry, ...EventEntry[]];
  /** How long it stayed so, in ms; null if nothing ended it, or it is not a state. */
  readonly lastedMs: number | null;
  /** Whether it is how things stand on at least one of the nodes. */
  readonly lasts: boolean;
}

/** A moment, or how far back is known that there was none. */
export type LastGood = { readonly at: number } | { readonly before: number } | null;

const TOGETHER_MS = 10_000;
const SILENT = new Set(["node_unreachable", "node_departed"]);
const HEARD = new Set(["node_back", "node_joined", "node_restarted"]);

/** What an event makes of a backend on its node; undefined if nothing. */
function effectOf(event: EventEntry): "available" | "unavailable" | "silent" | "heard" | undefined {
  if (event.kind === "backend_status") {
    return event.facts.to === "available" ? "available" : "unavailable";
  }
  if (SILENT.has(event.kind)) {
    return "silent";
  }
  return HEARD.has(event.kind) ? "heard" : undefined;
}

/**
 * When a backend was last available on all nodes where it is wanted.
 *
 * @param nodes id of each node that it is wanted on, to whether it is available there now
 * @param events what happened to it, newest first
 * @returns the moment; `before` the oldest event if it never was since then; null if there is no event.
 * Cost: one pass over the events.
 */
export function lastGood(nodes: ReadonlyMap<string, boolean>, events: readonly EventEntry[]): LastGood {
  const oldest = events.at(-1);
  if (!oldest) {
    return null;
  }
  const told = events.filter((event) => event.node !== null && nodes.has(event.node) && effectOf(event)).toReversed();
  const places = placesAtFirst(nodes, told);
  let missing = [...places.values()].filter((place) => !place.reported || place.silent).length;
  let at: number | null = null;
  for (const event of told) {
    const place = places.get(event.node ?? "");
    if (!place) {
      continue;
    }
    const was = place.reported && !place.silent;
    take(place, event);
    const is = place.reported && !place.silent;
    if (was && !is && missing === 0) {
      at = Date.parse(event.at);
    }
    missing += Number(was) - Number(is);
  }
  return at === null ? { before: Date.parse(oldest.at) } : { at };
}

interface Place {
  reported: boolean;
  silent: boolean;
}

/** How each node stood before the first event: as its first events say they found it, else as it is now. */
function placesAtFirst(nodes: ReadonlyMap<string, boolean>, oldestFirst: readonly EventEntry[]): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const [id, available] of nodes) {
    const own = oldestFirst.filter((event) => event.node === id);
    const first = own.find((event) => event.kind === "backend_status");
    const turned = own.map(effectOf).find((effect) => effect === "silent" || effect === "heard");
    places.set(id, {
      reported: first ? first.facts.from === "available" : turned !== undefined || available,
      silent: turned === "heard",
    });
  }
  return places;
}

function take(place: Place, event: EventEntry): void {
  const effect = effectOf(event);
  if (effect === "silent" || effect === "heard") {
    place.silent = effect === "silent";
  } else {
    place.reported = effect === "available";
  }
}

/**
 * Events as a timeline tells them: runs of the same on several nodes are one, and states say how long they lasted.
 *
 * @param events newest first
 */
export function runsOf(events: readonly EventEntry[]): EventRun[] {
  const runs: EventRun[] = [];
  const ended = new Map<string, number>();
  for (const event of events) {
    const run = runs.at(-1);
    const next = runOf(event, ended);
    if (run && belongs(event, run.events)) {
      runs[runs.length - 1] = joined(run, next);
    } else {
      runs.push(next);
    }
  }
  return runs;
}

/** What a state is of: a backend's own status and its node's silence go on side by side. */
const ENDS: Readonly<Record<string, string>> = {
  available: "status",
  unavailable: "status",
  silent: "silence",
  heard: "silence",
};

function runOf(event: EventEntry, ended: Map<string, number>): EventRun {
  const effect = effectOf(event);
  if (event.node === null || effect === undefined) {
    return { events: [event], lastedMs: null, lasts: false };
  }
  const at = Date.parse(event.at);
  const state = `${ENDS[effect]} ${event.node}`;
  const end = ended.get(state);
  ended.set(state, at);
  // That a node is heard is as it should be, and nothing that lasts.
  const isState = effect !== "heard";
  return { events: [event], lastedMs: isState && end !== undefined ? end - at : null, lasts: isState && end === undefined };
}

/** Whether an event is one more of a run: the same but for its node, and shortly before. */
function belongs(event: EventEntry, run: EventRun["events"]): boolean {
  const [newest] = run;
  const alike =
    event.kind === newest.kind &&
    event.reason === newest.reason &&
    event.actor === newest.actor &&
    event.facts.to === newest.facts.to &&
    event.facts.intent === newest.facts.intent;
  const near = Date.parse(newest.at) - Date.parse(event.at) <= TOGETHER_MS;
  return alike && near && event.node !== null && !run.some(({ node }) => node === event.node);
}

function joined(run: EventRun, older: EventRun): EventRun {
  const lastedMs = run.lastedMs === null || older.lastedMs === null ? null : Math.max(run.lastedMs, older.lastedMs);
  return { events: [...run.events, ...older.events], lastedMs, lasts: run.lasts || older.lasts };
}
