/** `RowOrder`: the rows that a query asks for, in their order, kept up to date while the store changes. */
import { Matcher, type Membership } from "@/core/matcher";
import { movedBetween } from "@/core/order_moved";
import { SortedSlots } from "@/core/order_rows";
import { DEFAULT_SORT, type Places, placesBy, type Sort } from "@/core/order_sort";
import { parseQuery, type Query } from "@/core/query";
import type { Status } from "@/core/status";
import type { BackendStore, Changes } from "@/core/store";
import { Sums } from "@/core/sums";

export { DEFAULT_SORT, parseSort, printSort, SORT_COLUMNS, type Sort, type SortColumn } from "@/core/order_sort";

/** Beyond this share of the rows, sorting all anew is cheaper than moving each. */
const MANY = 0.25;
/** Between two counts of what moved, so that a frozen order costs little on a large fleet. */
const COUNT_EVERY_MS = 250;

interface Frozen {
  readonly shown: Uint32Array;
  readonly release: () => void;
  index: Map<number, number> | undefined;
  moved: number;
  countedAtMs: number;
  isCounted: boolean;
}

/** Hears of changes: whether shown rows came, went or moved, and whether somebody has asked for that. */
export type OrderListener = (reordered: boolean, asked: boolean) => void;

/**
 * An order of the rows of a store. After a change only the rows that it touches are looked at, at a cost of about a microsecond
 * each and one move of memory for all of them. `dispose` it when it is no longer shown.
 */
export class RowOrder {
  readonly #store: BackendStore;
  readonly #clock: () => number;
  readonly #live = new SortedSlots();
  readonly #sums: Sums;
  readonly #listeners = new Set<OrderListener>();
  readonly #leave: () => void;
  #matcher: Matcher;
  #places: Places;
  #placesVersion = 0;
  #query: Query = parseQuery("");
  #sort: Sort = DEFAULT_SORT;
  #frozen: Frozen | undefined;

  /**
   * @param store whose rows.
   * @param clock the server's time in milliseconds, for `since`.
   */
  constructor(store: BackendStore, clock: () => number) {
    this.#store = store;
    this.#clock = clock;
    this.#sums = new Sums(store);
    this.#matcher = new Matcher(store, this.#query, clock);
    this.#places = placesBy(store, this.#sort);
    this.#leave = store.subscribe((changed) => this.#follow(changed));
    this.#sortAll();
  }

  /** What is asked for. */
  get query(): Query {
    return this.#query;
  }

  /** How it is sorted. */
  get sort(): Sort {
    return this.#sort;
  }

  /** The slots that are shown, in their order; good until the next change. */
  get rows(): Uint32Array {
    return this.#frozen?.shown ?? this.#live.view;
  }

  /** How many rows are shown. */
  get length(): number {
    return this.#frozen?.shown.length ?? this.#live.length;
  }

  /** How many rows match now, shown or not. */
  get matching(): number {
    return this.#live.length;
  }

  /** The slot that is shown at a place; undefined beyond the end. */
  at(index: number): number | undefined {
    return this.#frozen === undefined ? this.#live.at(index) : this.#frozen.shown[index];
  }

  /** The place at which a slot is shown; -1 if it is not. */
  indexOf(slot: number): number {
    const frozen = this.#frozen;
    if (frozen === undefined) {
      return this.#live.has(slot) ? this.#live.placeOf(slot) : -1;
    }
    frozen.index ??= new Map(Array.from(frozen.shown, (one, place) => [one, place]));
    return frozen.index.get(slot) ?? -1;
  }

  /** Whether the row of a slot that is shown does not match any more, or is gone from the fleet. */
  isGone(slot: number): boolean {
    return !this.#live.has(slot);
  }

  /** How many rows match, by their status. */
  get counts(): Readonly<Record<Status, number>> {
    return this.#sums.counts;
  }

  /** Requests in flight on what matches. */
  get pending(): number {
    return this.#sums.pending;
  }

  /** The latency in milliseconds that a share of what matches stays at or below, such as 0.95; within 1 %; 0 if none has one. */
  latency(share: number): number {
    return this.#sums.latency(share);
  }

  // --- choosing ----------------------------------------------------------------------------------------------------------

  /** Shows what another query asks for, or in another order; what is frozen is frozen as it then is. Cost: O(n log n). */
  set(query: Query, sort: Sort, membership?: Membership): void {
    this.#query = query;
    this.#sort = sort;
    this.#matcher = new Matcher(this.#store, query, this.#clock, membership);
    this.#places = placesBy(this.#store, sort);
    this.#sortAll();
    if (this.#frozen !== undefined) {
      this.#frozen.release();
      this.#frozen = this.#snapshot();
    }
    this.#tell(true, true);
  }

