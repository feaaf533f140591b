/** Draining, disabling and enabling many backends: how other parts of the page ask for the dialog. */

import { t } from "@/core/i18n";
import type { BatchAnswer, BatchFilter, TargetChoice } from "@/core/wire.gen";
import { loadMessages } from "@/messages/en";
import { say } from "@/state/toasts";

/** What an operator can do with backends. */
export type BulkVerb = "drain" | "disable" | "enable";

/** Which backends: of the cluster by kind and name, of a node by node_id and id, or what the list shows for a filter. */
export type BulkTargets = readonly TargetChoice[] | { readonly filter: BatchFilter };

/** What the dialog is asked to do. */
export interface BulkRequest {
  readonly verb: BulkVerb;
  readonly targets: BulkTargets;
  /** What is acted on, as the title says it; without it the number of backends. */
  readonly title?: string;
  /** Called with the hub's answer once the wishes are made. */
  readonly onDone?: (answer: BatchAnswer) => void;
}

/**
 * Ask an operator whether to do it: a dialog with a dry run, a reason, and the progress. It is loaded when it is first needed,
 * and places itself. Nothing is done before the operator has confirmed. If it cannot be loaded, that is said.
 */
export function openBulk(request: BulkRequest): void {
  Promise.all([import("@/pages/backends/bulk_dialog"), loadMessages(["backends"])]).then(
    ([{ showBulk }]) => showBulk(request),
    () => say({ text: t("shell.problem_not_loaded"), tone: "bad" }),
  );
}
