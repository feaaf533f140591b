/** Answers of the hub that are asked for again and again while somebody looks at them. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { HttpProblem, http } from "@/state/http";
import { serverNow } from "@/state/now";
import { isSignedIn } from "@/state/session";

/** What is known of an answer. The value of before stays when asking again fails. */
export interface Polled<T> {
  readonly value: ReadonlySignal<T | undefined>;
  readonly problem: ReadonlySignal<HttpProblem | undefined>;
  /** Headers of the last answer. */
  readonly headers: ReadonlySignal<Headers | undefined>;
  /** The server's time when the hub last answered, whether or not anything was new; 0 before the first answer. */
  readonly loadedAtMs: ReadonlySignal<number>;
  /** Ask now. */
  readonly refresh: () => void;
}

const JITTER = 0.1;
const SLOWER_MOST_MS = 60_000;

/** Asks for one path, one request at a time. It rests while the page is hidden or nobody is signed in. */
class Poller<T> implements Polled<T> {
  readonly value = signal<T | undefined>(undefined);
  readonly problem = signal<HttpProblem | undefined>(undefined);
  readonly headers = signal<Headers | undefined>(undefined);
  readonly loadedAtMs = signal(0);
  readonly #path: string | null;
  readonly #everyMs: number;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | undefined;

  constructor(path: string | null, everyMs: number) {
    this.#path = path;
    this.#everyMs = everyMs;
  }

  readonly refresh = (): void => {
    if (this.#path === null || document.hidden || !isSignedIn.peek()) {
      return;
    }
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = new AbortController();
    void this.#load(this.#path, this.#asking.signal);
  };

  /** Begin to ask; the answer ends it. */
  start(): () => void {
    const unsubscribe = isSignedIn.subscribe(this.refresh);
    document.addEventListener("visibilitychange", this.#onVisibility);
    return () => {
      unsubscribe();
      document.removeEventListener("visibilitychange", this.#onVisibility);
      clearTimeout(this.#timer);
      this.#asking?.abort();
    };
  }

  readonly #onVisibility = (): void => {
    if (document.hidden) {
      clearTimeout(this.#timer);
    } else {
      this.refresh();
    }
  };

  async #load(path: string, abort: AbortSignal): Promise<void> {
    try {
      const answer = await http.ask<T>(path, { signal: abort });
      this.value.value = answer.value;
      this.headers.value = answer.headers;
      this.problem.value = undefined;
      this.loadedAtMs.value = serverNow();
      this.#failures = 0;
    } catch (problem) {
      if (!(problem instanceof HttpProblem)) {
        // Given up: another request has taken its place, or nobody looks any more.
        return;
      }
      this.problem.value = problem;
      this.#failures += 1;
    }
    if (!abort.aborted) {
      this.#again();
    }
  }

  /** Ask again after the usual time, give or take a little, so that many pages do not ask at once; more slowly after failures. */
  #again(): void {
    if (!(this.#everyMs > 0 && Number.isFinite(this.#everyMs))) {
      return;
    }
    const slower = Math.min(this.#everyMs * 2 ** Math.min(this.#failures, 6), Math.max(SLOWER_MOST_MS, this.#everyMs));
    const waitMs = Math.max(slower, this.problem.peek()?.retryAfterMs ?? 0);
    this.#timer = setTimeout(this.refresh, waitMs * (1 - JITTER + 2 * JITTER * Math.random()));
  }
}

/**
 * The answer to GET `path`, asked for again every `everyMs` milliseconds (0: only once, and whenever the page is shown again).
 *
 * It rests while the page is hidden, and goes on when somebody signs in again. With null nothing is asked for. An answer that has
 * not changed costs no drawing. Another path begins anew.
 */
export function usePolled<T>(path: string | null, everyMs: number): Polled<T> {
  const poller = useMemo(() => new Poller<T>(path, everyMs), [path, everyMs]);
  useEffect(() => poller.start(), [poller]);
  return poller;
}
