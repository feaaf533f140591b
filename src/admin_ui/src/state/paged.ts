/** Lists of the hub that are longer than one answer. */
import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { HttpProblem, http } from "@/state/http";
import { type Polled, usePolled } from "@/state/polled";

/** Entries in one answer of the hub at most. */
const PAGE = 1000;
const PAGES_MOST = 100;

/** A list of the hub of any length, kept up to date. */
export interface Pages<T> {
  /** What is there so far; undefined before the first answer. */
  readonly entries: ReadonlySignal<readonly T[] | undefined>;
  /** How many there are in all. */
  readonly total: ReadonlySignal<number>;
  /** The first page, which leads the others. */
  readonly first: Polled<readonly T[]>;
}

/** Loads what follows the first page. At most one round at a time; a round costs an empty answer for each page that is as before. */
class Rest<T> {
  readonly entries = signal<readonly T[]>([]);
  readonly #path: string;
  readonly #abort = new AbortController();
  #running = false;
  #whole = false;

  constructor(path: string) {
    this.#path = path;
  }

  stop(): void {
    this.#abort.abort();
  }

  /** Load it for a list of so many entries, unless that is being done. What was there stays until the new is whole. */
  async load(total: number): Promise<void> {
    if (this.#running) {
      return;
    }
    this.#running = true;
    try {
      await this.#round(Math.min(Math.ceil(total / PAGE), PAGES_MOST));
    } catch (problem) {
      // The first page, which is asked for all the time, says what is wrong.
      if (!(problem instanceof HttpProblem) && !this.#abort.signal.aborted) {
        throw problem;
      }
    } finally {
      this.#running = false;
    }
  }

  async #round(pages: number): Promise<void> {
    const found: T[] = [];
    let changed = false;
    for (let page = 1; page < pages; page += 1) {
      const answer = await http.ask<readonly T[]>(pagePath(this.#path, page), { signal: this.#abort.signal });
      found.push(...answer.value);
      changed ||= !answer.unchanged;
      if (!this.#whole) {
        this.entries.value = [...found];
      }
    }
    this.#whole = true;
    if (changed || found.length !== this.entries.peek().length) {
      this.entries.value = found;
    }
  }
}

/**
 * A whole list of the hub, in pages of 1,000 that are shown as they come, asked for again every `everyMs` milliseconds.
 *
 * @param path of the list, with a query string; what it is sorted by has to be something that stays.
 * @param keyOf tells entries apart: one may be on two pages when the list changes between them.
 */
export function usePages<T>(path: string, everyMs: number, keyOf: (entry: T) => string): Pages<T> {
  const first = usePolled<readonly T[]>(pagePath(path, 0), everyMs);
  const rest = useMemo(() => new Rest<T>(path), [path]);
  const total = useMemo(() => computed(() => Number(first.headers.value?.get("x-total-count") ?? 0)), [first]);
  const entries = useMemo(() => computed(() => joined(first.value.value, rest.entries.value, keyOf)), [first, rest, keyOf]);
  useEffect(() => {
    const end = effect(() => {
      if (first.loadedAtMs.value > 0) {
        void rest.load(total.peek());
      }
    });
    return () => {
      end();
      rest.stop();
    };
  }, [first, rest, total]);
  return { entries, total, first };
}

function pagePath(path: string, page: number): string {
  return `${path}&limit=${PAGE}&offset=${page * PAGE}`;
}

function joined<T>(first: readonly T[] | undefined, rest: readonly T[], keyOf: (entry: T) => string): readonly T[] | undefined {
  if (first === undefined || rest.length === 0) {
    return first;
  }
  return [...new Map([...first, ...rest].map((entry) => [keyOf(entry), entry])).values()];
}
