/** `NameOrder`: the rows in the order of their names as people read them, `n2` before `n10`, each with a rank to compare by. */

const DIGITS = /\d+/g;
const FIRST_DIGIT = 48;
/** Between two ranks, so that names that come later find room. */
const GAP = 2 ** 20;

function padded(digits: string): string {
  const significant = digits.replace(/^0+(?=\d)/, "");
  // "0" so that numbers stay where digits stand among other signs, then how long it is, since longer ones are larger.
  return `0${String.fromCharCode(FIRST_DIGIT + Math.min(significant.length, 0xff00))}${significant}`;
}

/** A text that sorts, sign by sign, as people sort the name: numbers by their value, small letters as large ones. */
export function naturalKey(name: string): string {
  return name.toLowerCase().replace(DIGITS, padded);
}

function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** What the order knows a row by. */
export interface Named {
  name(slot: number): string;
  kind(slot: number): string;
}

interface Entry {
  readonly slot: number;
  readonly key: string;
}

/** The order of names, then kinds. Of each row it keeps a number only; keys are made when rows come. */
export class NameOrder {
  readonly #rows: Named;
  #ranks = new Float64Array(0);
  #slots: number[] = [];

  constructor(rows: Named) {
    this.#rows = rows;
  }

  /** The rows in their order. */
  get slots(): readonly number[] {
    return this.#slots;
  }

  /** Where a row stands: of two rows the one with the smaller rank comes first. */
  rank(slot: number): number {
    return this.#ranks[slot] ?? 0;
  }

  /** Makes room for slots below `capacity`. */
  grow(capacity: number): void {
    const ranks = new Float64Array(capacity);
    ranks.set(this.#ranks);
    this.#ranks = ranks;
  }

  /**
   * Takes rows out and others in. Ranks of rows that stay may become others, but not their order.
   *
   * @returns whether ranks of rows that stay became others.
   * Cost: O(new * log rows) string comparisons and, if anything comes or goes, one pass over the rows.
   */
  change(gone: ReadonlySet<number>, come: readonly number[]): boolean {
    if (gone.size > 0) {
      this.#slots = this.#slots.filter((slot) => !gone.has(slot));
    }
    if (come.length === 0) {
      return false;
    }
    const entries = come.map((slot) => ({ slot, key: naturalKey(this.#rows.name(slot)) }));
    entries.sort((one, other) => this.#compare(one, other));
    return this.#merge(entries);
  }

  #merge(entries: readonly Entry[]): boolean {
    const before = this.#slots;
    if (before.length === 0) {
      this.#slots = entries.map((entry) => entry.slot);
      this.#rankAll();
      return false;
    }
    const slots: number[] = [];
    let done = 0;
    for (const entry of entries) {
      const place = this.#placeOf(entry, before, done);
      while (done < place) {
        slots.push(before[done++] ?? 0);
      }
      slots.push(entry.slot);
    }
    while (done < before.length) {
      slots.push(before[done++] ?? 0);
    }
    this.#slots = slots;
    return this.#rankNew(new Set(entries.map((entry) => entry.slot)));
  }

  /** Gives the new rows ranks between those of their neighbours, or all rows new ones if there is no room. */
  #rankNew(come: ReadonlySet<number>): boolean {
    const slots = this.#slots;
    for (let place = 0; place < slots.length; place++) {
      const slot = slots[place] ?? 0;
      if (!come.has(slot)) {
        continue;
      }
      let end = place;
      while (end < slots.length && come.has(slots[end] ?? 0)) {
        end++;
      }
      const low = place > 0 ? this.rank(slots[place - 1] ?? 0) : 0;
      const high = end < slots.length ? this.rank(slots[end] ?? 0) : low + GAP * (end - place + 1);
      const step = Math.floor((high - low) / (end - place + 1));
      if (step < 1) {
        this.#rankAll();
        return true;
      }
      for (let rank = low + step; place < end; place++, rank += step) {
        this.#ranks[slots[place] ?? 0] = rank;
      }
    }
    return false;
  }

  #rankAll(): void {
    for (let place = 0; place < this.#slots.length; place++) {
      this.#ranks[this.#slots[place] ?? 0] = (place + 1) * GAP;
    }
  }

  #compare(one: Entry, other: Entry): number {
    return (
      compareTexts(one.key, other.key) ||
      compareTexts(this.#rows.name(one.slot), this.#rows.name(other.slot)) ||
      compareTexts(this.#rows.kind(one.slot), this.#rows.kind(other.slot))
    );
  }

  #placeOf(entry: Entry, slots: readonly number[], from: number): number {
    let low = from;
    let high = slots.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const slot = slots[middle] ?? 0;
      if (this.#compare({ slot, key: naturalKey(this.#rows.name(slot)) }, entry) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
