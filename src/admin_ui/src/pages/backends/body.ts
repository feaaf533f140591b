/** The rows of the list that are in the document: those that are visible, and the one with the cursor. */

import type { CellReads } from "@/pages/backends/cells";
import type { PlacedColumn } from "@/pages/backends/layout";
import { RowView } from "@/pages/backends/row_view";
import { inLiveFrame } from "@/state/live_frame";
import { mayMove } from "@/state/look";

/** What the body shows, besides the cells. */
export interface BodyReads extends CellReads {
  /** The backend in a place of the order. */
  at(index: number): number;
  isSelected(slot: number): boolean;
  isOpen(slot: number): boolean;
  /** Whether the row is shown only because the order is frozen. */
  isGone(slot: number): boolean;
}

/** The cursor: a place in the order and a column, counted from the checkbox. */
export interface Cursor {
  readonly index: number;
  readonly column: number;
}

/** If more rows than this change in one frame, none is tinted: what blinks everywhere says nothing. */
const TINTED_ROWS_MOST = 16;

/** How long what has changed is tinted; an animation would draw sixty times a second for the same. */
const TINTED_MS = 600;

/** The rows that are in the document, kept by backend, so that a row that moves is moved and not written anew. */
export class GridBody {
  readonly #host: HTMLElement;
  readonly #reads: BodyReads;
  readonly #bySlot = new Map<number, RowView>();
  readonly #tinted = new Map<RowView, ReturnType<typeof setTimeout>>();
  #free: RowView[] = [];
  #columns: readonly PlacedColumn[] = [];
  #ids = "";
  #tabStop: RowView | undefined;

  constructor(host: HTMLElement, reads: BodyReads) {
    this.#host = host;
    this.#reads = reads;
  }

  /** Show these columns. Rows are made anew if they are others, or in another order, than before. */
  setColumns(columns: readonly PlacedColumn[]): void {
    const ids = columns.map((column) => column.id).join();
    this.#columns = columns;
    if (ids !== this.#ids) {
      this.#ids = ids;
      this.#bySlot.clear();
      this.#free = [];
      this.#tabStop = undefined;
      this.#host.replaceChildren();
    }
  }

  /** Show the rows of the places from `first` to before `end`, and the one of the cursor. */
  show(first: number, end: number, rowHeight: number, cursor: Cursor | undefined): void {
    const places = new Map<number, number>();
    for (let index = first; index < end; index++) {
      places.set(this.#reads.at(index), index);
    }
    if (cursor !== undefined && (cursor.index < first || cursor.index >= end)) {
      places.set(this.#reads.at(cursor.index), cursor.index);
    }
    this.#release(places);
    for (const [slot, index] of places) {
      const row = this.#bySlot.get(slot) ?? this.#take(slot);
      row.move(index, index * rowHeight);
      this.#mark(row);
    }
    this.#dropSpare();
    this.#setTabStop(cursor);
  }

  #release(places: ReadonlyMap<number, number>): void {
    for (const [slot, row] of this.#bySlot) {
      if (!places.has(slot)) {
        this.#bySlot.delete(slot);
        this.#free.push(row);
      }
    }
  }

  #take(slot: number): RowView {
    const row = this.#free.pop() ?? this.#made();
    row.bind(slot);
    this.#bySlot.set(slot, row);
    return row;
  }

  #made(): RowView {
    const row = new RowView(this.#columns, this.#reads);
    this.#host.append(row.element);
    return row;
  }

  #dropSpare(): void {
    for (const row of this.#free) {
      row.element.remove();
    }
    this.#free = [];
  }

  #mark(row: RowView): void {
    row.mark(this.#reads.isSelected(row.slot), this.#reads.isOpen(row.slot), this.#reads.isGone(row.slot));
  }

  #setTabStop(cursor: Cursor | undefined): void {
    const row = cursor === undefined ? undefined : this.#bySlot.get(this.#reads.at(cursor.index));
    if (this.#tabStop !== row) {
      this.#tabStop?.setTabStop(-1);
    }
    this.#tabStop = row;
    row?.setTabStop(cursor?.column ?? 0);
  }

  /** Write what has changed of these backends, and tint it. Cost: nothing for those that are not visible. */
  refresh(slots: Iterable<number>): void {
    const rows: RowView[] = [];
    for (const slot of slots) {
      const row = this.#bySlot.get(slot);
      if (row !== undefined) {
        rows.push(row);
      }
    }
    const tint = rows.length <= TINTED_ROWS_MOST && mayMove();
    for (const row of rows) {
      if (row.refresh(tint)) {
        clearTimeout(this.#tinted.get(row));
        const timer = setTimeout(() => inLiveFrame(() => this.#untint(row, timer)), TINTED_MS);
        this.#tinted.set(row, timer);
      }
    }
  }

  /** Take the tint away, unless the row has been tinted again since. */
  #untint(row: RowView, timer: ReturnType<typeof setTimeout>): void {
    if (this.#tinted.get(row) === timer) {
      this.#tinted.delete(row);
      row.clearTint();
    }
  }

  /** Write all rows anew where they are no longer right, without a tint: widths, the language, or the time have changed. */
  refreshAll(): void {
    for (const row of this.#bySlot.values()) {
      row.refresh(false);
    }
  }

  /** Mark what is selected and open. */
  markAll(): void {
    for (const row of this.#bySlot.values()) {
      this.#mark(row);
    }
  }

  /** Put the rows into the document in the order in which they are read; the one that has the focus is not touched. */
  settle(): void {
    const rows = [...this.#bySlot.values()].sort((one, other) => one.index - other.index);
    const focused = rows.findIndex((row) => row.element.contains(document.activeElement));
    const pivot = focused < 0 ? rows.length : focused;
    let next: Element | null = rows[pivot]?.element ?? null;
    for (const row of rows.slice(0, pivot).reverse()) {
      if (row.element.nextElementSibling !== next) {
        this.#host.insertBefore(row.element, next);
      }
      next = row.element;
    }
    let before = rows[pivot]?.element;
    for (const row of rows.slice(pivot + 1)) {
      if (before !== undefined && before.nextElementSibling !== row.element) {
        before.after(row.element);
      }
      before = row.element;
    }
  }

  /** The cell of the cursor, if there is one. */
  cursorCell(column: number): HTMLElement | undefined {
    return this.#tabStop?.cell(column);
  }

  /** The row that an element is in. */
  rowOf(target: Element): RowView | undefined {
    const element = target.closest(".backend-row");
    for (const row of this.#bySlot.values()) {
      if (row.element === element) {
        return row;
      }
    }
    return undefined;
  }
}
