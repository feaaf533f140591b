/** `Pace`: how many rows change per second, over the last few seconds. */

const SECONDS = 5;

/** Counts by the second; `tick` has to be called once in each. */
export class Pace {
  readonly #counts: number[] = [];
  #now = 0;

  /** Notes that so many rows have changed. */
  add(rows: number): void {
    this.#now += rows;
  }

  /** Ends a second. */
  tick(): void {
    this.#counts.push(this.#now);
    this.#now = 0;
    if (this.#counts.length > SECONDS) {
      this.#counts.shift();
    }
  }

  /** Rows per second, to the nearest. */
  get perS(): number {
    const sum = this.#counts.reduce((total, count) => total + count, 0);
    return this.#counts.length === 0 ? 0 : Math.round(sum / this.#counts.length);
  }
}
