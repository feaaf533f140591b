/** The mouse and fingers in the list: opening, selecting, and seeing in full what is cut off. */

import { formatTime, isoOf } from "@/core/time";
import { holdOrder } from "@/pages/backends/freezing";
import type { GridView } from "@/pages/backends/grid_view";
import { cursor, open } from "@/pages/backends/list_state";
import { selectTo, toggleRow } from "@/pages/backends/selecting";
import { fleet } from "@/state/fleet";
import { preferences } from "@/state/preferences";

/** Listen to the body of the list; what it returns ends that. */
export function followPointer(host: HTMLElement, view: GridView): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  host.addEventListener("click", (event) => onClick(event, view), { signal });
  host.addEventListener("pointerover", (event) => showInFull(event.target, view), { signal });
  host.addEventListener("focusin", (event) => onFocus(event.target, view), { signal });
  host.addEventListener("focusout", () => holdOrder("focus", false), { signal });
  host.addEventListener("pointerenter", (event) => holdOrder("pointer", event.pointerType === "mouse"), { signal });
  host.addEventListener("pointerleave", () => holdOrder("pointer", false), { signal });
  return () => {
    abort.abort();
    holdOrder("pointer", false);
    holdOrder("focus", false);
  };
}

function onFocus(target: EventTarget | null, view: GridView): void {
  holdOrder("focus", true);
  showInFull(target, view);
}

function onClick(event: MouseEvent, view: GridView): void {
  const { target } = event;
  const slot = target instanceof Element ? view.slotAt(target) : undefined;
  if (!(target instanceof Element) || slot === undefined) {
    return;
  }
  const key = fleet.store.key(slot);
  const isOnCheck = target.closest(".cell-select") !== null;
  const isOther = event.metaKey || event.ctrlKey;
  if (target.closest("a") !== null && isOther) {
    // The browser opens it in another tab.
    return;
  }
  event.preventDefault();
  if (event.shiftKey) {
    selectTo(slot);
  } else if (isOnCheck || isOther) {
    toggleRow(slot);
  } else if (document.getSelection()?.isCollapsed ?? true) {
    open(key);
  }
  cursor.value = { key, column: columnOf(target) };
  view.focusCursorSoon();
  view.markSoon();
}

function columnOf(target: Element): number {
  return Number(target.closest("[aria-colindex]")?.getAttribute("aria-colindex") ?? 2) - 1;
}

/** What is cut off, and when exactly it was, can be read by pointing at it. */
function showInFull(target: EventTarget | null, view: GridView): void {
  const cell = target instanceof Element ? target.closest<HTMLElement>(".cell") : null;
  if (cell === null) {
    return;
  }
  if (cell.classList.contains("cell-since")) {
    const slot = view.slotAt(cell);
    const at = slot === undefined ? Number.NaN : fleet.store.sinceMs(slot);
    cell.title = `${formatTime(at, preferences.peek().zone, "full")} · ${isoOf(at)}`;
    return;
  }
  const isCut = cell.scrollWidth > cell.clientWidth || cell.querySelector(".cell-rest") !== null;
  const words = isCut ? wordsOf(cell, view) : "";
  if (cell.title !== words) {
    cell.title = words;
  }
}

function wordsOf(cell: HTMLElement, view: GridView): string {
  const slot = view.slotAt(cell);
  return cell.classList.contains("cell-operations") && slot !== undefined
    ? fleet.store.operations(slot).join(", ")
    : (cell.textContent ?? "");
}
