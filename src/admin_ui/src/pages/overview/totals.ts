/** The fleet in numbers. Pure. */
import type { Status } from "@/core/status";
import type { Sums } from "@/core/sums";

/** What the whole fleet adds up to. */
export interface Totals {
  /** Backends of the cluster. */
  readonly backends: number;
  /** How many of them have each status. */
  readonly by: Readonly<Record<Status, number>>;
  /** Backends of which a node is silent, so that what is shown of them may be old. */
  readonly stale: number;
  /** Requests in flight. */
  readonly pending: number;
  /** What 95 of 100 backends do not exceed, in milliseconds, within 1 %; undefined if none has a latency. */
  readonly latencyP95Ms: number | undefined;
}

/** The totals of all rows of the fleet, as they are now. */
export function totalsOf(sums: Sums): Totals {
  const { rows, counts, stale, pending } = sums;
  return { backends: rows, by: counts, stale, pending, latencyP95Ms: sums.latency(0.95) || undefined };
}
