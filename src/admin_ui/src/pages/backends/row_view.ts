/** One row of the list as elements, for whichever backend it shows now. */

import { t } from "@/core/i18n";
import { CELLS, type CellReads, type Show } from "@/pages/backends/cells";
import type { PlacedColumn } from "@/pages/backends/layout";

/** What a changed cell is for a while. */
const TINT = "is-changed";

/** One row of the list. The document is touched only where what is shown changes. */
export class RowView {
  readonly element = document.createElement("div");
  /** The backend it shows; -1 for none. */
  slot = -1;
  /** Its place in the order; -1 for none. */
  index = -1;
  readonly #cells: HTMLElement[] = [];
  readonly #shows: Show[] = [];
  readonly #check = document.createElement("input");
  readonly #reads: CellReads;
  #top = -1;
  #isTinted = false;

  constructor(columns: readonly PlacedColumn[], reads: CellReads) {
    this.#reads = reads;
    this.element.setAttribute("role", "row");
    this.element.className = "backend-row";
    this.#addCheck();
    columns.forEach(({ id }, at) => {
      const cell = this.#addCell(`cell cell-${id}`, at + 2);
      this.#shows.push(CELLS[id](cell, reads));
    });
  }

  #addCheck(): void {
    this.#check.type = "checkbox";
    this.#check.tabIndex = -1;
    this.#addCell("cell cell-select", 1).append(this.#check);
  }

  #addCell(className: string, column: number): HTMLElement {
    const cell = document.createElement("div");
    cell.className = className;
    cell.setAttribute("role", "gridcell");
    cell.setAttribute("aria-colindex", String(column));
    this.#cells.push(cell);
    this.element.append(cell);
    return cell;
  }

  /** Show a backend in all cells, without a tint. */
  bind(slot: number): void {
    this.slot = slot;
    for (const show of this.#shows) {
      show(slot);
    }
    this.clearTint();
    this.#check.setAttribute("aria-label", t("backends.select_row", { name: this.#reads.store.name(slot) }));
  }

  /** Show what has changed of its backend; these cells are tinted until `clearTint`. Whether any is. */
  refresh(tint: boolean): boolean {
    let isTinted = false;
    this.#shows.forEach((show, at) => {
      if (show(this.slot) && tint) {
        this.#cells[at + 1]?.classList.add(TINT);
        isTinted = true;
      }
    });
    this.#isTinted ||= isTinted;
    return isTinted;
  }

  /** Take the tints away. */
  clearTint(): void {
    if (this.#isTinted) {
      this.#isTinted = false;
      for (const cell of this.#cells) {
        cell.classList.remove(TINT);
      }
    }
  }

  /** Be in this place of the order, so many pixels from its beginning. */
  move(index: number, top: number): void {
    if (this.index !== index) {
      this.index = index;
      // The head is the first row.
      this.element.setAttribute("aria-rowindex", String(index + 2));
    }
    if (this.#top !== top) {
      this.#top = top;
      // Not `top`: that would lay out the list anew.
      this.element.style.transform = `translateY(${top}px)`;
    }
  }

  /** Show whether it is selected, open in the drawer, and gone. */
  mark(isSelected: boolean, isOpen: boolean, isGone: boolean): void {
    if (this.#check.checked !== isSelected) {
      this.#check.checked = isSelected;
    }
    const selected = String(isSelected);
    if (this.element.getAttribute("aria-selected") !== selected) {
      this.element.setAttribute("aria-selected", selected);
    }
    this.element.classList.toggle("is-open", isOpen);
    this.element.classList.toggle("is-gone", isGone);
  }

  /** Its cell in a column, counted from the checkbox. */
  cell(column: number): HTMLElement | undefined {
    return this.#cells[column];
  }

  /** Make a cell the one that Tab reaches, or none; -1 for none. */
  setTabStop(column: number): void {
    this.element.classList.toggle("is-cursor", column >= 0);
    this.#cells.forEach((cell, at) => {
      if (at === column && !cell.hasAttribute("tabindex")) {
        cell.tabIndex = 0;
      } else if (at !== column && cell.hasAttribute("tabindex")) {
        cell.removeAttribute("tabindex");
      }
    });
  }
}
