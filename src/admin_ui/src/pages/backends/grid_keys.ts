/** The keyboard of the list: moving, choosing, opening. */

import type { RefObject } from "preact";
import { partsOf } from "@/core/store";
import { applyOrder } from "@/pages/backends/freezing";
import type { GridView } from "@/pages/backends/grid_view";
import { cursor, indexOfKey, open, openKey, order, queryFieldId, selection, toggleBroken } from "@/pages/backends/list_state";
import { steerSelected, toggleRow, toggleShown } from "@/pages/backends/selecting";
import { fleet } from "@/state/fleet";
import { useKeys } from "@/state/keys";
import { go } from "@/state/place";
import { isOperator } from "@/state/session";

/** Bind the keys: arrows and the like where the focus is in the list, letters everywhere on the page. */
export function useGridKeys(host: RefObject<HTMLElement | null>, view: RefObject<GridView | null>, columnCount: number): void {
  const inList = () => host.current?.contains(document.activeElement) ?? false;
  const within = (action: () => void) => () => (inList() ? action() : false);
  const takesFocus = () => inList() || document.activeElement === document.body;
  const move = (by: number) => toRow(view.current, (rowIndex() ?? (by > 0 ? -1 : 1)) + by, takesFocus());
  const extend = (by: number) => {
    if (selection.anchor === undefined) {
      onRow(toggleRow);
    }
    move(by);
    selection.extendTo(order, rowIndex() ?? 0);
  };
  const page = () => view.current?.page ?? 1;
  useKeys("backends", {
    j: () => move(1),
    k: () => move(-1),
    x: () => onRow(toggleRow),
    d: () => (isOperator.peek() ? steerSelected("drain") : false),
    b: toggleBroken,
    ".": applyOrder,
    "/": () => document.getElementById(queryFieldId)?.focus(),
    Escape: closeOrClear,
    Enter: within(openRow),
    ArrowDown: within(() => move(1)),
    ArrowUp: within(() => move(-1)),
    "Shift+ArrowDown": within(() => extend(1)),
    "Shift+ArrowUp": within(() => extend(-1)),
    PageDown: within(() => move(page())),
    PageUp: within(() => move(-page())),
    "Ctrl+Home": within(() => toRow(view.current, 0, true)),
    "Ctrl+End": within(() => toRow(view.current, order.length - 1, true)),
    ArrowRight: within(() => toColumn(view.current, 1, columnCount)),
    ArrowLeft: within(() => toColumn(view.current, -1, columnCount)),
    Home: within(() => toColumn(view.current, -columnCount, columnCount)),
    End: within(() => toColumn(view.current, columnCount, columnCount)),
    "Ctrl+a": within(toggleShown),
  });
}

/** The place of the cursor; undefined without one. */
function rowIndex(): number | undefined {
  const at = cursor.peek();
  const index = at === undefined ? -1 : indexOfKey(at.key);
  return index < 0 ? undefined : index;
}

/** Go to a place of the order, or the nearest there is. An open drawer goes along. */
function toRow(view: GridView | null, wanted: number, focus: boolean): void {
  const index = Math.max(0, Math.min(wanted, order.length - 1));
  const slot = order.at(index);
  if (slot === undefined) {
    return;
  }
  const key = fleet.store.key(slot);
  cursor.value = { key, column: cursor.peek()?.column ?? 1 };
  view?.reveal(index);
  if (focus) {
    view?.focusCursor();
  }
  if (openKey.peek() !== null) {
    open(key);
  }
}

function toColumn(view: GridView | null, by: number, count: number): void {
  const at = cursor.peek();
  if (at === undefined) {
    toRow(view, 0, true);
    return;
  }
  const sign = getComputedStyle(document.documentElement).direction === "rtl" ? -1 : 1;
  cursor.value = { ...at, column: Math.max(0, Math.min(count - 1, at.column + by * sign)) };
  view?.focusCursorSoon();
}

function onRow(action: (slot: number) => void): void {
  const index = rowIndex();
  const slot = index === undefined ? undefined : order.at(index);
  if (slot !== undefined) {
    action(slot);
  }
}

/** The first Enter opens the drawer, the second the full page. */
function openRow(): void {
  onRow((slot) => {
    const key = fleet.store.key(slot);
    const parts = partsOf(key);
    if (openKey.peek() === key && parts !== undefined) {
      go({ page: "backends", path: [parts.kind, parts.name] });
    } else {
      open(key);
    }
  });
}

function closeOrClear(): boolean {
  if (openKey.peek() !== null) {
    open(null);
    return true;
  }
  const had = selection.size > 0;
  selection.clear();
  return had;
}
