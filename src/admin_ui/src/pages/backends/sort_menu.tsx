/** The order of the cards, which have no heads to click on. */

import { Menu } from "@/components/menu";
import { t } from "@/core/i18n";
import { type ColumnId, SHAPES } from "@/pages/backends/columns";
import { areCards, setSort, sort } from "@/pages/backends/list_state";
import { sortAfter } from "@/pages/backends/sorting";

const COLUMNS: readonly ColumnId[] = ["status", "name", "latency", "since", "pending", "nodes"];

/** The button that opens the orders; it is there where cards are. */
export function SortMenu() {
  if (!areCards.value) {
    return null;
  }
  const items = COLUMNS.flatMap((id) => {
    const column = SHAPES[id].sort;
    return column === undefined
      ? []
      : [
          {
            id,
            label: t(`backends.column_${id}`),
            checked: sort.value.column === column,
            run: () => setSort(sortAfter(sort.peek(), column)),
          },
        ];
  });
  return <Menu label={t("backends.sort")} items={items} />;
}
