/**
 * What the list shows: the query, the order, the columns and the open backend, as the address says; the rows that match; what is
 * selected; and where the cursor is. There is one list, which outlives a visit of its page, so that on the way back everything is
 * as it was.
 */

import { computed, signal } from "@preact/signals";
import type { Membership } from "@/core/matcher";
import { parseSort, RowOrder, type Sort } from "@/core/order";
import { parseQuery } from "@/core/query";
import { hasTerm, withoutTerm } from "@/core/query_edit";
import { Selection } from "@/core/selection";
import {
  type ColumnChoice,
  type ColumnId,
  DEFAULT_COLUMNS,
  isColumnId,
  parseColumns,
  printColumns,
} from "@/pages/backends/columns";
import { CARDS_BELOW, SELECT_WIDTH, steppedBack } from "@/pages/backends/layout";
import { printSort } from "@/pages/backends/sorting";
import { fleet } from "@/state/fleet";
import { inLiveFrame } from "@/state/live_frame";
import { serverNow } from "@/state/now";
import { place, setParams } from "@/state/place";
import { prefer, preferences } from "@/state/preferences";

/** Id of the field of the query, which the key `/` leads to. */
export const queryFieldId = "backends-query";

/** The rows that match, in their order. */
export const order = new RowOrder(fleet.store, serverNow);

/** What is selected; it stays over changes of the query and of the fleet. */
export const selection = new Selection(fleet.store);

/** Goes up when other backends are selected. */
export const selectionChanges = signal(0);

selection.subscribe(() => {
  selectionChanges.value++;
});

/** Goes up some times a second while what matches changes: for sums and counts, which nobody reads faster. */
export const pulse = signal(0);

const PULSE_MS = 400;
let isPulsing = false;

function beat(): void {
  isPulsing = false;
  pulse.value++;
}

order.subscribe(() => {
  if (!isPulsing) {
    isPulsing = true;
    setTimeout(() => inLiveFrame(beat), PULSE_MS);
  }
});

/** The query as it is written. */
export const queryText = signal("");

/** The query as it is understood. */
export const query = computed(() => parseQuery(queryText.value));

/** Which backends are on the nodes that the query names; undefined if it names none, or the hub has not answered yet. */
export const membership = signal<Membership | undefined>(undefined);

const params = computed(() => {
  const { page, path, params: asked } = place.value;
  return page === "backends" && path.length === 0 ? asked : undefined;
});

// As texts, which stay the same while other parts of the address change.
const sortText = computed(() => params.value?.get("sort") ?? "");
const columnsText = computed(() => params.value?.get("columns") ?? "");

/** The order of the rows. */
export const sort = computed<Sort>(() => parseSort(sortText.value));

/** The key of the backend in the drawer; null if it is closed. */
export const openKey = computed(() => params.value?.get("open") ?? null);

/** A width while it is dragged. */
export const draggedWidth = signal<{ readonly id: ColumnId; readonly width: number } | undefined>(undefined);

const chosenColumns = computed<readonly ColumnChoice[]>(
  () => parseColumns(columnsText.value) ?? preferredColumns(preferences.value.columns, preferences.value.widths),
);

/** The columns that were chosen: by the address, else by preference. */
export const columns = computed<readonly ColumnChoice[]>(() => {
  const dragged = draggedWidth.value;
  return dragged === undefined
    ? chosenColumns.value
    : chosenColumns.value.map((column) => (column.id === dragged.id ? dragged : column));
});

/** Width of the list in pixels; 0 before it is measured. */
export const listWidth = signal(0);

/** Whether there is so little room that rows are cards. */
export const areCards = computed(() => listWidth.value > 0 && listWidth.value < CARDS_BELOW);

/** Columns that were chosen and that there is no room for now. */
export const hiddenColumns = computed(() => steppedBack(columns.value, listWidth.value - SELECT_WIDTH));

/** Where the cursor is: a backend, and a column counted from the checkbox. */
export const cursor = signal<{ readonly key: string; readonly column: number } | undefined>(undefined);

/** Where a backend is in the order; -1 if it is not shown. */
export function indexOfKey(key: string): number {
  const slot = fleet.store.slotOf(key);
  return slot === undefined ? -1 : order.indexOf(slot);
}

function preferredColumns(ids: readonly string[] | null, widths: Readonly<Record<string, number>>): readonly ColumnChoice[] {
  const known = ids?.filter(isColumnId) ?? [];
  const shown = known.length > 0 ? known : DEFAULT_COLUMNS.map((column) => column.id);
  return shown.map((id) => (widths[id] === undefined ? { id } : { id, width: widths[id] }));
}

// --- changing ------------------------------------------------------------------------------------------------------------

const TYPED_AFTER_MS = 300;
let typing: ReturnType<typeof setTimeout> | undefined;
let isTyping = false;

/** Look for a query while it is typed: at once in the list, and a little later in the address, in one entry of the history. */
export function typeQuery(text: string): void {
  queryText.value = text;
  clearTimeout(typing);
  typing = setTimeout(() => {
    setParams({ q: text.trim() }, { replace: isTyping });
    isTyping = true;
  }, TYPED_AFTER_MS);
}

/** The query is written: what is typed next is another entry of the history. */
export function endTyping(): void {
  isTyping = false;
}

/** Look for a query, in an entry of the history of its own. */
export function setQuery(text: string): void {
  clearTimeout(typing);
  isTyping = false;
  queryText.value = text;
  setParams({ q: text.trim() });
}

let asked = "";

/** Follow the address: a query that comes from elsewhere, such as the way back, is the one from now on. */
export function followQuery(): void {
  const now = params.value?.get("q") ?? "";
  if (params.value === undefined || now === asked) {
    return;
  }
  asked = now;
  if (now !== queryText.peek().trim()) {
    clearTimeout(typing);
    isTyping = false;
    queryText.value = now;
  }
}

/** Order the rows. */
export function setSort(next: Sort): void {
  setParams({ sort: printSort(next) });
}

/** Show these columns, here and from now on. */
export function setColumns(next: readonly ColumnChoice[]): void {
  const isUsual = printColumns(next) === printColumns(DEFAULT_COLUMNS);
  const widths = Object.fromEntries(next.flatMap(({ id, width }) => (width === undefined ? [] : [[id, width]])));
  prefer(isUsual ? { columns: null, widths: {} } : { columns: next.map((column) => column.id), widths });
  setParams({ columns: isUsual ? null : printColumns(next) }, { replace: true });
}

/** Give a column a width; undefined for its own. */
export function setWidth(id: ColumnId, width: number | undefined): void {
  setColumns(columns.peek().map((column) => (column.id !== id ? column : width === undefined ? { id } : { id, width })));
}

/** Show a backend in the drawer; null closes it. Going on to another one leaves no entry in the history. */
export function open(key: string | null): void {
  setParams({ open: key }, { replace: key !== null && openKey.peek() !== null });
}

const BROKEN = ["unavailable", "degraded"] as const;

/** Show only what is broken, or everything again. */
export function toggleBroken(): void {
  const text = queryText.peek();
  const isOnly = BROKEN.every((status) => hasTerm(text, "status", status));
  const rest = withoutTerm(text, "status");
  setQuery(isOnly ? rest : `${rest} status:${BROKEN.join(",")}`.trim());
}
