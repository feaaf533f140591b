/** What comes from the hub, as the store takes it: a hub of another version may leave fields out or have more of them. */
import { isRecord } from "@/core/records";

/** How far what is shown can be relied on. */
export interface Facts {
  /** When the hub said so, ISO 8601; empty before the first load. */
  readonly as_of: string;
  /** Whether most of the known nodes have been heard since the hub's start. */
  readonly complete: boolean;
  /** Whether silent nodes are kept for now, since too many are silent at once. */
  readonly protected: boolean;
  /** Why the view may be old; empty if it is not. */
  readonly degraded: string;
}

/** An entry of the cluster without its nodes, as in the lean stream. */
export interface LeanRow {
  readonly kind: string;
  readonly name: string;
  readonly operations?: readonly string[];
  readonly features?: readonly string[];
  readonly transports?: readonly string[];
  readonly models?: readonly string[];
  readonly tags?: readonly string[];
  readonly weights?: readonly number[];
  readonly priorities?: readonly number[];
  readonly status_reason?: string;
  /** ISO 8601. */
  readonly since?: string;
  readonly available_nodes?: number;
  readonly total_nodes?: number;
  readonly stale_nodes?: number;
  readonly health?: { readonly healthy?: number; readonly unhealthy?: number };
  readonly intents?: { readonly draining?: number; readonly disabled?: number };
  readonly pending?: number;
  readonly avg_latency_ms?: number;
}

/** What changed: rows that are new or otherwise, and rows that are gone. */
export interface Delta {
  readonly upserts: readonly LeanRow[];
  readonly deletes: readonly { readonly kind: string; readonly name: string }[];
}

/** All rows as columns; what many rows share is a place in `values`. The generated `ClusterColumns` is one of these. */
export interface ColumnsLike extends Partial<Facts> {
  /** From where on the stream goes on. */
  readonly stream_id?: string;
  readonly values: { readonly kind: readonly string[] } & { readonly [field: string]: readonly unknown[] };
  readonly columns: { readonly name: readonly string[]; readonly kind: readonly number[] } & {
    readonly [field: string]: readonly (string | number)[];
  };
}

function isNamed(value: unknown): value is { readonly kind: string; readonly name: string } {
  return isRecord(value) && typeof value.kind === "string" && typeof value.name === "string";
}

/** Whether this is a delta that the store can take; what is inside a row is looked at when it is taken. */
export function isDelta(value: unknown): value is Delta {
  return (
    isRecord(value) &&
    Array.isArray(value.upserts) &&
    Array.isArray(value.deletes) &&
    value.upserts.every(isNamed) &&
    value.deletes.every(isNamed)
  );
}

/** Whether these are columns that the store can take: names and kinds are there, and every column is as long as the names. */
export function isColumns(value: unknown): value is ColumnsLike {
  if (!isRecord(value) || !isRecord(value.values) || !isRecord(value.columns)) {
    return false;
  }
  const { name, kind } = value.columns;
  if (!Array.isArray(name) || !Array.isArray(kind) || !Array.isArray(value.values.kind)) {
    return false;
  }
  return Object.values(value.columns).every((column) => Array.isArray(column) && column.length === name.length);
}

/** The facts among these fields; what is missing or of another kind stays as it was. */
export function factsFrom(value: unknown, before: Facts): Facts {
  if (!isRecord(value)) {
    return before;
  }
  return {
    as_of: typeof value.as_of === "string" ? value.as_of : before.as_of,
    complete: typeof value.complete === "boolean" ? value.complete : before.complete,
    protected: typeof value.protected === "boolean" ? value.protected : before.protected,
    degraded: typeof value.degraded === "string" ? value.degraded : before.degraded,
  };
}

const NUMBER_MOST = 0xffff_ffff;

/** A count from the wire as a column can hold it; 0 for what is none. */
export function countFrom(value: unknown): number {
  return typeof value === "number" && value > 0 ? Math.min(Math.trunc(value), NUMBER_MOST) : 0;
}

/** Milliseconds since 1970 of a time from the wire; 0 for what is none. */
export function timeFrom(value: unknown): number {
  if (typeof value === "number") {
    return Number.isFinite(value) ? value : 0;
  }
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? 0 : time;
}
