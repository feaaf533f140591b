/** Which fields a query knows, and what they take. */

import type { NumberField, ValueField } from "@/core/query_types";
import { INTENTS, STATUSES } from "@/core/status";

/** Every field with values, in the order in which they are suggested. */
export const VALUE_FIELDS: readonly ValueField[] = [
  "status",
  "kind",
  "name",
  "op",
  "transport",
  "model",
  "feature",
  "node",
  "tag",
  "intent",
  "stale",
];

/** Every field that is compared, and what a comparison looks like. */
export const NUMBER_EXAMPLES: Readonly<Record<NumberField, string>> = {
  latency: "latency>400",
  pending: "pending>0",
  nodes: "nodes<3",
  available: "available=0",
  since: "since<10m",
  weight: "weight>=2",
  priority: "priority=0",
};

/** Values of the fields that have no others. */
export const CLOSED_VALUES: Readonly<Partial<Record<ValueField, readonly string[]>>> = {
  status: STATUSES,
  intent: INTENTS,
  stale: ["yes", "no"],
};

/** What people write who mean another name. */
const MEANT: Readonly<Record<string, ValueField | NumberField>> = {
  operation: "op",
  operations: "op",
  ops: "op",
  health: "status",
  state: "status",
  is: "status",
  host: "node",
  label: "tag",
  labels: "tag",
  age: "since",
  total: "nodes",
};

/** Whether a name is that of a field with values. */
export function isValueField(name: string): name is ValueField {
  return VALUE_FIELDS.some((field) => field === name);
}

/** Whether a name is that of a field that is compared. */
export function isNumberField(name: string): name is NumberField {
  return name in NUMBER_EXAMPLES;
}

/** Whether the numbers of a field are durations. */
export function isDuration(field: NumberField): boolean {
  return field === "latency" || field === "since";
}

/** How many signs have to be changed, put in or left out to get from one text to the other. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, place) => place);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const changed = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}

/** The one that a text is nearest to, by what it begins with or at most two signs apart; empty if none is near. */
export function nearest(text: string, among: readonly string[]): string {
  const begun = text === "" ? undefined : among.find((one) => one.startsWith(text));
  if (begun !== undefined) {
    return begun;
  }
  const scored = among.map((one) => ({ one, far: distance(text, one) })).sort((a, b) => a.far - b.far);
  const best = scored[0];
  return best !== undefined && best.far <= Math.min(2, text.length - 1) ? best.one : "";
}

/** The field that is meant by a name that is none; empty if that cannot be said. */
export function nearestField(name: string): string {
  return MEANT[name] ?? nearest(name, [...VALUE_FIELDS, ...Object.keys(NUMBER_EXAMPLES)]);
}
