/** How far the nodes are with what an operator wants of them. */

import { type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { keyOf } from "@/core/store";
import { timerWait } from "@/core/sync_wait";
import type { BatchAnswer, DesiredEntry, NodeBackendEntry, TargetEntry } from "@/core/wire.gen";
import { fleet } from "@/state/fleet";
import { HttpProblem, http } from "@/state/http";

/** How far it is. */
export interface Progress {
  /** Wishes that were made. */
  readonly wished: number;
  /** Wishes that their nodes have dealt with. */
  readonly dealt: number;
  /** Requests still in flight; undefined if that is not known. */
  readonly pending: number | undefined;
}

const EVERY_MS = 1000;
const PAGE = 1000;
/** One batch is 10,000 wishes at most; others may be open besides. */
const PAGES_MOST = 50;
/** Nodes that are asked one by one for what is in flight; with more, the sums of the list have to do. */
const NODES_MOST = 8;

/** Follow a batch until its nodes have dealt with all of it and nothing is in flight, as long as the component is there. */
export function useProgress(answer: BatchAnswer | undefined): ReadonlySignal<Progress | undefined> {
  const progress = useSignal<Progress | undefined>(undefined);
  useEffect(() => {
    if (answer === undefined) {
      return undefined;
    }
    const abort = new AbortController();
    void follow(answer, abort.signal, (now) => {
      progress.value = now;
    });
    return () => abort.abort();
  }, [answer, progress]);
  return progress;
}

/** Whether nothing is left to wait for. */
export function isOver(progress: Progress): boolean {
  return progress.dealt === progress.wished && (progress.pending ?? 0) === 0;
}

async function follow(answer: BatchAnswer, signal: AbortSignal, show: (progress: Progress) => void): Promise<void> {
  const wished = answer.results.filter((target) => target.result === "wished");
  while (!signal.aborted) {
    let waitMs = EVERY_MS;
    try {
      const progress = await look(wished, signal);
      show(progress);
      if (isOver(progress)) {
        return;
      }
    } catch (problem) {
      if (signal.aborted) {
        return;
      }
      // A hub that cannot be reached now is asked again; what is shown stays.
      if (!(problem instanceof HttpProblem)) {
        throw problem;
      }
      waitMs = Math.max(EVERY_MS, problem.retryAfterMs ?? 0);
    }
    await timerWait(waitMs, signal);
  }
}

async function look(wished: readonly TargetEntry[], signal: AbortSignal): Promise<Progress> {
  const open = await openWishes(signal);
  const left = wished.filter((target) => open.get(placeOf(target)) === target.generation).length;
  return { wished: wished.length, dealt: wished.length - left, pending: await inFlight(wished, signal) };
}

function placeOf({ node_id, id }: { readonly node_id: string; readonly id: string }): string {
  return `${node_id} ${id}`;
}

/** The generation of each wish that is open, by its place. */
async function openWishes(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const open = new Map<string, number>();
  for (let page = 0; page < PAGES_MOST; page++) {
    const entries = await http.get<DesiredEntry[]>(`api/desired?state=open&limit=${PAGE}&offset=${page * PAGE}`, { signal });
    for (const entry of entries) {
      open.set(placeOf(entry), entry.generation);
    }
    if (entries.length < PAGE) {
      break;
    }
  }
  return open;
}

/** Requests in flight on the targets. */
async function inFlight(wished: readonly TargetEntry[], signal: AbortSignal): Promise<number> {
  const nodes = new Set(wished.map((target) => target.node_id));
  if (nodes.size > NODES_MOST) {
    return inFlightOfRows(wished);
  }
  let pending = 0;
  for (const node of nodes) {
    const ids = new Set(wished.filter((target) => target.node_id === node).map((target) => target.id));
    const entries = await http.get<NodeBackendEntry[]>(`api/nodes/${encodeURIComponent(node)}/backends?limit=${PAGE}`, {
      signal,
    });
    pending += entries.reduce((sum, entry) => sum + (ids.has(entry.id) ? entry.pending : 0), 0);
  }
  return pending;
}

function inFlightOfRows(wished: readonly TargetEntry[]): number {
  const keys = new Set(wished.map((target) => keyOf(target.kind, target.name)));
  let pending = 0;
  for (const key of keys) {
    const slot = fleet.store.slotOf(key);
    pending += slot === undefined ? 0 : fleet.store.pending(slot);
  }
  return pending;
}
