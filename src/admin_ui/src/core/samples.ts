/** `Samples`: the last latencies of each row at even times, for small pictures of how it went. */
import type { BackendStore } from "@/core/store";

/** Values of each row. */
export const SAMPLES = 30;
/** Time between two values, as in the hub's history of a fleet that is not very large. */
const EVERY_MS = 15_000;
/** Rows of one block of memory, which is 60 kB. */
const BLOCK = 1024;
const NONE = 0xffff;

/** A series of the hub's history: oldest first, the last of `until`. */
export interface Series {
  readonly everyMs: number;
  readonly untilMs: number;
  readonly values: readonly (number | null)[];
}

/**
 * Latencies of the rows of a store, up to 65,534 ms, at the same times for all. `take` has to be called about every second; what was
 * before can be had from the hub's history with `seed`. About 60 bytes a row.
 */
export class Samples {
  readonly #store: BackendStore;
  readonly #leave: () => void;
  /** Values of a row lie BLOCK apart: taking a sample writes one stretch of memory. */
  readonly #blocks: Uint16Array[] = [];
  readonly #seeded = new Set<number>();
  readonly #versions = new Map<number, number>();
  /** The number of the newest sample, counted from 1970. */
  #tick = 0;
  #changes = 0;
  /** How many changes there were when all rows had a new value last. */
  #taken = 0;

  constructor(store: BackendStore) {
    this.#store = store;
    this.#leave = store.subscribe(({ removed }) => {
      for (const slot of removed) {
        this.#clear(slot);
      }
    });
  }

  /** The row's latencies in milliseconds, oldest first; NaN where there is none. */
  values(slot: number): Float32Array {
    const values = new Float32Array(SAMPLES).fill(Number.NaN);
    const block = this.#blocks[Math.floor(slot / BLOCK)];
    for (let place = 0; block !== undefined && place < SAMPLES; place++) {
      const value = block[this.#placeOf(slot, this.#tick - SAMPLES + 1 + place)] ?? NONE;
      values[place] = value === NONE ? Number.NaN : value;
    }
    return values;
  }

  /** Another number when the row's values are others. */
  revision(slot: number): number {
    return this.#versions.get(slot) ?? this.#taken;
  }

  /** Whether the row has its past. */
  isSeeded(slot: number): boolean {
    return this.#seeded.has(slot);
  }

  /**
   * Takes the present latencies, if it is time to. Where times were missed there is no value, and all rows may be seeded again.
   *
   * @param nowMs the server's time. Cost: some nanoseconds a row, four times a minute.
   */
  take(nowMs: number): void {
    const tick = Math.floor(nowMs / EVERY_MS);
    if (tick === this.#tick) {
      return;
    }
    const missed = tick - this.#tick - 1;
    if (missed !== 0) {
      this.#seeded.clear();
    }
    this.#makeRoom();
    for (let late = Math.max(0, Math.min(missed, SAMPLES)); late >= 0; late--) {
      this.#write(tick - late, late === 0);
    }
    this.#tick = tick;
    this.#taken = ++this.#changes;
    this.#versions.clear();
  }

  /** Gives the row its past, where it has no values of its own. */
  seed(slot: number, series: Series): void {
    this.#makeRoom();
    const block = this.#blocks[Math.floor(slot / BLOCK)];
    if (block === undefined || !this.#store.has(slot)) {
      return;
    }
    for (let tick = this.#tick - SAMPLES + 1; tick <= this.#tick; tick++) {
      const place = this.#placeOf(slot, tick);
      if (block[place] === NONE) {
        const late = Math.round((tick * EVERY_MS - series.untilMs) / series.everyMs);
        block[place] = coded(series.values[series.values.length - 1 + late]);
      }
    }
    this.#seeded.add(slot);
    this.#versions.set(slot, ++this.#changes);
  }

  /** Ends it: it does not follow the store any more. */
  dispose(): void {
    this.#leave();
  }

  #placeOf(slot: number, tick: number): number {
    return (((tick % SAMPLES) + SAMPLES) % SAMPLES) * BLOCK + (slot % BLOCK);
  }

  #makeRoom(): void {
    while (this.#blocks.length * BLOCK < this.#store.top) {
      this.#blocks.push(new Uint16Array(BLOCK * SAMPLES).fill(NONE));
    }
  }

  /** Writes the sample of a time: the present values, or none. */
  #write(tick: number, isPresent: boolean): void {
    const { latency } = this.#store.columns.counts;
    this.#blocks.forEach((block, number) => {
      const start = this.#placeOf(0, tick);
      for (let row = 0; row < BLOCK; row++) {
        const slot = number * BLOCK + row;
        block[start + row] = isPresent && this.#store.has(slot) ? coded(latency[slot]) : NONE;
      }
    });
  }

  #clear(slot: number): void {
    const block = this.#blocks[Math.floor(slot / BLOCK)];
    for (let frame = 0; block !== undefined && frame < SAMPLES; frame++) {
      block[frame * BLOCK + (slot % BLOCK)] = NONE;
    }
    this.#seeded.delete(slot);
    this.#versions.set(slot, ++this.#changes);
  }
}

/** A latency as it is kept; 0 on the wire is none. */
function coded(latency: number | null | undefined): number {
  return latency === null || latency === undefined || latency <= 0 ? NONE : Math.min(Math.round(latency), NONE - 1);
}
