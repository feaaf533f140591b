/** Why a request was not done. */
import { isRecord } from "@/core/records";
import type { FieldError } from "@/core/wire.gen";

/** Facts of a refusal. */
export interface ProblemFacts {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly retryAfterMs?: number;
  readonly body?: Readonly<Record<string, unknown>>;
}

/**
 * A request that was not done. `status` is 0 when nothing answered, then `code` is `offline`; `retryAfterMs` is how long the hub
 * asks to wait; `body` is the whole problem document, for what a route adds to it.
 */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  readonly retryAfterMs: number | undefined;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(facts: ProblemFacts) {
    super(facts.detail);
    this.status = facts.status;
    this.code = facts.code;
    this.detail = facts.detail;
    this.errors = facts.errors ?? [];
    this.retryAfterMs = facts.retryAfterMs;
    this.body = facts.body ?? {};
  }
}

/** Milliseconds that a Retry-After header asks for; undefined without one. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) {
    return undefined;
  }
  const seconds = Number(header);
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined;
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === "string" && value !== "" ? value : otherwise;
}

function isFieldError(value: unknown): value is FieldError {
  return isRecord(value) && typeof value.field === "string" && typeof value.problem === "string";
}

/** The problem that an answer stands for. Answers of a proxy that are no problem documents are told by their status. */
export async function problemOf(response: Response, nowMs: number): Promise<HttpProblem> {
  const parsed: unknown = await response.json().catch(() => null);
  const body = isRecord(parsed) ? parsed : {};
  const wait = retryAfterMs(response.headers.get("retry-after"), nowMs);
  return new HttpProblem({
    status: response.status,
    code: textOf(body.code, `status_${response.status}`),
    detail: textOf(body.detail, response.statusText),
    errors: Array.isArray(body.errors) ? body.errors.filter(isFieldError) : [],
    body,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}
