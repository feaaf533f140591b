/** How far a node is with what operators want out of it. Pure. */
import type { NodeBackendEntry, NodeDetail } from "@/core/wire.gen";

/** How far it is that a node's backends are taken out. */
export interface Draining {
  /** `waiting`: the node has not yet taken up what is wished; `silent`: nor can it now; `running`: requests are in flight. */
  readonly state: "waiting" | "silent" | "running" | "done";
  /** Backends that operators want out. */
  readonly out: number;
  /** How many of them have nothing in flight, and know that they are to get nothing more. */
  readonly still: number;
  /** Backends of the node. */
  readonly total: number;
  /** Wishes that the node has not yet dealt with. */
  readonly open: number;
  /** Requests in flight on those that are to go out. */
  readonly pending: number;
}

/** How far a drain of a node is; undefined if operators want nothing of it out. */
export function drainingOf(node: NodeDetail, backends: readonly NodeBackendEntry[]): Draining | undefined {
  const out = backends.filter((entry) => (entry.wish?.intent ?? entry.intent) !== "enabled");
  if (out.length === 0) {
    return undefined;
  }
  const open = out.filter((entry) => entry.wish !== null).length;
  const pending = out.reduce((sum, entry) => sum + entry.pending, 0);
  const still = out.filter((entry) => entry.wish === null && entry.pending === 0).length;
  return { state: stateOf(node, open, pending), out: out.length, still, total: backends.length, open, pending };
}

function stateOf(node: NodeDetail, open: number, pending: number): Draining["state"] {
  if (open > 0) {
    return node.standing === "unreachable" || node.standing === "departed" ? "silent" : "waiting";
  }
  return pending > 0 ? "running" : "done";
}
