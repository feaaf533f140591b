// biome-ignore-all lint/a11y/useSemanticElements: the rows below are no table
/** The heads of the columns: they say how the list is ordered, order it, and make columns wider or narrower. */

import { t } from "@/core/i18n";
import { type ColumnId, SHAPES, widthWithin } from "@/pages/backends/columns";
import type { PlacedColumn } from "@/pages/backends/layout";
import { draggedWidth, order, pulse, selection, selectionChanges, setSort, setWidth, sort } from "@/pages/backends/list_state";
import { toggleShown } from "@/pages/backends/selecting";
import { sortAfter } from "@/pages/backends/sorting";

/** The row of heads. */
export function Head({ columns }: { readonly columns: readonly PlacedColumn[] }) {
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the buttons in it have the focus
    <div class="backend-head" role="row" aria-rowindex={1}>
      <SelectAll />
      {columns.map((column, at) => (
        <ColumnHead key={column.id} column={column} place={at + 2} />
      ))}
    </div>
  );
}

function SelectAll() {
  pulse.value;
  selectionChanges.value;
  const shown = order.length;
  const chosen = selection.countIn(order);
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the checkbox in it has the focus
    <div class="head-cell head-select" role="columnheader" aria-colindex={1}>
      <input
        type="checkbox"
        aria-label={t("backends.select_all_shown")}
        checked={shown > 0 && chosen === shown}
        indeterminate={chosen > 0 && chosen < shown}
        onChange={toggleShown}
      />
    </div>
  );
}

function ColumnHead({ column, place }: { readonly column: PlacedColumn; readonly place: number }) {
  const { id } = column;
  const shape = SHAPES[id];
  const label = t(`backends.column_${id}`);
  const isSorted = shape.sort !== undefined && sort.value.column === shape.sort;
  const direction = sort.value.descending ? "descending" : "ascending";
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the button in it has the focus
    <div
      class={`head-cell ${shape.end ? "is-end" : ""}`}
      role="columnheader"
      aria-colindex={place}
      aria-sort={isSorted ? direction : undefined}
    >
      {shape.sort === undefined ? (
        <span class="cut">{label}</span>
      ) : (
        <button type="button" class="head-sort" title={t("backends.sort_by", { column: label })} onClick={() => sortBy(id)}>
          <span class="cut">{label}</span>
          {isSorted && <span aria-hidden="true">{sort.value.descending ? "↓" : "↑"}</span>}
        </button>
      )}
      <Handle column={column} label={label} />
    </div>
  );
}

function sortBy(id: ColumnId): void {
  const column = SHAPES[id].sort;
  if (column !== undefined) {
    setSort(sortAfter(sort.peek(), column));
  }
}

/** The edge that is dragged; a double click gives the column its own width back. The menu of columns does the same by keys. */
function Handle({ column, label }: { readonly column: PlacedColumn; readonly label: string }) {
  const drag = (event: PointerEvent) => {
    const handle = event.currentTarget;
    if (!(handle instanceof HTMLElement) || event.button !== 0) {
      return;
    }
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    const start = event.clientX;
    const sign = getComputedStyle(handle).direction === "rtl" ? -1 : 1;
    const move = (moved: PointerEvent) => {
      draggedWidth.value = { id: column.id, width: widthWithin(column.width + sign * (moved.clientX - start)) };
    };
    const end = () => {
      const dragged = draggedWidth.peek();
      draggedWidth.value = undefined;
      if (dragged !== undefined) {
        setWidth(dragged.id, dragged.width);
      }
      handle.removeEventListener("pointermove", move);
      handle.removeEventListener("pointerup", end);
      handle.removeEventListener("pointercancel", end);
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", end);
    handle.addEventListener("pointercancel", end);
  };
  return (
    <span
      class="head-handle"
      aria-hidden="true"
      title={t("backends.resize", { column: label })}
      onPointerDown={drag}
      onDblClick={() => setWidth(column.id, undefined)}
    />
  );
}
