/** `Words`: what many rows share (operations, models, a reason ...) is kept once, and rows have its code. */

/** What one code can stand for. */
export type Word = string | readonly string[] | readonly number[];

const APART = "\u0001";

function signOf(word: Word): string {
  return typeof word === "string" ? word : `${word.length}${APART}${word.join(APART)}`;
}

function isSame(one: Word, other: Word): boolean {
  if (typeof one === "string" || typeof other === "string") {
    return one === other;
  }
  if (one.length !== other.length) {
    return false;
  }
  for (let place = 0; place < one.length; place++) {
    if (one[place] !== other[place]) {
      return false;
    }
  }
  return true;
}

/**
 * A table of distinct words. Codes count from 0; code 0 is the word that the table is made with, which stands for "none".
 * Codes stay what they are until `compact`, which counts `epoch` up.
 */
export class Words<W extends Word> {
  readonly #none: W;
  #known = new Map<string, number>();
  #words: W[];
  /** Goes up when codes become others, so that what was kept by code has to be made anew. */
  epoch = 0;

  constructor(none: W) {
    this.#none = none;
    this.#words = [none];
    this.#known.set(signOf(none), 0);
  }

  /** Distinct words, those that no row has any more among them. */
  get size(): number {
    return this.#words.length;
  }

  /** The word of a code. */
  at(code: number): W {
    return this.#words[code] ?? this.#none;
  }

  /** The code of a word, a new one if need be. Cost: nothing much if it is that of `hint`, which the row had so far. */
  codeOf(word: W, hint = 0): number {
    if (isSame(word, this.at(hint))) {
      return hint;
    }
    const sign = signOf(word);
    const known = this.#known.get(sign);
    if (known !== undefined) {
      return known;
    }
    const code = this.#words.length;
    this.#known.set(sign, code);
    this.#words.push(word);
    return code;
  }

  /** Leaves out words that no row has, and gives the rows their new codes. Cost: O(rows). */
  compact(column: Uint32Array, slots: Iterable<number>): void {
    const codes = new Map<number, number>([[0, 0]]);
    const words: W[] = [this.#none];
    for (const slot of slots) {
      const before = column[slot] ?? 0;
      let code = codes.get(before);
      if (code === undefined) {
        code = words.length;
        codes.set(before, code);
        words.push(this.at(before));
      }
      column[slot] = code;
    }
    this.#words = words;
    this.#known = new Map(words.map((word, code) => [signOf(word), code]));
    this.epoch++;
  }
}
