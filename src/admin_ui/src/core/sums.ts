/** `Sums`: what some rows come to together, kept while rows come, change and go. */
import { STATUSES, type Status } from "@/core/status";
import type { BackendStore } from "@/core/store";

/** Latencies below this have a place each; above, each doubling has as many places. */
const EXACT = 128;
const EXACT_BITS = 7;
const PLACES = EXACT * (32 - EXACT_BITS + 1);

function placeOfLatency(ms: number): number {
  if (ms < EXACT) {
    return ms;
  }
  const shift = 31 - Math.clz32(ms) - EXACT_BITS;
  return EXACT * (shift + 1) + (ms >>> shift) - EXACT;
}

/** The middle of the latencies that have this place. */
function latencyOfPlace(place: number): number {
  if (place < EXACT) {
    return place;
  }
  const shift = Math.floor(place / EXACT) - 1;
  const least = (EXACT + (place % EXACT)) * 2 ** shift;
  return Math.round(least + (2 ** shift - 1) / 2);
}

/** What stands in place of a status for a row that is not in. */
const OUT = 255;

/** Sums over some rows of a store. Each row counts with the values that it had when it was put in. */
export class Sums {
  readonly #store: BackendStore;
  readonly #statuses = new Uint32Array(STATUSES.length);
  readonly #latencies = new Uint32Array(PLACES);
  #status = new Uint8Array(0);
  #pending = new Uint32Array(0);
  #latency = new Uint32Array(0);
  #isStale = new Uint8Array(0);
  #answering = 0;
  /** Requests in flight. */
  pending = 0;
  /** How many rows are in. */
  rows = 0;
  /** How many of them are on a node that has not been heard lately. */
  stale = 0;

  constructor(store: BackendStore) {
    this.#store = store;
  }

  /** Rows by their status. */
  get counts(): Readonly<Record<Status, number>> {
    const [unavailable = 0, degraded = 0, unknown = 0, draining = 0, disabled = 0, available = 0] = this.#statuses;
    return { unavailable, degraded, unknown, draining, disabled, available };
  }

  /** How many rows have this status. */
  count(status: Status): number {
    return this.#statuses[STATUSES.indexOf(status)] ?? 0;
  }

  /** The status that a row was put in with; undefined for one that is not in. */
  statusOf(slot: number): Status | undefined {
    return STATUSES[this.#status[slot] ?? OUT];
  }

  /** The latency in milliseconds that a share of the rows with one stays at or below, within 1 %; 0 if none has one. */
  latency(share: number): number {
    const wanted = Math.ceil(this.#answering * share);
    let seen = 0;
    for (let place = 0; place < PLACES && wanted > 0; place++) {
      seen += this.#latencies[place] ?? 0;
      if (seen >= wanted) {
        return latencyOfPlace(place);
      }
    }
    return 0;
  }

  /** Makes room for slots below `capacity`. */
  grow(capacity: number): void {
    if (capacity <= this.#status.length) {
      return;
    }
    const [status, isStale] = [new Uint8Array(capacity).fill(OUT), new Uint8Array(capacity)];
    const [pending, latency] = [new Uint32Array(capacity), new Uint32Array(capacity)];
    status.set(this.#status);
    isStale.set(this.#isStale);
    pending.set(this.#pending);
    latency.set(this.#latency);
    [this.#status, this.#isStale, this.#pending, this.#latency] = [status, isStale, pending, latency];
  }

  /** Takes all rows out. */
  clear(): void {
    this.#status.fill(OUT);
    this.#statuses.fill(0);
    this.#latencies.fill(0);
    this.#answering = 0;
    this.pending = 0;
    this.rows = 0;
    this.stale = 0;
  }

  /** Puts a row in that is not in. */
  put(slot: number): void {
    const store = this.#store;
    this.#status[slot] = store.columns.status[slot] ?? 0;
    this.#pending[slot] = store.pending(slot);
    this.#latency[slot] = store.latency(slot);
    this.#isStale[slot] = store.stale(slot) > 0 ? 1 : 0;
    this.#count(slot, 1);
  }

  /** Takes a row out that is in. */
  drop(slot: number): void {
    this.#count(slot, -1);
    this.#status[slot] = OUT;
  }

  #count(slot: number, step: 1 | -1): void {
    const status = this.#status[slot] ?? 0;
    const latency = this.#latency[slot] ?? 0;
    this.#statuses[status] = (this.#statuses[status] ?? 0) + step;
    this.pending += step * (this.#pending[slot] ?? 0);
    this.rows += step;
    this.stale += step * (this.#isStale[slot] ?? 0);
    if (latency > 0) {
      const place = placeOfLatency(latency);
      this.#latencies[place] = (this.#latencies[place] ?? 0) + step;
      this.#answering += step;
    }
  }
}
