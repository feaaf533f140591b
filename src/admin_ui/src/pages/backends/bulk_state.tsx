/** How far the nodes are with a batch that was sent. */

import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import type { BatchAnswer } from "@/core/wire.gen";
import type { BulkVerb } from "@/pages/backends/bulk";
import { isOver, type Progress } from "@/pages/backends/bulk_progress";
import type { BulkRun } from "@/pages/backends/bulk_run";

interface BulkStateProps {
  readonly verb: BulkVerb;
  readonly answer: BatchAnswer;
  readonly progress: Progress | undefined;
  readonly run: BulkRun;
}

/** A bar of what the nodes have dealt with, and what is still in flight. */
export function BulkState({ verb, answer, progress, run }: BulkStateProps) {
  const wished = answer.results.filter((target) => target.result === "wished").length;
  const dealt = progress?.dealt ?? 0;
  const isPartly = run.problem.value?.code === "partly_done";
  return (
    <div class="bulk-state" aria-live="polite">
      <progress max={Math.max(1, wished)} value={wished === 0 ? 1 : dealt} aria-label={t("backends.bulk_progress_label")} />
      <p>{t("backends.bulk_progress", { dealt: formatNumber(dealt), wished: formatNumber(wished) })}</p>
      {isPartly && (
        <p class="bulk-note is-bad">{t("backends.bulk_partly", { done: formatNumber(wished), changes: answer.changes })}</p>
      )}
      {progress !== undefined && <p class="muted">{inFlight(verb, progress)}</p>}
    </div>
  );
}

function inFlight(verb: BulkVerb, progress: Progress): string {
  if (verb === "enable") {
    return isDealt(progress) ? t("backends.bulk_over_enable") : "";
  }
  return isOver(progress) ? t("backends.bulk_over") : t("backends.bulk_pending", { count: progress.pending ?? 0 });
}

function isDealt(progress: Progress): boolean {
  return progress.dealt === progress.wished;
}
