/** What matches, in numbers: each count of a status is a filter. */

import { STATUS_SHAPES } from "@/components/status";
import type { FacetField } from "@/core/facets";
import { formatLatency, formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import { toggled } from "@/core/query";
import { hasTerm } from "@/core/query_edit";
import type { Status } from "@/core/status";
import { useCounts } from "@/pages/backends/facet_counts";
import { order, pulse, query, queryText, setQuery } from "@/pages/backends/list_state";

const NONE: Readonly<Record<Status, number>> = {
  unavailable: 0,
  degraded: 0,
  unknown: 0,
  draining: 0,
  disabled: 0,
  available: 0,
};

const FIELDS: readonly FacetField[] = ["status"];

/** In the order in which they are read, from what is well to what is not. */
const SHOWN: readonly Status[] = ["available", "degraded", "draining", "disabled", "unknown", "unavailable"];

/** Statuses that are shown only if a backend has them. */
const RARE: readonly Status[] = ["disabled", "unknown"];

/** Counts by status under the rest of the query; requests in flight and the latency of what is shown. */
export function Counts() {
  pulse.value;
  const counts = useStatusCounts();
  const shown = SHOWN.filter((status) => counts[status] > 0 || !RARE.includes(status));
  return (
    <div class="backend-counts">
      {shown.map((status) => (
        <StatusCount key={status} status={status} count={counts[status]} />
      ))}
      <span class="backend-count" title={t("backends.pending_total_hint")}>
        {t("backends.pending_total")} <b>{formatNumber(order.pending)}</b>
      </span>
      <span class="backend-count" title={t("backends.p95_hint")}>
        {t("backends.p95")} <b>{formatLatency(order.latency(0.95))}</b>
      </span>
    </div>
  );
}

/** What there would be of each status; where the query does not ask for any, that is what matches, and known without a count. */
function useStatusCounts(): Readonly<Record<Status, number>> {
  const asksForSome = query.value.terms.some((term) => term.field === "status");
  const counted = useCounts(FIELDS, asksForSome).status ?? [];
  return asksForSome ? { ...NONE, ...Object.fromEntries(counted.map(({ value, count }) => [value, count])) } : order.counts;
}

function StatusCount({ status, count }: { readonly status: Status; readonly count: number }) {
  const word = t(`shell.status_${status}`);
  return (
    <button
      type="button"
      class="backend-count status-count"
      data-zero={count === 0 ? "" : undefined}
      aria-pressed={hasTerm(queryText.value, "status", status)}
      title={t("backends.filter_status", { status: word })}
      onClick={() => setQuery(toggled(queryText.peek(), "status", status))}
    >
      <span class={`status status-${status}`}>
        <span class="status-shape" aria-hidden="true">
          {STATUS_SHAPES[status]}
        </span>
        <b>{formatNumber(count)}</b>
      </span>{" "}
      {word}
    </button>
  );
}
