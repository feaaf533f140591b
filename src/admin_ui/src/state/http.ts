/** Requests to the hub: the session's CSRF token, problems as exceptions, answers that are known already, the server's time. */
import type { SessionAnswer } from "@/core/wire.gen";
import { observeServerTime } from "@/state/now";
import { HttpProblem, problemOf } from "@/state/problem";
import { csrfToken, session } from "@/state/session_state";

export { HttpProblem } from "@/state/problem";

/** How to ask. */
export interface RequestOptions {
  readonly signal?: AbortSignal;
}

/** An answer with its headers; `unchanged` when it is the one that was kept from before, the very same object. */
export interface Answer<T> {
  readonly value: T;
  readonly headers: Headers;
  readonly unchanged: boolean;
}

interface Kept {
  readonly tag: string;
  readonly answer: Answer<unknown>;
}

const KEPT_MOST = 64;

/** A Date header leaves the fraction out, and servers look at the clock for it only about once a second. */
const DATE_GRAIN_MS = 2_500;
const kept = new Map<string, Kept>();

function keep(path: string, answer: Answer<unknown>): void {
  const tag = answer.headers.get("etag");
  kept.delete(path);
  if (tag !== null) {
    kept.set(path, { tag, answer });
    const oldest = kept.keys().next();
    if (kept.size > KEPT_MOST && !oldest.done) {
      kept.delete(oldest.value);
    }
  }
}

function noteTime(response: Response, body: unknown, sentMs: number): void {
  const heardMs = Date.now();
  const asOf = typeof body === "object" && body !== null && "as_of" in body ? body.as_of : undefined;
  if (typeof asOf === "string") {
    observeServerTime(Date.parse(asOf), 1, sentMs, heardMs);
    return;
  }
  const date = response.headers.get("date");
  if (date !== null) {
    observeServerTime(Date.parse(date), DATE_GRAIN_MS, sentMs, heardMs);
  }
}

function isAborted(problem: unknown): boolean {
  return problem instanceof DOMException && problem.name === "AbortError";
}

async function sent(path: string, init: RequestInit): Promise<Response> {
  try {
    // The page keeps answers itself: so an unchanged one is the same object, and nothing is drawn again.
    return await fetch(path, { cache: "no-store", credentials: "same-origin", redirect: "error", ...init });
  } catch (problem) {
    if (isAborted(problem)) {
      throw problem;
    }
    throw new HttpProblem({ status: 0, code: "offline", detail: "" });
  }
}

async function refused(response: Response): Promise<never> {
  if (response.status === 401) {
    session.value = "signed_out";
  }
  throw await problemOf(response, Date.now());
}

/** The text of a body, which may break off. */
async function textOf(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (problem) {
    throw isAborted(problem) ? problem : new HttpProblem({ status: 0, code: "offline", detail: "" });
  }
}

/** What a body of JSON says. Its shape is the hub's promise, written down in `wire.gen.ts`, and is not looked at again here. */
async function bodyOf<T>(response: Response): Promise<T> {
  const text = await textOf(response);
  try {
    return JSON.parse(text === "" ? "null" : text);
  } catch {
    // A proxy has answered in place of the hub.
    throw new HttpProblem({ status: response.status, code: "not_understood", detail: "" });
  }
}

async function ask<T>(path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  const known = kept.get(path);
  const sentMs = Date.now();
  const response = await sent(path, { ...options, headers: known ? { "if-none-match": known.tag } : {} });
  if (response.status === 304 && known !== undefined) {
    noteTime(response, null, sentMs);
    // What is asked for again and again is kept longest.
    keep(path, known.answer);
    return { ...(known.answer as Answer<T>), unchanged: true };
  }
  if (!response.ok) {
    return refused(response);
  }
  const value = await bodyOf<T>(response);
  noteTime(response, value, sentMs);
  const answer = { value, headers: response.headers, unchanged: false };
  keep(path, answer);
  return answer;
}

function change(method: string, path: string, body: unknown, options: RequestOptions): Promise<Response> {
  const csrf = csrfToken();
  return sent(path, {
    ...options,
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(csrf === null ? {} : { "x-csrf-token": csrf }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Ask again who is signed in: somebody may have signed in anew in another tab, then the CSRF token is another one. */
async function refreshedSession(): Promise<boolean> {
  const before = csrfToken();
  session.value = (await ask<SessionAnswer>("api/session")).value;
  return csrfToken() !== before;
}

async function write<T>(method: string, path: string, body: unknown, options: RequestOptions = {}): Promise<T> {
  let response = await change(method, path, body, options);
  if (response.status === 403) {
    const problem = await problemOf(response.clone(), Date.now());
    if (problem.code === "csrf" && (await refreshedSession())) {
      response = await change(method, path, body, options);
    }
  }
  return response.ok ? bodyOf<T>(response) : refused(response);
}

/**
 * Requests to the hub. Paths are relative to the page's root: `api/nodes?limit=1000`.
 *
 * All throw `HttpProblem` for what was not done, and the browser's AbortError when the signal says so. After a 401 the session
 * is `signed_out`. `ask` gives the headers as well; both it and `get` give the very object of before when nothing has changed.
 */
export const http = {
  ask,
  get: async <T>(path: string, options?: RequestOptions): Promise<T> => (await ask<T>(path, options)).value,
  post: <T>(path: string, body?: unknown, options?: RequestOptions): Promise<T> => write<T>("POST", path, body, options),
  delete: <T>(path: string, options?: RequestOptions): Promise<T> => write<T>("DELETE", path, undefined, options),
} as const;

/** Forget all answers, as when somebody else signs in. */
export function forgetAnswers(): void {
  kept.clear();
}
