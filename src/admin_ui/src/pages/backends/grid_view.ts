/** The scrolled body of the list: which rows are in the document, when they are written, and where the cursor is. */

import { effect } from "@preact/signals";
import { type RowWindow, rowsPerPage, rowWindow, scrollToShow, type View } from "@/core/window";
import { type Cursor, GridBody } from "@/pages/backends/body";
import type { ColumnId } from "@/pages/backends/columns";
import { samples } from "@/pages/backends/latencies";
import type { PlacedColumn } from "@/pages/backends/layout";
import { cursor, indexOfKey, openKey, order, selection, selectionChanges } from "@/pages/backends/list_state";
import { CELL_PADDING } from "@/pages/backends/looks";
import { fleet } from "@/state/fleet";
import { inLiveFrame, notInLiveFrame } from "@/state/live_frame";
import { now, serverNow } from "@/state/now";

/** Rows before and after what is visible, so that slow scrolling finds them there. */
const SPARE_ROWS = 3;
/** So long after rows have moved, in milliseconds, they are put into the order in which they are read. */
const SETTLE_MS = 800;

/** What the body is shown with. */
export interface GridLook {
  readonly columns: readonly PlacedColumn[];
  readonly rowHeight: number;
  /** Height of the head, which covers the first rows when the list is scrolled, in pixels. */
  readonly headHeight: number;
}

