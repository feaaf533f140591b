/** How the lists of nodes and models are sorted: as the address says, and what a click on a head makes of it. Pure. */

/** What a list can be sorted by. */
export interface SortChoices<N extends string> {
  /** All columns that sort; the first is the usual one. */
  readonly names: readonly [N, ...N[]];
  /** Columns whose large values are looked for, so that the first click has these first. */
  readonly largestFirst: readonly N[];
}

/** What a list is sorted by. */
export interface ListSort<N extends string> {
  readonly sort: N;
  readonly descending: boolean;
}

/** The order that parameters of an address ask for: `sort=pending`, or `-pending` for the largest first; else the usual one. */
export function listSortFrom<N extends string>(params: URLSearchParams, { names }: SortChoices<N>): ListSort<N> {
  const spelled = params.get("sort") ?? "";
  const sort = names.find((name) => name === spelled.replace(/^-/, ""));
  return sort === undefined ? { sort: names[0], descending: false } : { sort, descending: spelled.startsWith("-") };
}

/**
 * The parameter for the order after somebody has chosen a column: the one that was chosen before turns round. Null for the usual
 * order, which no address says.
 */
export function listSortAfter<N extends string>(
  present: ListSort<N> | undefined,
  chosen: string,
  { names, largestFirst }: SortChoices<N>,
): string | null {
  const sort = names.find((name) => name === chosen);
  if (sort === undefined) {
    return null;
  }
  const descending = present?.sort === sort ? !present.descending : largestFirst.includes(sort);
  return descending ? `-${sort}` : sort === names[0] ? null : sort;
}
