/** One batch from its dry run to its end, without the dialog that shows it. */

import { signal } from "@preact/signals";
import type { BatchAnswer, BatchBody, TargetChoice, UndoBody } from "@/core/wire.gen";
import type { BulkRequest, BulkTargets } from "@/pages/backends/bulk";
import { HttpProblem, http } from "@/state/http";

/** Where a batch is: looking what it would do, waiting for the operator, doing it, or done. */
export type BulkPhase = "planning" | "planned" | "doing" | "done";

const PATH = "api/backends:batch";
/** A dry run needs a reason as well, which is kept nowhere. */
const DRY = "dry run";

/** One batch. */
export class BulkRun {
  readonly phase = signal<BulkPhase>("planning");
  /** What it would do, as of the last dry run. */
  readonly plan = signal<BatchAnswer | undefined>(undefined);
  /** Whether the set has become another one since the operator saw it first. */
  readonly changed = signal(false);
  /** Why the last request was not done. */
  readonly problem = signal<HttpProblem | undefined>(undefined);
  /** What was done. */
  readonly answer = signal<BatchAnswer | undefined>(undefined);
  readonly request: BulkRequest;

  constructor(request: BulkRequest) {
    this.request = request;
  }

  /** Ask what it would do. */
  async look(): Promise<void> {
    this.phase.value = "planning";
    await this.#asking(async () => {
      this.plan.value = await http.post<BatchAnswer>(PATH, { ...this.#body(DRY), dry_run: true });
    });
    this.phase.value = "planned";
  }

  /** Do it as the dry run has said, or show a new dry run if the set has become another one. Whether it was done. */
  async confirm(reason: string): Promise<boolean> {
    const plan = this.plan.peek();
    if (plan === undefined || this.phase.peek() !== "planned") {
      return false;
    }
    this.phase.value = "doing";
    this.changed.value = false;
    await this.#asking(async () => {
      this.answer.value = await http.post<BatchAnswer>(PATH, { ...this.#body(reason), if_rev: plan.rev });
    });
    this.#takeFrom(this.problem.peek());
    this.phase.value = this.answer.peek() === undefined ? "planned" : "done";
    return this.answer.peek() !== undefined;
  }

  #body(reason: string): BatchBody {
    const { targets, verb } = this.request;
    if (isFilter(targets)) {
      return { filter: targets.filter, verb, reason };
    }
    const [first, ...rest] = targets;
    // Without any, the hub says what is missing.
    return first === undefined ? { verb, reason } : { ids: [first, ...rest], verb, reason };
  }

  async #asking(ask: () => Promise<void>): Promise<void> {
    this.problem.value = undefined;
    try {
      await ask();
    } catch (problem) {
      if (!(problem instanceof HttpProblem)) {
        throw problem;
      }
      this.problem.value = problem;
    }
  }

  /** A refusal may hold a new dry run, or what was done before the store became unavailable. */
  #takeFrom(problem: HttpProblem | undefined): void {
    const { dry_run: fresh, done } = problem?.body ?? {};
    if (problem?.code === "changed" && isAnswer(fresh)) {
      this.plan.value = fresh;
      this.changed.value = true;
      this.problem.value = undefined;
    } else if (problem?.code === "partly_done" && isAnswer(done)) {
      this.answer.value = done;
    }
  }
}

/** Take back what a batch has done. Raises: HttpProblem, 409 if somebody has changed the same backends since. */
export async function undo(body: UndoBody): Promise<void> {
  await http.post(PATH, body);
}

function isFilter(targets: BulkTargets): targets is Exclude<BulkTargets, readonly TargetChoice[]> {
  return !Array.isArray(targets);
}

function isAnswer(value: unknown): value is BatchAnswer {
  return typeof value === "object" && value !== null && "rev" in value && "results" in value && Array.isArray(value.results);
}
