/** Backends as a file: CSV for spreadsheets, JSON and NDJSON for programs. Names of fields are those of the hub's own export. */
import type { BackendStore, Row } from "@/core/store";
import { isoOf } from "@/core/time";

/** What kind of file. */
export type ExportFormat = "csv" | "json" | "ndjson";

/** All kinds, in the order in which menus offer them. */
export const EXPORT_FORMATS: readonly ExportFormat[] = ["csv", "json", "ndjson"];

/** What a browser takes the files for. */
export const EXPORT_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: "text/csv;charset=utf-8",
  json: "application/json",
  ndjson: "application/x-ndjson",
};

/** Rows that become one piece of the file. */
const AT_ONCE = 1000;
/** What a spreadsheet takes for the beginning of a formula, in both widths. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** The fields of a row, as they are in files. */
function fieldsOf(row: Row) {
  return {
    name: row.name,
    kind: row.kind,
    operations: row.operations,
    features: row.features,
    transports: row.transports,
    models: row.models,
    tags: row.tags,
    weights: row.weights,
    priorities: row.priorities,
    status: row.status,
    status_reason: row.reason,
    since: row.sinceMs === 0 ? null : isoOf(row.sinceMs),
    available_nodes: row.available,
    total_nodes: row.total,
    stale_nodes: row.stale,
    healthy: row.healthy,
    unhealthy: row.unhealthy,
    unknown: Math.max(0, row.total - row.healthy - row.unhealthy),
    intent: row.intent,
    enabled: Math.max(0, row.total - row.draining - row.disabled),
    draining: row.draining,
    disabled: row.disabled,
    pending: row.pending,
    avg_latency_ms: row.latencyMs,
  };
}

type Field = ReturnType<typeof fieldsOf>[keyof ReturnType<typeof fieldsOf>];

function textOf(field: Field): string {
  return typeof field === "object" && field !== null ? field.join(" ") : String(field ?? "");
}

function cellOf(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A line of CSV with its end: quoted where it has to be, and no cell is one that a spreadsheet would take for a formula. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(cellOf).join(",")}\r\n`;
}

const HEADS = Object.keys(
  fieldsOf({
    kind: "",
    name: "",
    key: "",
    operations: [],
    transports: [],
    models: [],
    features: [],
    tags: [],
    weights: [],
    priorities: [],
    reason: "",
    sinceMs: 0,
    total: 0,
    available: 0,
    stale: 0,
    healthy: 0,
    unhealthy: 0,
    draining: 0,
    disabled: 0,
    pending: 0,
    latencyMs: 0,
    status: "unknown",
    intent: "enabled",
  }),
);

const WRITE: Readonly<Record<ExportFormat, (rows: readonly Row[], isFirst: boolean) => string>> = {
  csv: (rows, isFirst) =>
    (isFirst ? csvLine(HEADS) : "") + rows.map((row) => csvLine(Object.values(fieldsOf(row)).map(textOf))).join(""),
  json: (rows, isFirst) => (isFirst ? "[" : ",\n") + rows.map((row) => JSON.stringify(fieldsOf(row))).join(",\n"),
  ndjson: (rows) => rows.map((row) => `${JSON.stringify(fieldsOf(row))}\n`).join(""),
};

/**
 * Some rows as the pieces of a file, in their order. In CSV a text that a spreadsheet would take for a formula begins with an
 * apostrophe; times are ISO 8601 in UTC. Cost: some microseconds a row; between two pieces others can have their turn.
 */
export function* exported(store: BackendStore, slots: Iterable<number>, format: ExportFormat): Generator<string> {
  let rows: Row[] = [];
  let isFirst = true;
  for (const slot of slots) {
    rows.push(store.row(slot));
    if (rows.length === AT_ONCE) {
      yield WRITE[format](rows, isFirst);
      rows = [];
      isFirst = false;
    }
  }
  if (rows.length > 0 || isFirst) {
    yield WRITE[format](rows, isFirst);
  }
  if (format === "json") {
    yield "]\n";
  }
}
