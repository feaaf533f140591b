/** Why a batch was not done, in words. */

import { t } from "@/core/i18n";
import type { HttpProblem } from "@/state/problem";

const KNOWN = ["changed", "too_many_targets", "store_unavailable", "csrf", "forbidden", "offline"] as const;

/** A sentence for a refusal. Fields that are wrong are named with what would be accepted. */
export function bulkProblem(problem: HttpProblem): string {
  const known = KNOWN.find((code) => code === problem.code);
  if (known !== undefined) {
    return t(`backends.problem_${known}`);
  }
  const fields = problem.errors.map((error) => `${error.field}: ${error.problem} ${error.remedy}`.trim());
  return t("backends.problem_other", { detail: fields.join("; ") || problem.detail, code: problem.code });
}
