/** Queries as text. */
import { isDuration } from "@/core/query_fields";
import { quotedValue, quotedWord } from "@/core/query_tokens";
import type { NumberTerm, Query, Term } from "@/core/query_types";

/** Milliseconds in each unit of duration, the largest first. */
export const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

function amountOf(term: NumberTerm): string {
  if (!isDuration(term.field)) {
    return String(term.value);
  }
  const fitting = UNITS.find(([, ms]) => term.value !== 0 && term.value % ms === 0);
  if (term.field === "latency" && (fitting === undefined || term.value < 10_000)) {
    return String(term.value);
  }
  const [unit, ms] = fitting ?? ["s", 1000];
  return `${term.value / ms}${unit}`;
}

/** One term as text. */
export function printTerm(term: Term): string {
  const minus = term.excludes ? "-" : "";
  return term.type === "values"
    ? `${minus}${term.field}:${term.values.map(quotedValue).join(",")}`
    : `${minus}${term.field}${term.comparison}${amountOf(term)}`;
}

/** The shortest text that asks for the same: terms, then words. What was a problem is left out. */
export function printQuery(query: Query): string {
  return [...query.terms.map(printTerm), ...query.words.map(quotedWord)].join(" ");
}
