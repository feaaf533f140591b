/** The way back leads to the rows that were seen when that entry of the history was left; what is new begins at its top. */

import { effect } from "@preact/signals";
import { queryText, sort } from "@/pages/backends/list_state";
import { arrival, keep, kept, place } from "@/state/place";

const KEPT_AFTER_MS = 150;

/** Remember how far the list is scrolled, and go there on the way back; what it returns ends that. */
export function followScroll(scroller: HTMLElement, restore: (top: number) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const remember = () => {
    clearTimeout(timer);
    timer = setTimeout(() => keep("scroll", Math.round(scroller.scrollTop)), KEPT_AFTER_MS);
  };
  const back = () => {
    clearTimeout(timer);
    const top = kept("scroll");
    restore(typeof top === "number" ? top : 0);
  };
  const stops = [
    // Another entry of the history, such as that of an open drawer, is as far scrolled as the one before.
    afterFirst(() => place.value, remember),
    afterFirst(
      () => [queryText.value, sort.value],
      () => restore(0),
    ),
  ];
  scroller.addEventListener("scroll", remember, { passive: true });
  // After the address has been read: then this is what counts.
  addEventListener("popstate", back);
  if (arrival.peek() !== "went") {
    back();
  }
  return () => {
    clearTimeout(timer);
    for (const stop of stops) {
      stop();
    }
    scroller.removeEventListener("scroll", remember);
    removeEventListener("popstate", back);
  };
}

/** Do something whenever what is read changes. */
function afterFirst(read: () => unknown, run: () => void): () => void {
  let isFirst = true;
  return effect(() => {
    read();
    if (!isFirst) {
      run();
    }
    isFirst = false;
  });
}
