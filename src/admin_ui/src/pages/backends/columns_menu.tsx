// biome-ignore-all lint/a11y/useSemanticElements: what is in the group is no form
/** Which columns are shown, in which order and how wide: by pointer or by keys. */

import { Button } from "@/components/button";
import { Icon } from "@/components/icon";
import { Popover } from "@/components/popover";
import { t } from "@/core/i18n";
import { COLUMN_IDS, type ColumnChoice, type ColumnId, DEFAULT_COLUMNS, SHAPES, widthWithin } from "@/pages/backends/columns";
import { placed, SELECT_WIDTH } from "@/pages/backends/layout";
import { areCards, columns, hiddenColumns, listWidth, setColumns, setWidth } from "@/pages/backends/list_state";
import "@/pages/backends/columns_menu.css";

/** How much a key makes a column wider or narrower, in pixels. */
const STEP = 16;

/** The button that opens the columns; cards have none to choose. */
export function ColumnsMenu() {
  if (areCards.value) {
    return null;
  }
  return (
    <Popover
      trigger={
        <>
          <Icon name="columns" />
          <span class="button-words">{t("backends.columns")}</span>
        </>
      }
      triggerClass="button button-plain"
      panelClass="columns-panel"
    >
      <ColumnsPanel />
    </Popover>
  );
}

function ColumnsPanel() {
  const shown = columns.value;
  const rest = COLUMN_IDS.filter((id) => !shown.some((column) => column.id === id));
  return (
    <div class="columns" role="group" aria-label={t("backends.columns")}>
      <p class="muted columns-hint">{t("backends.columns_hint")}</p>
      <ul>
        {shown.map((column, at) => (
          <ShownColumn key={column.id} column={column} place={at} last={shown.length - 1} />
        ))}
        {rest.map((id) => (
          <li key={id} class="columns-row">
            <Check id={id} isShown={false} />
          </li>
        ))}
      </ul>
      <Button kind="ghost" onClick={() => setColumns(DEFAULT_COLUMNS)}>
        {t("backends.columns_reset")}
      </Button>
    </div>
  );
}

function Check({ id, isShown }: { readonly id: ColumnId; readonly isShown: boolean }) {
  return (
    <label class="columns-label">
      <input type="checkbox" checked={isShown} disabled={isShown && columns.value.length === 1} onChange={() => toggle(id)} />
      <span class="cut">{t(`backends.column_${id}`)}</span>
      {hiddenColumns.value.includes(id) && <span class="muted columns-note">{t("backends.column_no_room")}</span>}
    </label>
  );
}

interface ShownColumnProps {
  readonly column: ColumnChoice;
  readonly place: number;
  readonly last: number;
}

function ShownColumn({ column, place, last }: ShownColumnProps) {
  const { id } = column;
  const name = { column: t(`backends.column_${id}`) };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowUp: () => move(place, -1),
    ArrowDown: () => move(place, 1),
    ArrowRight: () => setWidth(id, widthWithin(shownWidth(column) + STEP)),
    ArrowLeft: () => setWidth(id, widthWithin(shownWidth(column) - STEP)),
  };
  return (
    <li
      class="columns-row"
      onKeyDown={(event) => {
        const action = event.altKey ? keys[event.key] : undefined;
        if (action !== undefined) {
          event.preventDefault();
          action();
        }
      }}
    >
      <Check id={id} isShown />
      <span class="columns-tools">
        <Button
          kind="ghost"
          icon="up"
          label={t("backends.column_up", name)}
          disabled={place === 0}
          onClick={() => move(place, -1)}
        />
        <Button
          kind="ghost"
          icon="down"
          label={t("backends.column_down", name)}
          disabled={place === last}
          onClick={() => move(place, 1)}
        />
      </span>
    </li>
  );
}

/** How wide a column is now, in pixels; its usual width if there is no room for it. */
function shownWidth({ id, width }: ColumnChoice): number {
  const shown = placed(columns.peek(), listWidth.peek() - SELECT_WIDTH).find((column) => column.id === id);
  return shown?.width ?? width ?? SHAPES[id].usual;
}

function toggle(id: ColumnId): void {
  const shown = columns.peek();
  setColumns(shown.some((column) => column.id === id) ? shown.filter((column) => column.id !== id) : [...shown, { id }]);
}

function move(place: number, by: number): void {
  const moved = [...columns.peek()];
  const [column] = moved.splice(place, 1);
  if (column !== undefined && place + by >= 0) {
    moved.splice(place + by, 0, column);
    setColumns(moved);
  }
}
