/** How long to wait before the next try. */

const LEAST_MS = 200;
const MOST_MS = 15_000;
/** A server that asks for more patience than this is asked again all the same. */
const ASKED_MOST_MS = 300_000;

/** Waits that grow with each try up to 15 s, and differ from page to page, so that not all of them come at once. */
export class Backoff {
  readonly #random: () => number;
  /** Tries since the last success. */
  attempt = 0;

  /** @param random from 0 to below 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds until the next try. @param askedMs what the server asked for. */
  next(askedMs?: number): number {
    const most = Math.min(MOST_MS, LEAST_MS * 2 ** Math.min(this.attempt, 16) * 2);
    this.attempt++;
    const wait = LEAST_MS + this.#random() * (most - LEAST_MS);
    return askedMs === undefined ? wait : Math.min(askedMs, ASKED_MOST_MS) + this.#random() * 1000;
  }

  /** Begins anew after a success. */
  reset(): void {
    this.attempt = 0;
  }
}

/** Milliseconds that a header Retry-After asks for, in seconds or as a date; undefined if it says nothing. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null || header.trim() === "") {
    return undefined;
  }
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
