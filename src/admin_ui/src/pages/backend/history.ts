/** The last minutes of one backend: what the hub has sampled, and the present values as they come. */

import { useComputed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { msOf } from "@/core/time";
import type { HistoryAnswer } from "@/core/wire.gen";
import { backendParam, nameOfKey } from "@/pages/backend/key";
import { fleet } from "@/state/fleet";
import { now } from "@/state/now";
import { usePolled } from "@/state/polled";

/** Values over time; null where none is known. */
type Values = readonly (number | null)[];

/** What is drawn: arrays of one length. */
export interface BackendHistory {
  /** Milliseconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly latency: Values;
  readonly pending: Values;
  readonly nodes: Values;
}

const EVERY_MS = 15_000;
const PRESENT_MS = 3_000;
const NOTHING: BackendHistory = { times: [], latency: [], pending: [], nodes: [] };

/** The times of samples, of which the last was taken at `until`. */
export function timesOf(answer: { readonly every_s: number; readonly until: string | null }, count: number): number[] {
  const until = msOf(answer.until);
  const first = until - (count - 1) * answer.every_s * 1000;
  return Number.isNaN(until) ? [] : Array.from({ length: count }, (_, place) => first + place * answer.every_s * 1000);
}

function sampled(answer: HistoryAnswer | undefined): BackendHistory {
  const own = answer?.backends?.[0];
  if (!answer || !own) {
    return NOTHING;
  }
  const times = timesOf(answer, own.pending.length);
  return times.length === 0
    ? NOTHING
    : { times, latency: own.avg_latency_ms, pending: own.pending, nodes: own.available_nodes };
}

/** Samples with the present values of the row behind them, if they are newer. */
function withPresent(past: BackendHistory, key: string, nowMs: number): BackendHistory {
  const slot = fleet.store.slotOf(key);
  if (slot === undefined || nowMs <= (past.times.at(-1) ?? 0)) {
    return past;
  }
  const row = fleet.store.row(slot);
  return {
    times: [...past.times, nowMs],
    latency: [...past.latency, row.latencyMs || null],
    pending: [...past.pending, row.pending],
    nodes: [...past.nodes, row.available],
  };
}

/** The last 15 minutes of a backend, up to now; the present is looked at every few seconds, since each look draws three charts. */
export function useHistory(key: string): BackendHistory {
  const { value } = usePolled<HistoryAnswer>(`api/history?${backendParam(nameOfKey(key))}`, EVERY_MS);
  const moment = useComputed(() => PRESENT_MS * Math.floor(now.value / PRESENT_MS)).value;
  const answer = value.value;
  return useMemo(() => withPresent(sampled(answer), key, moment), [answer, key, moment]);
}
