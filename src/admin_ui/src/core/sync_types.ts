/** How the page stands to the hub, and what it takes to ask it. */

/** Why there is no connection: the words for it are in the catalogue of messages. */
export type FeedProblem =
  /** The hub did not answer at all. */
  | "unreachable"
  /** The hub ended the stream, as when it is stopped. */
  | "ended"
  /** Nothing came for too long. */
  | "silent"
  /** The hub has as many streams as it may have, or was asked too often. */
  | "busy"
  /** Who is signed in may not see this. */
  | "forbidden"
  /** The hub answered with another error. */
  | "failed"
  /** The hub's answer is not what this page expects. */
  | "not_understood";

/** How the page stands to the hub. Times are in milliseconds, points in time those of the feed's own clock. */
export type Connection =
  | { readonly state: "connecting" }
  /** What is shown is about so old, and so many rows change per second. */
  | { readonly state: "live"; readonly lagMs: number; readonly ratePerS: number }
  /** Nothing has been heard for so long, which is longer than it should be. */
  | { readonly state: "lagging"; readonly lagMs: number }
  | { readonly state: "reconnecting"; readonly attempt: number; readonly retryAtMs: number; readonly problem: FeedProblem }
  | { readonly state: "paused" }
  | { readonly state: "hidden" }
  | { readonly state: "signed_out" };

/** A GET of a path relative to the page's root. Answers with any status; rejects if there is no answer. */
export type FeedHttp = (
  path: string,
  init: { readonly signal: AbortSignal; readonly headers: Readonly<Record<string, string>> },
) => Promise<Response>;

/** Ends after so many milliseconds, or when the signal is aborted. Never rejects. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/** Why an attempt came to nothing. */
export class FeedError extends Error {
  readonly problem: FeedProblem;
  /** What the hub asked to wait; undefined if it did not. */
  readonly retryAfterMs: number | undefined;

  constructor(problem: FeedProblem, retryAfterMs?: number) {
    super(problem);
    this.name = "FeedError";
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The session has ended, or there was none. */
export class SignedOutError extends Error {
  override readonly name = "SignedOutError";
}

/** Whether two connections are the same to who looks at them. */
export function isSameConnection(one: Connection, other: Connection): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
