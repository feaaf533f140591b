/** How much room an element has. */

import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/**
 * The largest of some widths that an element has room for, kept up to date; 0 if it has not even for the least.
 *
 * @param steps widths in px, ascending; always the same array
 */
export function useRoom(element: RefObject<HTMLElement | null>, steps: readonly number[]): number {
  const [room, setRoom] = useState(0);
  useLayoutEffect(() => {
    const { current } = element;
    if (!current) {
      return;
    }
    const look = () => setRoom(steps.findLast((step) => current.clientWidth >= step) ?? 0);
    const watch = new ResizeObserver(look);
    watch.observe(current);
    look();
    return () => watch.disconnect();
  }, [element, steps]);
  return room;
}
