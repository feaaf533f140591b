/** The sentence at the top of the overview. */
import { STATUS_SHAPES } from "@/components/status";
import { t } from "@/core/i18n";
import type { Status } from "@/core/status";
import type { Totals } from "@/pages/overview/totals";

/** The fleet in one sentence, with the shape and the colour of the worst that is the case. */
export function Headline({ totals }: { readonly totals: Totals }) {
  const status = worstOf(totals);
  return (
    <div class={`headline headline-${status}`}>
      <span class="headline-shape" aria-hidden="true">
        {STATUS_SHAPES[status]}
      </span>
      <div>
        <p class="headline-sentence">{sentenceOf(totals)}</p>
        {totals.stale > 0 && <p class="muted">{t("overview.old", { count: totals.stale })}</p>}
      </div>
    </div>
  );
}

/** What operators have taken out is no trouble, so it counts as available here. */
function worstOf({ by }: Totals): Status {
  if (by.unavailable > 0) {
    return "unavailable";
  }
  if (by.degraded > 0) {
    return "degraded";
  }
  return by.unknown > 0 ? "unknown" : "available";
}

/** The headline of the fleet. */
export function sentenceOf({ by, backends }: Totals): string {
  const { unavailable, degraded, unknown } = by;
  if (unavailable > 0 && degraded > 0) {
    return t("overview.unavailable_and_degraded", { unavailable, degraded, total: backends });
  }
  if (unavailable > 0) {
    return t("overview.unavailable", { count: unavailable, total: backends });
  }
  if (degraded > 0) {
    return t("overview.degraded", { count: degraded, total: backends });
  }
  if (unknown > 0) {
    return t("overview.some_unknown", { count: unknown, available: by.available, total: backends });
  }
  const withdrawn = by.draining + by.disabled;
  return withdrawn > 0
    ? t("overview.some_withdrawn", { count: withdrawn, available: by.available, total: backends })
    : t("overview.all_available", { count: backends });
}
