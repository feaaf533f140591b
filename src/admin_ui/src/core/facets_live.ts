/** `LiveFacets`: the counts of facets, kept up to date while somebody looks at them, at a bounded cost. */
import { FacetCounting, type FacetField, type FacetValues } from "@/core/facets";
import type { Membership } from "@/core/matcher";
import type { Query } from "@/core/query";
import type { BackendStore } from "@/core/store";

/** Calls a function after so many milliseconds, until the function that it returns is called. */
export type Later = (ms: number, run: () => void) => () => void;

/** Between two counts, at least. */
const EVERY_MS = 250;
/** It rests so many times as long as a count took: a very large fleet is counted less often. */
const SHARE = 40;
/** A count that takes longer lets others have their turn. */
const SLICE_MS = 5;
const ROWS_AT_ONCE = 1000;

/** What the counts are made with. */
export interface LiveFacetsParts {
  readonly store: BackendStore;
  readonly fields: readonly FacetField[];
  /** The server's time in milliseconds, for `since`. */
  readonly serverClock: () => number;
  /** Milliseconds, fine enough to measure a few of them. */
  readonly clock: () => number;
  readonly later: Later;
}

/** Counts at most four times a second, in slices of 5 ms, and only after changes. `dispose` it when nobody looks any more. */
export class LiveFacets {
  readonly #parts: LiveFacetsParts;
  readonly #listeners = new Set<() => void>();
  readonly #leave: () => void;
  #query: Query;
  #membership: Membership | undefined;
  #values: FacetValues = {};
  #counting: FacetCounting | undefined;
  #cancel: (() => void) | undefined;
  #spentMs = 0;
  /** Whether anything has changed since the count that goes on began. */
  #isOld = false;

  constructor(parts: LiveFacetsParts, query: Query, membership?: Membership) {
    this.#parts = parts;
    this.#query = query;
    this.#membership = membership;
    this.#leave = parts.store.subscribe(() => this.#note());
    this.#begin();
  }

  /** The last counts. */
  get values(): FacetValues {
    return this.#values;
  }

  /** Counts for another query, at once. */
  set(query: Query, membership?: Membership): void {
    this.#query = query;
    this.#membership = membership;
    this.#cancel?.();
    this.#begin();
  }

  /** Calls `listener` after each count. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends it. */
  dispose(): void {
    this.#leave();
    this.#cancel?.();
    this.#listeners.clear();
  }

  #note(): void {
    this.#isOld = true;
    this.#cancel ??= this.#parts.later(EVERY_MS, () => this.#begin());
  }

  #begin(): void {
    const { store, fields, serverClock } = this.#parts;
    this.#counting = new FacetCounting(store, this.#query, fields, serverClock, this.#membership);
    this.#isOld = false;
    this.#spentMs = 0;
    this.#slice();
  }

  #slice(): void {
    const { clock, later } = this.#parts;
    const counting = this.#counting;
    if (counting === undefined || !counting.isValid) {
      this.#begin();
      return;
    }
    const begunMs = clock();
    let isDone = counting.step(ROWS_AT_ONCE);
    while (!isDone && clock() - begunMs < SLICE_MS) {
      isDone = counting.step(ROWS_AT_ONCE);
    }
    this.#spentMs += clock() - begunMs;
    if (isDone) {
      this.#end(counting);
    } else {
      this.#cancel = later(0, () => this.#slice());
    }
  }

  #end(counting: FacetCounting): void {
    this.#values = counting.values;
    this.#counting = undefined;
    this.#cancel = this.#parts.later(Math.max(EVERY_MS, SHARE * this.#spentMs), () => {
      this.#cancel = undefined;
      if (this.#isOld) {
        this.#begin();
      }
    });
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
