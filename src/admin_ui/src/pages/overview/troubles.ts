/** From what is broken to as few causes as explain it. Pure. */
import type { Status } from "@/core/status";
import { type BackendStore, keyOf, type Row } from "@/core/store";
import { msOf } from "@/core/time";
import type { NodeBackendEntry, NodeEntry } from "@/core/wire.gen";

/** One line of what is broken. */
export type Trouble = NodeTrouble | BackendTrouble;

/** Several backends that cannot be used on one node, all for the same reason: one cause, so one line. */
export interface NodeTrouble {
  readonly kind: "node";
  /** The worst status among the backends. */
  readonly status: Status;
  readonly nodeId: string;
  readonly reason: string;
  /** How the node stands, if it is gone itself; undefined for one that is heard. */
  readonly standing: NodeEntry["standing"] | undefined;
  /** Backends that are missing there. */
  readonly backends: number;
  /** How many of them no other node has either. */
  readonly lost: number;
  /** Undefined if it is not known. */
  readonly sinceMs: number | undefined;
}

/** One backend that nothing else explains. */
export interface BackendTrouble {
  readonly kind: "backend";
  readonly status: Status;
  readonly row: Row;
  readonly sinceMs: number | undefined;
}

/** A node, and its backends as far as they were looked at. */
export interface NodeReport {
  readonly node: NodeEntry;
  readonly backends: readonly NodeBackendEntry[];
}

/** What is broken now, worst first. */
export interface Troubles {
  readonly lines: readonly Trouble[];
  /** Backends that no line about a node explains; some of them may have no line of their own. */
  readonly alone: number;
}

interface Group {
  readonly node: NodeEntry;
  readonly reason: string;
  readonly keys: readonly string[];
}

const ALONE = 1;

/** Keys and slots of the backends that are unavailable or degraded. Cost: one look at each backend. */
function brokenSlots(store: BackendStore): number[] {
  const slots: number[] = [];
  for (const slot of store.slots()) {
    const status = store.status(slot);
    if (status === "unavailable" || status === "degraded") {
      slots.push(slot);
    }
  }
  return slots;
}

/** Whether nothing can be had of a node, whatever it said last. */
export function isSilent(node: NodeEntry): boolean {
  return node.standing === "unreachable" || node.standing === "departed";
}

/**
 * What is broken, worst first: backends that miss the same node for the same reason become one line, and those that such lines
 * explain wholly have none of their own. At most `most` of the backends that are left get a line.
 */
export function troublesOf(store: BackendStore, reports: readonly NodeReport[], most: number): Troubles {
  const slots = brokenSlots(store);
  const broken = new Map(slots.map((slot) => [store.key(slot), slot]));
  const groups = reports.flatMap((report) => groupsOf(report, broken));
  const explained = countedKeys(groups);
  const single = slots.filter((slot) => (explained.get(store.key(slot)) ?? 0) < missing(store, slot));
  const lines: Trouble[] = groups.map((group) => nodeTrouble(store, group, broken));
  for (const slot of worst(store, single, most)) {
    lines.push(backendTrouble(store.row(slot)));
  }
  return { lines: lines.sort(worstFirst), alone: single.length };
}

/** Nodes on which a backend is neither available nor taken out by an operator. */
function missing(store: BackendStore, slot: number): number {
  const withdrawn = store.draining(slot) + store.disabled(slot);
  return Math.max(store.total(slot) - store.available(slot) - withdrawn, ALONE);
}

/** The worst of these, as far as they are wanted, so that rows are made for no others. */
function worst(store: BackendStore, slots: readonly number[], most: number): number[] {
  const unavailable = slots.filter((slot) => store.status(slot) === "unavailable");
  if (unavailable.length >= most) {
    return unavailable.slice(0, most);
  }
  return [...unavailable, ...slots.filter((slot) => store.status(slot) === "degraded")].slice(0, most);
}

/** The reasons for which several broken backends are missing on a node; of a node that is silent, also a single one. */
function groupsOf({ node, backends }: NodeReport, broken: ReadonlyMap<string, number>): Group[] {
  const usable = new Set(backends.filter((entry) => entry.status === "available").map(keyOfEntry));
  const keys = new Map<string, Set<string>>();
  for (const entry of backends) {
    const key = keyOfEntry(entry);
    if (entry.status === "available" || entry.intent !== "enabled" || usable.has(key) || !broken.has(key)) {
      continue;
    }
    const reason = isSilent(node) ? node.standing : entry.status_reason;
    keys.set(reason, (keys.get(reason) ?? new Set()).add(key));
  }
  const least = isSilent(node) ? ALONE : ALONE + 1;
  return [...keys].filter(([, set]) => set.size >= least).map(([reason, set]) => ({ node, reason, keys: [...set] }));
}

function keyOfEntry(entry: NodeBackendEntry): string {
  return keyOf(entry.kind, entry.name);
}

function countedKeys(groups: readonly Group[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of groups.flatMap((group) => group.keys)) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function nodeTrouble(store: BackendStore, group: Group, broken: ReadonlyMap<string, number>): NodeTrouble {
  const slots = group.keys.map((key) => broken.get(key)).filter((slot) => slot !== undefined);
  const lost = slots.filter((slot) => store.status(slot) === "unavailable").length;
  return {
    kind: "node",
    status: lost > 0 ? "unavailable" : "degraded",
    nodeId: group.node.node_id,
    reason: group.reason,
    standing: isSilent(group.node) ? group.node.standing : undefined,
    backends: slots.length,
    lost,
    sinceMs: isSilent(group.node) ? msOrUndefined(group.node.heard_at) : earliest(slots.map((slot) => store.sinceMs(slot))),
  };
}

/** A node is silent since it was last heard. */
function msOrUndefined(iso: string | null): number | undefined {
  return iso === null ? undefined : msOf(iso);
}

function earliest(times: readonly number[]): number | undefined {
  const known = times.filter((time) => time > 0);
  return known.length > 0 ? Math.min(...known) : undefined;
}

function backendTrouble(row: Row): BackendTrouble {
  return { kind: "backend", status: row.status, row, sinceMs: row.sinceMs > 0 ? row.sinceMs : undefined };
}

/** Unavailable before degraded, then what hits more backends, then what broke last. */
function worstFirst(a: Trouble, b: Trouble): number {
  return (
    Number(b.status === "unavailable") - Number(a.status === "unavailable") ||
    size(b) - size(a) ||
    (b.sinceMs ?? 0) - (a.sinceMs ?? 0) ||
    (nameOf(a) < nameOf(b) ? -1 : 1)
  );
}

function size(trouble: Trouble): number {
  return trouble.kind === "node" ? trouble.backends : ALONE;
}

function nameOf(trouble: Trouble): string {
  return trouble.kind === "node" ? trouble.nodeId : trouble.row.name;
}
