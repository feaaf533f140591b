/** Words as chips within the width of a cell. */

import { formatNumber } from "@/core/format";

/** Pixels of a chip besides its letters, with the gap after it; and of the number of those that are left out. */
const AROUND = 20;
const REST = 28;

/** As `--text-small` of the style. */
const SIZE = "12px";

const widths = new Map<string, number>();
let context: OffscreenCanvasRenderingContext2D | null | undefined;

/** How wide a word is, in pixels. Cost: a microsecond, once for each word. */
function widthOf(word: string): number {
  const known = widths.get(word);
  if (known !== undefined) {
    return known;
  }
  if (context === undefined) {
    context = new OffscreenCanvas(1, 1).getContext("2d");
    if (context !== null) {
      context.font = `${SIZE} ${getComputedStyle(document.body).fontFamily}`;
    }
  }
  const width = context?.measureText(word).width ?? word.length * 7;
  widths.set(word, width);
  return width;
}

/** How many of the words fit; at least one. */
function fitting(list: readonly string[], room: number): number {
  let used = 0;
  for (const [at, word] of list.entries()) {
    used += widthOf(word) + AROUND;
    const rest = at < list.length - 1 ? REST : 0;
    if (used + rest > room) {
      return Math.max(at, 1);
    }
  }
  return list.length;
}

/** The elements for these words: chips, then how many more there are. A word for none is shown quietly. */
export function chipsOf(list: readonly string[], room: number, none: string): (Node | string)[] {
  if (list.length === 0) {
    return none === "" ? [] : [element("cell-rest", none)];
  }
  const count = fitting(list, room);
  const chips = list.slice(0, count).map((word) => element("cell-chip", word));
  if (count < list.length) {
    chips.push(element("cell-rest", `+${formatNumber(list.length - count)}`));
  }
  return chips;
}

function element(className: string, word: string): Node {
  const made = document.createElement("span");
  made.className = className;
  made.textContent = word;
  return made;
}
