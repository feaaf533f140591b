/** How rows from the hub get into the columns of the store. */
import { INTENTS, intentOf, STATUSES, statusOf } from "@/core/status";
import { COUNT_FIELDS, type Columns, type CountField, WORD_FIELDS, type WordField } from "@/core/store_columns";
import { type ColumnsLike, countFrom, type LeanRow, timeFrom } from "@/core/store_wire";

/** What the hub calls the counts. */
const COUNT_NAMES: Readonly<Record<CountField, string>> = {
  total: "total_nodes",
  available: "available_nodes",
  stale: "stale_nodes",
  healthy: "healthy",
  unhealthy: "unhealthy",
  draining: "draining",
  disabled: "disabled",
  pending: "pending",
  latency: "avg_latency_ms",
};

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function listFrom<T extends string | number>(value: unknown, isOne: (item: unknown) => item is T): readonly T[] {
  if (!Array.isArray(value)) {
    return [];
  }
  return value.every(isOne) ? value : value.filter(isOne);
}

const textFrom = (value: unknown): string => (isText(value) ? value : "");

/** The code of a word from the wire, of whatever kind it is; `hint` is the code that the row had so far. */
const CODE_OF: { readonly [F in WordField]: (columns: Columns, value: unknown, hint?: number) => number } = {
  kind: ({ words }, value, hint) => words.kind.codeOf(textFrom(value), hint),
  operations: ({ words }, value, hint) => words.operations.codeOf(listFrom(value, isText), hint),
  features: ({ words }, value, hint) => words.features.codeOf(listFrom(value, isText), hint),
  transports: ({ words }, value, hint) => words.transports.codeOf(listFrom(value, isText), hint),
  models: ({ words }, value, hint) => words.models.codeOf(listFrom(value, isText), hint),
  tags: ({ words }, value, hint) => words.tags.codeOf(listFrom(value, isText), hint),
  weights: ({ words }, value, hint) => words.weights.codeOf(listFrom(value, isNumber), hint),
  priorities: ({ words }, value, hint) => words.priorities.codeOf(listFrom(value, isNumber), hint),
  reason: ({ words }, value, hint) => words.reason.codeOf(textFrom(value), hint),
};

function conclude(columns: Columns, slot: number): void {
  const { counts } = columns;
  const total = counts.total[slot] ?? 0;
  const draining = counts.draining[slot] ?? 0;
  const disabled = counts.disabled[slot] ?? 0;
  const [available, healthy, unhealthy] = [counts.available[slot] ?? 0, counts.healthy[slot] ?? 0, counts.unhealthy[slot] ?? 0];
  columns.status[slot] = STATUSES.indexOf(statusOf(total, available, healthy, unhealthy, draining, disabled));
  columns.intent[slot] = INTENTS.indexOf(intentOf(total, draining, disabled));
}

/** Puts a row of the stream into a slot, whose kind and name are there already. Fields that the hub left out are none. */
export function fillFromRow(columns: Columns, slot: number, row: LeanRow): void {
  const { codes, counts } = columns;
  const fill = (field: WordField, value: unknown) => {
    codes[field][slot] = CODE_OF[field](columns, value, codes[field][slot]);
  };
  fill("operations", row.operations);
  fill("features", row.features);
  fill("transports", row.transports);
  fill("models", row.models);
  fill("tags", row.tags);
  fill("weights", row.weights);
  fill("priorities", row.priorities);
  fill("reason", row.status_reason);
  counts.total[slot] = countFrom(row.total_nodes);
  counts.available[slot] = countFrom(row.available_nodes);
  counts.stale[slot] = countFrom(row.stale_nodes);
  counts.healthy[slot] = countFrom(row.health?.healthy);
  counts.unhealthy[slot] = countFrom(row.health?.unhealthy);
  counts.draining[slot] = countFrom(row.intents?.draining);
  counts.disabled[slot] = countFrom(row.intents?.disabled);
  counts.pending[slot] = countFrom(row.pending);
  counts.latency[slot] = countFrom(row.avg_latency_ms);
  columns.since[slot] = timeFrom(row.since);
  conclude(columns, slot);
}

/** Puts loaded columns into slots, one for each place, whose kinds and names are there already. */
export function fillFromColumns(columns: Columns, slots: readonly number[], loaded: ColumnsLike): void {
  for (const field of WORD_FIELDS) {
    if (field !== "kind") {
      fillWords(columns, field, slots, loaded);
    }
  }
  for (const field of COUNT_FIELDS) {
    const column = columns.counts[field];
    const values = loaded.columns[COUNT_NAMES[field]] ?? [];
    for (let place = 0; place < slots.length; place++) {
      column[slots[place] ?? 0] = countFrom(values[place]);
    }
  }
  const since = loaded.columns.since_ms ?? [];
  slots.forEach((slot, place) => {
    columns.since[slot] = timeFrom(since[place]);
    conclude(columns, slot);
  });
}

function fillWords(columns: Columns, field: WordField, slots: readonly number[], loaded: ColumnsLike): void {
  const codes = (loaded.values[field] ?? []).map((word) => CODE_OF[field](columns, word));
  const places = loaded.columns[field] ?? [];
  const column = columns.codes[field];
  for (let place = 0; place < slots.length; place++) {
    column[slots[place] ?? 0] = codes[Number(places[place] ?? -1)] ?? 0;
  }
}