  /** Looks again at what fits only for some time, as with `since<10m`; to be called every second or so. Cost: nothing without such terms. */
  tick(): void {
    if (this.#matcher.dependsOnTime) {
      const moved = this.#update(this.#store.slots());
      this.#tell(moved, false);
    }
  }

  /** Ends it: it hears of no changes any more. */
  dispose(): void {
    this.#leave();
    this.#frozen?.release();
    this.#frozen = undefined;
    this.#listeners.clear();
  }

  // --- freezing ----------------------------------------------------------------------------------------------------------

  /** Whether the shown order stays as it is. */
  get frozen(): boolean {
    return this.#frozen !== undefined;
  }

  /** Lets the shown order stay as it is, while values and counts go on. Rows that go stay shown, and `isGone`. */
  freeze(): void {
    this.#frozen ??= this.#snapshot();
  }

  /** Shows the order as it is by now. */
  thaw(): void {
    const frozen = this.#frozen;
    if (frozen !== undefined) {
      this.#frozen = undefined;
      frozen.release();
      this.#tell(true, true);
    }
  }

  /** How many rows `thaw` would move, bring or take, as of the last quarter of a second; 0 if nothing is frozen. */
  get moved(): number {
    const frozen = this.#frozen;
    if (frozen === undefined) {
      return 0;
    }
    const now = this.#clock();
    if (!frozen.isCounted && Math.abs(now - frozen.countedAtMs) >= COUNT_EVERY_MS) {
      frozen.moved = movedBetween(frozen.shown, this.#live.view, this.#store.top);
      frozen.countedAtMs = now;
      frozen.isCounted = true;
    }
    return frozen.moved;
  }

  #snapshot(): Frozen {
    return {
      shown: this.#live.view.slice(),
      release: this.#store.hold(),
      index: undefined,
      moved: 0,
      countedAtMs: Number.NEGATIVE_INFINITY,
      isCounted: true,
    };
  }

  // --- following ---------------------------------------------------------------------------------------------------------

  /** Calls `listener` after each change of what is shown or counted. */
  subscribe(listener: OrderListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(reordered: boolean, asked: boolean): void {
    for (const listener of this.#listeners) {
      listener(reordered, asked);
    }
  }

  #follow(changed: Changes): void {
    const touched = changed.upserted.length + changed.removed.length;
    const isOtherwise = this.#places.version() !== this.#placesVersion;
    if (changed.all || isOtherwise || touched > MANY * this.#store.size + 64) {
      this.#sortAll();
      this.#tell(this.#frozen === undefined, false);
    } else if (touched > 0) {
      const moved = this.#update(changed.upserted, changed.removed, changed.ranked);
      this.#tell(moved && this.#frozen === undefined, false);
    }
  }

  #grow(): void {
    this.#live.grow(this.#store.columns.capacity);
    this.#sums.grow(this.#store.columns.capacity);
  }

  #sortAll(): void {
    this.#grow();
    this.#placesVersion = this.#places.version();
    const ranked = this.#store.slots();
    const matching = new Uint32Array(ranked.length);
    let length = 0;
    this.#sums.clear();
    for (const slot of ranked) {
      if (this.#matcher.matches(slot)) {
        matching[length++] = slot;
        this.#sums.put(slot);
      }
    }
    const rows = matching.subarray(0, length);
    const byNameDown = this.#sort.column === "name" && this.#sort.descending;
    this.#live.fill(byNameDown ? rows.reverse() : rows, this.#places);
    this.#noteMove();
  }

  /** Looks at some rows again, and whether any came, went or moved. */
  #update(touched: readonly number[], removed: readonly number[] = [], ranked = false): boolean {
    this.#grow();
    const gone = removed.filter((slot) => this.#live.has(slot));
    for (const slot of gone) {
      this.#sums.drop(slot);
    }
    const come: number[] = [];
    for (const slot of touched) {
      const wasIn = this.#live.has(slot);
      const isIn = this.#matcher.matches(slot);
      if (wasIn) {
        this.#sums.drop(slot);
      }
      if (isIn) {
        this.#sums.put(slot);
      }
      if (wasIn && isIn && this.#live.isPlaced(slot, this.#places)) {
        continue;
      }
      if (wasIn) {
        gone.push(slot);
      }
      if (isIn) {
        come.push(slot);
      }
    }
    this.#live.remove(gone);
    if (ranked) {
      this.#live.rerank(this.#places);
    }
    this.#live.insert(come, this.#places);
    const moved = gone.length > 0 || come.length > 0;
    if (moved) {
      this.#noteMove();
    }
    return moved;
  }

  #noteMove(): void {
    if (this.#frozen !== undefined) {
      this.#frozen.isCounted = false;
    }
  }
}
