/** What could not be done or loaded, why, and what to do. */

import { Banner } from "@/components/banner";
import { Button } from "@/components/button";
import { formatDuration } from "@/core/format";
import { t } from "@/core/i18n";
import type { HttpProblem } from "@/state/problem";
import "./problem.css";

/** A problem in one sentence: what the hub says, or what its silence means. */
export function problemText(problem: HttpProblem): string {
  if (problem.code === "offline") {
    return t("shell.problem_offline");
  }
  if (problem.code === "not_loaded") {
    return t("shell.problem_not_loaded");
  }
  if (problem.code === "not_understood") {
    return t("shell.feed_not_understood");
  }
  if (problem.retryAfterMs !== undefined) {
    return t("shell.problem_wait", { detail: problem.detail, span: formatDuration(problem.retryAfterMs) });
  }
  return problem.detail || t("shell.problem_status", { status: String(problem.status) });
}

interface ProblemProps {
  readonly problem: HttpProblem;
  readonly retry?: (() => void) | undefined;
}

/** A problem with its fields, and a button to try again. */
export function Problem({ problem, retry }: ProblemProps) {
  const action =
    retry === undefined ? undefined : (
      <Button icon="refresh" onClick={retry}>
        {t("shell.retry")}
      </Button>
    );
  return (
    <Banner tone="bad" action={action}>
      <p>{problemText(problem)}</p>
      {problem.errors.length === 0 ? null : (
        <ul class="problem-fields">
          {problem.errors.map((error) => (
            <li key={error.field}>
              <code>{error.field}</code> {error.problem} {error.remedy}
            </li>
          ))}
        </ul>
      )}
    </Banner>
  );
}
