/** Keys and what they do: `j`, `?`, `Ctrl+k`, `Shift+ArrowDown`, and sequences of two such as `g b`. */

/** What of a keyboard event counts here. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/** How long the second key of a sequence may take, in milliseconds. */
export const SEQUENCE_MS = 1200;

const LETTER = /^.$/u;

/**
 * A key press as a text: modifiers, then the key. Command counts as Ctrl. Shift is written only before keys of several letters,
 * since a sign that takes Shift, such as `?`, is another sign already.
 */
export function nameOfKey(press: KeyPress): string {
  const isSign = LETTER.test(press.key);
  const key = press.key === " " ? "Space" : isSign && (press.ctrlKey || press.metaKey) ? press.key.toLowerCase() : press.key;
  const modifiers = [
    press.ctrlKey || press.metaKey ? "Ctrl+" : "",
    press.altKey ? "Alt+" : "",
    press.shiftKey && !isSign ? "Shift+" : "",
  ];
  return modifiers.join("") + key;
}

/** Whether a key is a character that could be typed, alone or as part of a sequence (WCAG 2.1.4): `j`, `?`, `Space`, `g b`. */
export function isSingle(key: string): boolean {
  return key === "Space" || LETTER.test(key) || key.includes(" ");
}

/** Follows key presses and says which of the bound keys each of them completes. */
export class KeySequences {
  #first = "";
  #atMs = 0;

  /**
   * The bound key that this press completes; undefined if none. A press that may begin a sequence is kept for a while.
   *
   * @param press as `nameOfKey` writes it.
   * @param isBound whether something is bound to a key or sequence, or (with `begins`) to a sequence that begins with it.
   * @param atMs the time, in milliseconds.
   */
  next(press: string, isBound: (key: string, begins: boolean) => boolean, atMs: number): string | undefined {
    const sequence = `${this.#first} ${press}`;
    const completes = this.#first !== "" && atMs - this.#atMs <= SEQUENCE_MS && isBound(sequence, false);
    this.#first = "";
    if (completes) {
      return sequence;
    }
    if (isBound(press, false)) {
      return press;
    }
    if (isBound(press, true)) {
      this.#first = press;
      this.#atMs = atMs;
    }
    return undefined;
  }
}
