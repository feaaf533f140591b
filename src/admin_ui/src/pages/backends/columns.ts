/** The columns of the list: which there are, what each needs of the width, and how their choice is written in the address. */

import type { SortColumn } from "@/core/order_sort";

/** A column that a reader can show or hide. */
export type ColumnId =
  | "name"
  | "kind"
  | "status"
  | "intent"
  | "operations"
  | "transports"
  | "nodes"
  | "pending"
  | "latency"
  | "why"
  | "since"
  | "models"
  | "weight"
  | "priority"
  | "tags"
  | "features";

/** A column as it was chosen; `width` in pixels if the reader has set one. */
export interface ColumnChoice {
  readonly id: ColumnId;
  readonly width?: number;
}

/** What a column needs, in pixels; `rank` says how long it stays when room is short (a higher one longer). */
export interface ColumnShape {
  readonly least: number;
  readonly usual: number;
  readonly grow: number;
  readonly rank: number;
  readonly sort?: SortColumn;
  readonly end?: boolean;
}

/** Columns of this rank are never left out. */
export const ALWAYS = 100;

/** Each column's shape. */
export const SHAPES: Readonly<Record<ColumnId, ColumnShape>> = {
  name: { least: 156, usual: 200, grow: 2, rank: ALWAYS, sort: "name" },
  status: { least: 114, usual: 120, grow: 0, rank: ALWAYS, sort: "status" },
  kind: { least: 72, usual: 88, grow: 0, rank: 50, sort: "kind" },
  intent: { least: 84, usual: 92, grow: 0, rank: 30 },
  operations: { least: 150, usual: 176, grow: 1, rank: 20 },
  transports: { least: 72, usual: 96, grow: 0, rank: 10 },
  nodes: { least: 104, usual: 124, grow: 0, rank: 80, sort: "available" },
  pending: { least: 78, usual: 80, grow: 0, rank: 60, sort: "pending", end: true },
  latency: { least: 128, usual: 140, grow: 0, rank: 70, sort: "latency", end: true },
  why: { least: 156, usual: 260, grow: 4, rank: ALWAYS },
  since: { least: 62, usual: 76, grow: 0, rank: ALWAYS, sort: "since", end: true },
  models: { least: 96, usual: 180, grow: 1, rank: 15 },
  weight: { least: 64, usual: 72, grow: 0, rank: 12, sort: "weight", end: true },
  priority: { least: 64, usual: 72, grow: 0, rank: 11, sort: "priority", end: true },
  tags: { least: 96, usual: 160, grow: 1, rank: 9 },
  features: { least: 80, usual: 120, grow: 1, rank: 8 },
};

/** All columns, in the order in which the menu offers them. */
export const COLUMN_IDS = Object.keys(SHAPES).filter(isColumnId);

/** What is shown unless something else was chosen. */
export const DEFAULT_COLUMNS: readonly ColumnChoice[] = (
  ["name", "kind", "status", "intent", "operations", "nodes", "pending", "latency", "why", "since"] as const
).map((id) => ({ id }));

const NARROWEST = 48;
const WIDEST = 800;

/** Whether a word names a column. */
export function isColumnId(word: string): word is ColumnId {
  return Object.hasOwn(SHAPES, word);
}

/** A width that a column may have, in whole pixels. */
export function widthWithin(width: number): number {
  return Math.round(Math.min(WIDEST, Math.max(NARROWEST, width)));
}

/** The choice as the address has it: `name,status,why:320`. */
export function printColumns(columns: readonly ColumnChoice[]): string {
  return columns.map(({ id, width }) => (width === undefined ? id : `${id}:${width}`)).join(",");
}

/** The choice that an address, or a preference, holds; unknown columns are left out. Undefined if nothing is left. */
export function parseColumns(text: string | null | undefined): ColumnChoice[] | undefined {
  const columns = new Map<ColumnId, ColumnChoice>();
  for (const part of text?.split(",") ?? []) {
    const [id = "", width] = part.split(":");
    if (!isColumnId(id)) {
      continue;
    }
    const pixels = Number(width);
    columns.set(id, width === undefined || !Number.isFinite(pixels) ? { id } : { id, width: widthWithin(pixels) });
  }
  return columns.size > 0 ? [...columns.values()] : undefined;
}
