/** By what rows are sorted, as numbers to compare. */
import type { BackendStore } from "@/core/store";

/** What rows can be sorted by. */
export type SortColumn =
  | "status"
  | "name"
  | "kind"
  | "pending"
  | "latency"
  | "since"
  | "nodes"
  | "available"
  | "weight"
  | "priority";

/** An order. Equals are sorted by name, and then kind. */
export interface Sort {
  readonly column: SortColumn;
  /** The largest, the latest or the best first. */
  readonly descending: boolean;
}

/** Every column that rows can be sorted by. */
export const SORT_COLUMNS: readonly SortColumn[] = [
  "status",
  "name",
  "kind",
  "pending",
  "latency",
  "since",
  "nodes",
  "available",
  "weight",
  "priority",
];

/** The worst first. */
export const DEFAULT_SORT: Sort = { column: "status", descending: false };

/** A sort as text, for addresses: `status`, `-latency`. */
export function printSort(sort: Sort): string {
  return `${sort.descending ? "-" : ""}${sort.column}`;
}

/** The sort that a text stands for; the default one if it is none. */
export function parseSort(text: string | null | undefined): Sort {
  const descending = text?.startsWith("-") ?? false;
  const column = SORT_COLUMNS.find((one) => one === text?.slice(descending ? 1 : 0));
  return column === undefined ? DEFAULT_SORT : { column, descending };
}

/** A row's place in the order: the smaller comes first. Of equal values, the smaller rank does. */
export interface Places {
  value(slot: number): number;
  rank(slot: number): number;
  /** Another number when values of rows that have not changed may be others, as when a kind comes that is new. */
  version(): number;
}

/** The largest value: where rows go that have none, in both directions. */
export const NONE_LAST = 2 ** 32 - 1;

function rankedKinds(store: BackendStore): (slot: number) => number {
  const { columns } = store;
  const kinds = columns.words.kind;
  let ranks: number[] = [];
  let epoch = -1;
  return (slot) => {
    if (ranks.length !== kinds.size || epoch !== kinds.epoch) {
      const names = Array.from({ length: kinds.size }, (_, code) => kinds.at(code));
      const sorted = [...names].sort();
      ranks = names.map((name) => sorted.indexOf(name));
      epoch = kinds.epoch;
    }
    return ranks[columns.codes.kind[slot] ?? 0] ?? 0;
  };
}

function numberOf(store: BackendStore, column: SortColumn): (slot: number) => number {
  switch (column) {
    case "status":
      return (slot) => store.columns.status[slot] ?? 0;
    case "name":
      return () => 0;
    case "kind":
      return rankedKinds(store);
    case "pending":
      return (slot) => store.pending(slot);
    case "latency":
      return (slot) => store.latency(slot) || NONE_LAST;
    case "since":
      // By the second, so that all values have 32 bits.
      return (slot) => Math.floor(store.sinceMs(slot) / 1000) || NONE_LAST;
    case "nodes":
      return (slot) => store.total(slot);
    case "available":
      return (slot) => store.available(slot);
    case "weight":
      return (slot) => store.weights(slot).at(-1) ?? NONE_LAST;
    case "priority":
      return (slot) => store.priorities(slot)[0] ?? NONE_LAST;
  }
}

/**
 * Where rows of the store stand under a sort. Values are whole numbers of 32 bits and a sign. Latency that there is none of, an unknown
 * time and no weight come last whichever way; of several weights the largest counts, of several priorities the smallest.
 */
export function placesBy(store: BackendStore, sort: Sort): Places {
  const number = numberOf(store, sort.column);
  const sign = sort.descending ? -1 : 1;
  const nameSign = sort.column === "name" ? sign : 1;
  const kinds = store.columns.words.kind;
  return {
    value: (slot) => {
      const value = Math.trunc(number(slot));
      return value >= NONE_LAST ? NONE_LAST : sign * value;
    },
    rank: (slot) => nameSign * store.rank(slot),
    version: () => (sort.column === "kind" ? kinds.epoch + kinds.size : 0),
  };
}
