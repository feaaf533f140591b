/** Values of two sides beside each other. Pure. */
import { isRecord } from "@/core/records";

/** One value of a field, to be shown beside the other side's. */
export interface Shown {
  readonly text: string;
  /** Whether the other side has it not. */
  readonly odd: boolean;
}

/**
 * A field's value as a list of texts, each with whether the other side lacks it: so that of two long lists only what differs
 * stands out. Models are shown by their id, with the fields in which they differ.
 */
export function shownValues(value: unknown, other: unknown): Shown[] {
  if (Array.isArray(value) && (Array.isArray(other) || other === null || other === undefined)) {
    const others = new Set((other ?? []).map(written));
    return value.map((item) => ({ text: textOf(item, counterpart(item, other ?? [])), odd: !others.has(written(item)) }));
  }
  return [{ text: textOf(value, other), odd: true }];
}

/** The item of the other list with the same id. */
function counterpart(item: unknown, others: readonly unknown[]): unknown {
  return isRecord(item) ? others.find((other) => isRecord(other) && other.id === item.id) : undefined;
}

function textOf(value: unknown, other: unknown): string {
  if (isRecord(value) && typeof value.id === "string") {
    return [value.id, ...(isRecord(other) ? fieldsThatDiffer(value, other) : [])].join(" ");
  }
  return written(value);
}

function fieldsThatDiffer(value: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>): string[] {
  const names = Object.keys(value).filter((name) => written(value[name]) !== written(other[name]));
  return names.map((name) => `${name}=${written(value[name])}`);
}

function written(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}
