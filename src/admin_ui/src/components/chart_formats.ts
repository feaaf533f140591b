/** How the values of charts are written: whole beside the chart, short on its axis. */
import { formatCompact, formatLatency, formatNumber } from "@/core/format";

/** A count. Between two samples it may be a fraction. */
export function chartCount(value: number, axis = false): string {
  return axis ? formatCompact(value) : formatNumber(Math.round(value));
}

/** A latency in milliseconds. Nothing is written at a latency of zero, but on an axis. */
export function chartLatency(value: number, axis = false): string {
  return axis && value === 0 ? formatNumber(0) : formatLatency(value);
}
