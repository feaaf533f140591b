/** The pasts of the latencies that are in view: kept while the page is open, and fetched for rows that come into view. */

import { Samples } from "@/core/samples";
import { keyOf } from "@/core/store";
import { msOf } from "@/core/time";
import type { HistoryAnswer } from "@/core/wire.gen";
import { order } from "@/pages/backends/list_state";
import { fleet } from "@/state/fleet";
import { HttpProblem, http } from "@/state/http";
import { serverNow } from "@/state/now";

/** The last latencies of each backend. */
export const samples = new Samples(fleet.store);

const TAKEN_EVERY_MS = 1000;
/** Rows are asked for once scrolling has paused for so long. */
const PAUSE_MS = 250;
const ASKED_MOST = 100;

/** Take samples, and fetch the past of what is in view; what it returns ends that. */
export function followLatencies(scroller: HTMLElement, visible: () => readonly [first: number, end: number]): () => void {
  const abort = new AbortController();
  let pausing: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(pausing);
    pausing = setTimeout(() => {
      pausing = undefined;
      const [first, end] = visible();
      void seed(first, end, abort.signal);
    }, PAUSE_MS);
  };
  const taking = setInterval(() => samples.take(serverNow()), TAKEN_EVERY_MS);
  const unsubscribe = order.subscribe((reordered) => {
    // A list that moves all the time is asked for all the same, but not more often.
    if (reordered && pausing === undefined) {
      look();
    }
  });
  scroller.addEventListener("scroll", look, { passive: true });
  samples.take(serverNow());
  look();
  return () => {
    abort.abort();
    clearTimeout(pausing);
    clearInterval(taking);
    unsubscribe();
    scroller.removeEventListener("scroll", look);
  };
}

async function seed(first: number, end: number, signal: AbortSignal): Promise<void> {
  const slots = [...order.rows.subarray(first, Math.min(end, first + ASKED_MOST))].filter((slot) => !samples.isSeeded(slot));
  if (slots.length === 0 || document.hidden) {
    return;
  }
  const named = slots.map((slot) => `backend=${encodeURIComponent(`${fleet.store.kind(slot)}/${fleet.store.name(slot)}`)}`);
  try {
    take(await http.get<HistoryAnswer>(`api/history?${named.join("&")}`, { signal }));
  } catch (problem) {
    // A picture without its past is no reason to say anything; it is asked for again with the next look.
    if (!(problem instanceof HttpProblem) && !signal.aborted) {
      throw problem;
    }
  }
}

function take({ every_s, until, backends }: HistoryAnswer): void {
  const untilMs = msOf(until);
  for (const { kind, name, avg_latency_ms } of (Number.isFinite(untilMs) && backends) || []) {
    const slot = fleet.store.slotOf(keyOf(kind, name));
    if (slot !== undefined) {
      samples.seed(slot, { everyMs: every_s * 1000, untilMs, values: avg_latency_ms });
    }
  }
}
