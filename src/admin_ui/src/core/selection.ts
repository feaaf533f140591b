/** `Selection`: which backends are chosen, whatever is shown of them. */
import type { RowOrder } from "@/core/order";
import type { BackendStore } from "@/core/store";

/**
 * The chosen rows of a store. They stay chosen over changes, filters and a load of everything; a backend that goes is chosen no
 * longer, and is not when it comes back: nobody acts on what was not there to be seen.
 */
export class Selection {
  readonly #store: BackendStore;
  readonly #slots = new Set<number>();
  readonly #listeners = new Set<() => void>();
  readonly #leave: () => void;
  #anchor: number | undefined;

  constructor(store: BackendStore) {
    this.#store = store;
    this.#leave = store.subscribe(({ removed }) => this.#forget(removed));
  }

  /** How many are chosen. */
  get size(): number {
    return this.#slots.size;
  }

  /** The row from which `extendTo` chooses: the last one that was chosen by itself. */
  get anchor(): number | undefined {
    return this.#anchor;
  }

  /** Whether the row is chosen. */
  has(slot: number): boolean {
    return this.#slots.has(slot);
  }

  /** Whether the backend with this key is chosen. */
  hasKey(key: string): boolean {
    const slot = this.#store.slotOf(key);
    return slot !== undefined && this.#slots.has(slot);
  }

  /** The chosen rows, in the order in which they were chosen. */
  slots(): readonly number[] {
    return [...this.#slots];
  }

  /** The keys of the chosen backends. */
  keys(): string[] {
    return Array.from(this.#slots, (slot) => this.#store.key(slot));
  }

  /** How many of the rows that are shown are chosen. Cost: nothing if none is. */
  countIn(order: RowOrder): number {
    let count = 0;
    if (this.#slots.size > 0) {
      for (const slot of order.rows) {
        count += this.#slots.has(slot) ? 1 : 0;
      }
    }
    return count;
  }

  /** Chooses the row if it is not, and else not any more. */
  toggle(slot: number): void {
    if (!this.#slots.delete(slot)) {
      this.#add(slot);
    }
    this.#anchor = slot;
    this.#tell();
  }

  /** Chooses this row and no other. */
  only(slot: number): void {
    this.#slots.clear();
    this.#add(slot);
    this.#anchor = slot;
    this.#tell();
  }

  /** Chooses these rows as well. */
  add(slots: Iterable<number>): void {
    for (const slot of slots) {
      this.#add(slot);
    }
    this.#tell();
  }

  /** Chooses these rows no longer. */
  remove(slots: Iterable<number>): void {
    for (const slot of slots) {
      this.#slots.delete(slot);
    }
    this.#tell();
  }

  /**
   * Chooses every row that is shown between the anchor and this place, both included; or none of them any more, if the anchor is not
   * chosen. Without an anchor that is shown, the row at the place alone.
   */
  extendTo(order: RowOrder, index: number): void {
    const from = this.#anchor === undefined ? -1 : order.indexOf(this.#anchor);
    const slot = order.at(index);
    if (from < 0 || this.#anchor === undefined) {
      if (slot !== undefined) {
        this.#anchor = slot;
        this.add([slot]);
      }
      return;
    }
    const range = order.rows.slice(Math.min(from, index), Math.max(from, index) + 1);
    if (this.#slots.has(this.#anchor)) {
      this.add(range);
    } else {
      this.remove(range);
    }
  }

  /** Chooses nothing any more. */
  clear(): void {
    this.#anchor = undefined;
    if (this.#slots.size > 0) {
      this.#slots.clear();
      this.#tell();
    }
  }

  /** Calls `listener` after each change of what is chosen. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends it: it does not follow the store any more. */
  dispose(): void {
    this.#leave();
    this.#listeners.clear();
  }

  #add(slot: number): void {
    // What is only shown still, as rows of a frozen order are, cannot be chosen.
    if (this.#store.has(slot)) {
      this.#slots.add(slot);
    }
  }

  #forget(removed: readonly number[]): void {
    let changed = false;
    for (const slot of removed) {
      changed = this.#slots.delete(slot) || changed;
      this.#anchor = this.#anchor === slot ? undefined : this.#anchor;
    }
    if (changed) {
      this.#tell();
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