/** Keeps the rows of the list right. For one scroller, until `stop`. */
export class GridView {
  readonly #scroller: HTMLElement;
  readonly #host: HTMLElement;
  readonly #body: GridBody;
  readonly #touched = new Set<number>();
  readonly #stops: (() => void)[] = [];
  #look: GridLook;
  #all = true;
  #moved = true;
  #frame = 0;
  #lastIndex = 0;
  #restored: number | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(scroller: HTMLElement, host: HTMLElement, look: GridLook) {
    this.#scroller = scroller;
    this.#host = host;
    this.#look = look;
    const { store } = fleet;
    this.#body = new GridBody(host, {
      store,
      samples,
      nowMs: serverNow,
      at: (index) => order.at(index) ?? -1,
      isGone: (slot) => order.isGone(slot),
      isSelected: (slot) => selection.has(slot),
      isOpen: (slot) => openKey.peek() === store.key(slot),
      widthOf: (id) => this.#widthOf(id),
    });
    this.#body.setColumns(look.columns);
  }

  #widthOf(id: ColumnId): number {
    return (this.#look.columns.find((column) => column.id === id)?.width ?? 0) - CELL_PADDING;
  }

  /** Begin to follow the fleet, the order, the selection and the time. */
  start(): void {
    const { store } = fleet;
    const scrolled = () => this.#request(true);
    this.#scroller.addEventListener("scroll", scrolled, { passive: true });
    const resized = new ResizeObserver(scrolled);
    resized.observe(this.#scroller);
    this.#stops.push(
      () => this.#scroller.removeEventListener("scroll", scrolled),
      () => resized.disconnect(),
      store.subscribe((changes) => this.#changed(changes.all, changes.upserted)),
      order.subscribe((reordered, asked) => (asked ? this.#request(reordered) : this.#requestLive(reordered))),
      effect(() => {
        now.value;
        this.#all = true;
        this.#requestLive(false);
      }),
      effect(() => {
        cursor.value;
        openKey.value;
        selectionChanges.value;
        this.#request(true);
      }),
    );
    this.#draw();
  }

  /** Follow nothing any more. */
  stop(): void {
    cancelAnimationFrame(this.#frame);
    notInLiveFrame(this.#draw);
    clearTimeout(this.#settling);
    for (const stop of this.#stops.splice(0)) {
      stop();
    }
  }

  /** Show other columns, widths or heights. */
  setLook(look: GridLook): void {
    const hadFocus = this.#host.contains(document.activeElement);
    this.#look = look;
    this.#body.setColumns(look.columns);
    this.#all = true;
    this.#moved = true;
    this.#draw();
    if (hadFocus && !this.#host.contains(document.activeElement)) {
      // Rows of other columns are other elements.
      this.focusCursor();
    }
  }

  /** Scroll to so many pixels from the beginning, as soon as there are rows. */
  restore(top: number): void {
    this.#restored = top;
    this.#request(true);
  }

  /** Bring a place of the order into view, and write the rows there at once. */
  reveal(index: number): void {
    this.#scroller.scrollTop = scrollToShow(this.#seen, index, this.#look.rowHeight);
    this.#moved = true;
    this.#draw();
  }

  /** Rows that fit into the view. */
  get page(): number {
    return rowsPerPage(this.#seen, this.#look.rowHeight);
  }

  /** Mark rows anew in the next frame: until then a browser takes back what a click that was prevented has done to a checkbox. */
  markSoon(): void {
    this.#request(true);
  }

  /** Give the focus to the cell of the cursor once it is there. */
  focusCursorSoon(): void {
    this.#moved = true;
    this.#draw();
    this.focusCursor();
  }

  /** Give the focus to the cell of the cursor. */
  focusCursor(): void {
    this.#body.cursorCell(cursor.peek()?.column ?? 1)?.focus({ preventScroll: true });
  }

  /** The backend of the row that an element is in. */
  slotAt(target: Element): number | undefined {
    return this.#body.rowOf(target)?.slot;
  }

  /** The places that are in view, from the first to before the last. */
  get visible(): readonly [first: number, end: number] {
    const { first, end } = this.#window(0);
    return [first, end];
  }

  #changed(all: boolean, slots: readonly number[]): void {
    if (all) {
      this.#all = true;
    } else {
      for (const slot of slots) {
        this.#touched.add(slot);
      }
    }
    this.#requestLive(false);
  }

  /** Write what the fleet has changed. */
  #requestLive(moved: boolean): void {
    this.#moved ||= moved;
    inLiveFrame(this.#draw);
  }

  /** Write what somebody has asked for: in the next frame. */
  #request(moved: boolean): void {
    this.#moved ||= moved;
    this.#frame ||= requestAnimationFrame(this.#draw);
  }

  get #seen(): View {
    return { scrollTop: this.#scroller.scrollTop, height: this.#scroller.clientHeight - this.#look.headHeight };
  }

  #window(beyond: number): RowWindow {
    return rowWindow(this.#seen, order.length, this.#look.rowHeight, beyond);
  }

  /** Write what has changed since the last frame. Cost: for rows that are in view only. */
  readonly #draw = (): void => {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (this.#moved) {
      this.#moved = false;
      this.#place();
    }
    if (this.#all) {
      this.#body.refreshAll();
    } else {
      this.#body.refresh(this.#touched);
    }
    this.#all = false;
    this.#touched.clear();
  };

  #place(): void {
    const height = `${order.length * this.#look.rowHeight}px`;
    if (this.#host.style.height !== height) {
      this.#host.style.height = height;
    }
    if (this.#restored !== undefined && order.length > 0) {
      this.#scroller.scrollTop = this.#restored;
      this.#restored = undefined;
    }
    const { first, end } = this.#window(SPARE_ROWS);
    const hadFocus = this.#host.contains(document.activeElement);
    this.#body.show(first, end, this.#look.rowHeight, this.#cursorPlace(first));
    if (hadFocus && !this.#host.contains(document.activeElement)) {
      // The row with the focus is gone; the one in its place has it now.
      this.focusCursor();
    }
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      this.#body.settle();
    }, SETTLE_MS);
  }

  /** The cursor's place; where its backend is gone the place it had, and without a cursor the first row that is visible. */
  #cursorPlace(first: number): Cursor | undefined {
    if (order.length === 0) {
      return undefined;
    }
    const at = cursor.peek();
    const index = at === undefined ? -1 : indexOfKey(at.key);
    if (index >= 0) {
      this.#lastIndex = index;
    }
    const place = index >= 0 ? index : at === undefined ? first : this.#lastIndex;
    return { index: Math.min(place, order.length - 1), column: at?.column ?? 1 };
  }
}
