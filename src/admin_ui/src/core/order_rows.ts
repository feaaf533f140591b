/** `SortedSlots`: slots in their order, each with the place that it was put at, so that it is found again after its row has changed. */
import { NONE_LAST, type Places } from "@/core/order_sort";

/** Rows that one number can be told apart by, beside a value of 32 bits and a sign. */
const ROWS_MOST = 2 ** 20;

function byNumber(one: number, other: number): number {
  return one - other;
}

/** Slots sorted by value and rank. Many go and come in one pass. */
export class SortedSlots {
  #slots = new Uint32Array(0);
  #values = new Float64Array(0);
  #ranks = new Float64Array(0);
  #has = new Uint8Array(0);
  /** How many there are. */
  length = 0;

  /** The slots in their order; good until the next change. */
  get view(): Uint32Array {
    return this.#slots.subarray(0, this.length);
  }

  /** The slot at a place. */
  at(place: number): number | undefined {
    return place < this.length ? this.#slots[place] : undefined;
  }

  /** Whether the slot is here. */
  has(slot: number): boolean {
    return this.#has[slot] === 1;
  }

  /** Whether the slot is here and would be put where it is. */
  isPlaced(slot: number, places: Places): boolean {
    return this.#has[slot] === 1 && this.#values[slot] === places.value(slot) && this.#ranks[slot] === places.rank(slot);
  }

  /** Makes room for slots below `capacity`. */
  grow(capacity: number): void {
    if (capacity > this.#has.length) {
      this.#values = this.#grown(this.#values, new Float64Array(capacity));
      this.#ranks = this.#grown(this.#ranks, new Float64Array(capacity));
      this.#has = this.#grown(this.#has, new Uint8Array(capacity));
    }
  }

  #grown<A extends Float64Array | Uint8Array>(before: A, after: A): A {
    after.set(before);
    return after;
  }

  /** Replaces everything. Cost: O(n log n), a tenth of a microsecond a row. `ranked` has the slots by their rank. */
  fill(ranked: Uint32Array, places: Places): void {
    const length = ranked.length;
    const packed = new Float64Array(length);
    this.#has.fill(0);
    for (let place = 0; place < length; place++) {
      const slot = ranked[place] ?? 0;
      const value = places.value(slot);
      this.#has[slot] = 1;
      this.#values[slot] = value;
      this.#ranks[slot] = places.rank(slot);
      // As one number, which the engine sorts without a function of ours.
      packed[place] = (value + NONE_LAST) * ROWS_MOST + place;
    }
    packed.sort();
    if (this.#slots.length < length) {
      this.#slots = new Uint32Array(length + (length >> 2) + 64);
    }
    for (let place = 0; place < length; place++) {
      this.#slots[place] = ranked[(packed[place] ?? 0) % ROWS_MOST] ?? 0;
    }
    this.length = length;
  }

  /** Takes out slots that are here. Cost: O(gone * log n), and one move of what is behind them. */
  remove(gone: readonly number[]): void {
    if (gone.length === 0) {
      return;
    }
    const places = Float64Array.from(gone, (slot) => this.placeOf(slot)).sort();
    let end = places[0] ?? 0;
    for (let next = 0; next < places.length; next++) {
      const from = (places[next] ?? 0) + 1;
      const to = places[next + 1] ?? this.length;
      this.#slots.copyWithin(end, from, to);
      end += to - from;
    }
    this.length = end;
    for (const slot of gone) {
      this.#has[slot] = 0;
    }
  }

  /** Puts in slots that are not here. Cost: as that of `remove`. */
  insert(come: readonly number[], places: Places): void {
    if (come.length === 0) {
      return;
    }
    for (const slot of come) {
      this.#values[slot] = places.value(slot);
      this.#ranks[slot] = places.rank(slot);
      this.#has[slot] = 1;
    }
    const sorted = [...come].sort((one, other) => this.#compare(one, other));
    const at = sorted.map((slot) => this.placeOf(slot));
    this.#makeRoom(this.length + sorted.length);
    let end = this.length;
    for (let next = sorted.length - 1; next >= 0; next--) {
      const place = at[next] ?? 0;
      this.#slots.copyWithin(place + next + 1, place, end);
      this.#slots[place + next] = sorted[next] ?? 0;
      end = place;
    }
    this.length += sorted.length;
  }

  /** Takes new ranks of all that are here, which do not change their order. */
  rerank(places: Places): void {
    for (const slot of this.view) {
      this.#ranks[slot] = places.rank(slot);
    }
  }

  /** Where the slot is, or would have to be put. Cost: O(log n). */
  placeOf(slot: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(this.#slots[middle] ?? 0, slot) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  #compare(one: number, other: number): number {
    return (
      byNumber(this.#values[one] ?? 0, this.#values[other] ?? 0) || byNumber(this.#ranks[one] ?? 0, this.#ranks[other] ?? 0)
    );
  }

  #makeRoom(length: number): void {
    if (length > this.#slots.length) {
      const slots = new Uint32Array(length + (length >> 2) + 64);
      slots.set(this.view);
      this.#slots = slots;
    }
  }
}
