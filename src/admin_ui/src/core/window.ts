/** Which rows of a long list have to be in the document: those that can be seen, and a few more on both sides. */

/** What is seen of a list. */
export interface View {
  /** Pixels above what is seen. */
  readonly scrollTop: number;
  /** Pixels that are seen; those that something covers, as a sticky head does, left out. */
  readonly height: number;
}

/** Rows to draw: from `first` to before `end`, the first of them `offset` pixels down. */
export interface RowWindow {
  readonly first: number;
  readonly end: number;
  readonly offset: number;
  /** Pixels of the whole list. */
  readonly total: number;
}

/** Rows beyond each edge, so that slow scrolling shows no gap. */
const BEYOND = 6;

/**
 * The rows to draw. Lists of up to half a million rows of 32 pixels fit into what browsers can lay out.
 *
 * @param count how many rows there are.
 * @param rowHeight pixels of each.
 * @param beyond rows to draw beyond each edge.
 */
export function rowWindow(view: View, count: number, rowHeight: number, beyond = BEYOND): RowWindow {
  const total = count * rowHeight;
  const top = Math.max(0, Math.min(view.scrollTop, total - view.height));
  const first = Math.max(0, Math.floor(top / rowHeight) - beyond);
  const end = Math.min(count, Math.ceil((top + Math.max(0, view.height)) / rowHeight) + beyond);
  return { first, end, offset: first * rowHeight, total };
}

/** How far down the list has to be scrolled for the row to be seen whole; where it is, if it is seen already. */
export function scrollToShow(view: View, index: number, rowHeight: number): number {
  const top = index * rowHeight;
  return top < view.scrollTop ? top : Math.max(view.scrollTop, top + rowHeight - view.height);
}

/** How many rows Page Up and Page Down go: what is seen, less one that stays in view. */
export function rowsPerPage(view: View, rowHeight: number): number {
  return Math.max(1, Math.floor(view.height / rowHeight) - 1);
}
