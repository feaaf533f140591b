/** Measures of the list that both its style and its code need to know, in pixels. */

import type { PlacedColumn } from "@/pages/backends/layout";
import type { Preferences } from "@/state/preferences";

/** Height of a row; `--row` of the style says the same. */
export const ROW_HEIGHTS: Readonly<Record<Preferences["density"], number>> = { compact: 26, normal: 32, comfortable: 40 };

/** Height of a card. */
export const CARD_HEIGHT = 82;

/** Height of the heads; cards have none. */
export const HEAD_HEIGHT = 32;

/** What a cell keeps free of words. */
export const CELL_PADDING = 16;

/** What a card shows; where is said in the style. */
export const CARD_COLUMNS: readonly PlacedColumn[] = (["name", "status", "latency", "why", "since", "nodes"] as const).map(
  (id) => ({
    id,
    width: 0,
  }),
);
