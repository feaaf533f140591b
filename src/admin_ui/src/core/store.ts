/** `BackendStore`: the backends of the fleet as columns, kept up to date by what the hub sends. */
import { fillFromColumns, fillFromRow } from "@/core/store_fill";
import { NameOrder } from "@/core/store_names";
import { RowReads } from "@/core/store_reads";
import { partsOf } from "@/core/store_row";
import { type ColumnsLike, type Delta, type Facts, factsFrom } from "@/core/store_wire";

export { keyOf, partsOf, type Row } from "@/core/store_row";
export type { ColumnsLike, Delta, Facts, LeanRow } from "@/core/store_wire";

/** What one step has changed. */
export interface Changes {
  /** Whether everything was replaced; then `upserted` are all rows. */
  readonly all: boolean;
  /** Slots whose row is new or has other values. Never among `removed`. */
  readonly upserted: readonly number[];
  /** Slots whose row is gone; what they held can still be read during this call. */
  readonly removed: readonly number[];
  /** Whether ranks of rows that stay became others; their order did not. */
  readonly ranked: boolean;
  /** Whether the facts became others. */
  readonly facts: boolean;
}

const NO_FACTS: Facts = { as_of: "", complete: true, protected: false, degraded: "" };

/**
 * The rows of the fleet. A row is a slot, a small number that stays the same as long as the row is there, and may later be
 * that of another row. Good for a million rows.
 */
export class BackendStore extends RowReads {
  readonly #index = new Map<string, Map<string, number>>();
  readonly #order: NameOrder = new NameOrder(this);
  readonly #listeners = new Set<(changed: Changes) => void>();
  #live = new Uint8Array(0);
  #free: number[] = [];
  #left: number[] = [];
  #top = 0;
  #holders = 0;
  #facts: Facts = NO_FACTS;
  #loaded = false;

  /** How many rows there are. */
  get size(): number {
    return this.#order.slots.length;
  }

  /** How far what is here can be relied on. */
  get facts(): Facts {
    return this.#facts;
  }

  /** Whether there has been a load; before, no rows means that nothing is known. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** One more than the largest slot that has ever been used. */
  get top(): number {
    return this.#top;
  }

  /** The slots of all rows, by name and kind, numbers in names by their value. Not to be kept over a change. */
  slots(): readonly number[] {
    return this.#order.slots;
  }

  /** The slot of the backend with this key. */
  slotOf(key: string): number | undefined {
    const parts = partsOf(key);
    return parts === undefined ? undefined : this.#index.get(parts.kind)?.get(parts.name);
  }

  /** Whether the slot has a row now. */
  has(slot: number): boolean {
    return this.#live[slot] === 1;
  }

  /** Where the row stands by name: of two rows the one with the smaller rank comes first. */
  rank(slot: number): number {
    return this.#order.rank(slot);
  }

  // --- changing ----------------------------------------------------------------------------------------------------------

  /** Replaces everything; rows that are there before and after keep their slot. Cost: about a microsecond a row. */
  load(loaded: ColumnsLike): void {
    this.#reuse();
    const kinds = loaded.values.kind;
    const names = loaded.columns.name;
    this.columns.grow(this.#top + Math.max(0, names.length - this.#free.length - this.size));
    const upserted: number[] = [];
    const come: number[] = [];
    const stays = new Uint8Array(this.#top + names.length);
    names.forEach((name, place) => {
      const kind = kinds[loaded.columns.kind[place] ?? -1] ?? "";
      const slot = this.#known(kind, name) ?? this.#added(kind, name, come);
      stays[slot] = 1;
      upserted.push(slot);
    });
    fillFromColumns(this.columns, upserted, loaded);
    const removed = this.#order.slots.filter((slot) => stays[slot] !== 1);
    this.#loaded = true;
    this.#settle({ all: true, upserted, removed, come, facts: factsFrom(loaded, this.#facts) });
  }

  /** Takes what changed. What it deletes and is not there is no change. Cost: about a microsecond for each row in it. */
  apply(delta: Delta): void {
    this.#reuse();
    const removed = new Set<number>();
    for (const { kind, name } of delta.deletes) {
      const slot = this.#known(kind, name);
      if (slot !== undefined) {
        removed.add(slot);
      }
    }
    const upserted = new Set<number>();
    const come: number[] = [];
    for (const row of delta.upserts) {
      const slot = this.#known(row.kind, row.name) ?? this.#added(row.kind, row.name, come);
      removed.delete(slot);
      fillFromRow(this.columns, slot, row);
      upserted.add(slot);
    }
    this.#settle({ all: false, upserted: [...upserted], removed: [...removed], come, facts: this.#facts });
  }

  /** Takes what the hub says of the view as a whole. */
  setFacts(facts: unknown): void {
    this.#settle({ all: false, upserted: [], removed: [], come: [], facts: factsFrom(facts, this.#facts) });
  }

  /** Calls `listener` right after each change, until the function that it returns is called. */
  subscribe(listener: (changed: Changes) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Keeps slots of rows that go from being used again, so that who still shows them can read what they held, until the returned function is called. */
  hold(): () => void {
    this.#holders++;
    let held = true;
    return () => {
      this.#holders -= held ? 1 : 0;
      held = false;
    };
  }

  #known(kind: string, name: string): number | undefined {
    return this.#index.get(kind)?.get(name);
  }

  #added(kind: string, name: string, come: number[]): number {
    const slot = this.#free.pop() ?? this.#top++;
    this.columns.grow(slot + 1);
    const { columns } = this;
    columns.name[slot] = name;
    columns.codes.kind[slot] = columns.words.kind.codeOf(kind);
    const named = this.#index.get(kind);
    if (named === undefined) {
      this.#index.set(kind, new Map([[name, slot]]));
    } else {
      named.set(name, slot);
    }
    come.push(slot);
    return slot;
  }

  /** Slots that rows left may be used again, but not before all have heard of it. */
  #reuse(): void {
    if (this.#holders === 0 && this.#left.length > 0) {
      this.#free.push(...this.#left.splice(0));
    }
  }

  #settle(step: Omit<Changes, "ranked" | "facts"> & { readonly come: readonly number[]; readonly facts: Facts }): void {
    const { all, upserted, removed, come } = step;
    this.#makeRoom();
    for (const slot of removed) {
      this.#index.get(this.kind(slot))?.delete(this.name(slot));
      this.#live[slot] = 0;
      this.#left.push(slot);
    }
    for (const slot of come) {
      this.#live[slot] = 1;
    }
    const ranked = this.#order.change(new Set(removed), come);
    this.columns.compact(this.size, () => [...this.#order.slots, ...this.#left]);
    const facts = step.facts !== this.#facts && JSON.stringify(step.facts) !== JSON.stringify(this.#facts);
    this.#facts = step.facts;
    if (!all && !facts && upserted.length === 0 && removed.length === 0) {
      return;
    }
    const changed: Changes = { all, upserted, removed, ranked, facts };
    for (const listener of this.#listeners) {
      listener(changed);
    }
  }

  #makeRoom(): void {
    const { capacity } = this.columns;
    if (this.#live.length < capacity) {
      const live = new Uint8Array(capacity);
      live.set(this.#live);
      this.#live = live;
      this.#order.grow(capacity);
    }
  }
}
