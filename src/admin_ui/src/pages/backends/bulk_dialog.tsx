/** The dialog of a batch: what it would do, the reason, and how far the nodes are with it. */

import { signal, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { t } from "@/core/i18n";
import type { BatchAnswer } from "@/core/wire.gen";
import type { BulkRequest } from "@/pages/backends/bulk";
import { BulkPlan } from "@/pages/backends/bulk_plan";
import { bulkProblem } from "@/pages/backends/bulk_problem";
import { useProgress } from "@/pages/backends/bulk_progress";
import { ReasonField } from "@/pages/backends/bulk_reason";
import { BulkRun, undo } from "@/pages/backends/bulk_run";
import { BulkState } from "@/pages/backends/bulk_state";
import { HttpProblem } from "@/state/http";
import { dialogs } from "@/state/overlay";
import { rememberReason } from "@/state/preferences";
import { say } from "@/state/toasts";
import "@/pages/backends/bulk.css";

interface Shown {
  readonly request: BulkRequest;
  /** Another one for each request, so that each has a dialog of its own. */
  readonly number: number;
}

const shown = signal<Shown | undefined>(undefined);
let requests = 0;

/** Show the dialog for a request. Loaded and called by `openBulk`. */
export function showBulk(request: BulkRequest): void {
  if (!dialogs.peek().includes(BulkHost)) {
    dialogs.value = [...dialogs.peek(), BulkHost];
  }
  requests += 1;
  shown.value = { request, number: requests };
}

function BulkHost() {
  const present = shown.value;
  return present === undefined ? null : <BulkDialog key={present.number} request={present.request} />;
}

function close(): void {
  shown.value = undefined;
}

function BulkDialog({ request }: { readonly request: BulkRequest }) {
  const run = useMemo(() => new BulkRun(request), [request]);
  const reason = useSignal("");
  const progress = useProgress(run.answer.value);
  useEffect(() => void run.look(), [run]);
  const plan = run.plan.value;
  const answer = run.answer.value;
  const confirm = async () => {
    if (await run.confirm(reason.value.trim())) {
      rememberReason(reason.value.trim());
      tellCaller(run);
    }
  };
  const leave = () => {
    close();
    sayDone(run);
  };
  const isReady = run.phase.value === "planned" && plan !== undefined && plan.changes > 0 && reason.value.trim() !== "";
  const isRisky = plan !== undefined && plan.models_lost.length > 0;
  return (
    <Dialog open title={titleOf(request, plan)} onClose={leave}>
      <form
        class="bulk"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) {
            void confirm();
          }
        }}
      >
        {answer === undefined && (
          <>
            <p class="muted">{t(`backends.bulk_${request.verb}_what`)}</p>
            <BulkPlan run={run} />
            <ReasonField value={reason} />
          </>
        )}
        {answer !== undefined && <BulkState verb={request.verb} answer={answer} progress={progress.value} run={run} />}
        <BulkProblem run={run} />
        <footer class="bulk-actions">
          {answer?.undo && (
            <Button kind="plain" onClick={() => void undoAndSay(answer).then(close)}>
              {t("backends.bulk_undo")}
            </Button>
          )}
          <Button kind="plain" onClick={leave}>
            {t(answer === undefined ? "backends.bulk_cancel" : "backends.bulk_close")}
          </Button>
          {answer === undefined && (
            <Button kind={isRisky ? "danger" : "primary"} type="submit" disabled={!isReady}>
              {t(run.phase.value === "doing" ? "backends.bulk_doing" : `backends.bulk_${request.verb}_verb`)}
            </Button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}

function BulkProblem({ run }: { readonly run: BulkRun }) {
  const problem = run.problem.value;
  if (problem === undefined || problem.code === "partly_done") {
    return null;
  }
  return (
    <div class="bulk-note is-bad" role="alert">
      <p>{bulkProblem(problem)}</p>
      {run.answer.value === undefined && (
        <Button kind="plain" onClick={() => void run.look()}>
          {t("backends.bulk_again")}
        </Button>
      )}
    </div>
  );
}

function titleOf({ verb, title }: BulkRequest, plan: BatchAnswer | undefined): string {
  if (title !== undefined) {
    return t(`backends.bulk_${verb}_named`, { what: title });
  }
  return plan === undefined ? t(`backends.bulk_${verb}_verb`) : t(`backends.bulk_${verb}`, { count: plan.backends });
}

function tellCaller({ request, answer }: BulkRun): void {
  const done = answer.peek();
  if (done !== undefined) {
    request.onDone?.(done);
  }
}

/** Say what was done, with a way back, once the dialog that says it as well is gone. */
function sayDone({ request, answer }: BulkRun): void {
  const done = answer.peek();
  if (done === undefined) {
    return;
  }
  const text = t(`backends.bulk_${request.verb}_said`, { count: done.backends });
  const action = { label: t("backends.bulk_undo"), run: () => void undoAndSay(done) };
  say({ text, tone: "ok", ...(done.undo === null ? {} : { action }) });
}

async function undoAndSay(answer: BatchAnswer): Promise<void> {
  if (answer.undo === null) {
    return;
  }
  try {
    await undo(answer.undo);
    say({ text: t("backends.bulk_undone"), tone: "ok" });
  } catch (problem) {
    if (!(problem instanceof HttpProblem)) {
      throw problem;
    }
    say({ text: t("backends.bulk_undo_failed", { problem: bulkProblem(problem) }), tone: "bad" });
  }
}
