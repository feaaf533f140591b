/** The order of the list in the address, and what a click on a head makes of it. */

import { DEFAULT_SORT, printSort as printed, type Sort, type SortColumn } from "@/core/order_sort";

/** Columns whose large values are looked for, so that the first click on the head has these first. */
const LARGEST_FIRST: readonly SortColumn[] = ["pending", "latency", "since"];

/** The order as an address has it; empty for the usual one. */
export function printSort(sort: Sort): string {
  const text = printed(sort);
  return text === printed(DEFAULT_SORT) ? "" : text;
}

/** The order after a click on the head of a column: this column, then the other way round. */
export function sortAfter(sort: Sort, column: SortColumn): Sort {
  const descending = sort.column === column ? !sort.descending : LARGEST_FIRST.includes(column);
  return { column, descending };
}
