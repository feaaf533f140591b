/** What can be wrong with a part of a query, and what to do about it: as codes, for which the catalogue of messages has the words. */
import { CLOSED_VALUES, isDuration, isNumberField, NUMBER_EXAMPLES, nearest, nearestField } from "@/core/query_fields";
import { quotedValue, type Token } from "@/core/query_tokens";
import type { NumberField, Problem, ProblemCode, Remedy, ValueField } from "@/core/query_types";

/** What is known of a problem besides its place; what is not said is empty. */
interface Known {
  readonly field?: string;
  readonly value?: string;
  readonly example?: string;
  readonly instead?: string;
}

function problem(token: Token, code: ProblemCode, remedy: Remedy, known: Known = {}): Problem {
  const { field = token.field, value = "", instead = "", example = instead } = known;
  return { from: token.from, to: token.to, text: token.raw, code, field, value, remedy, example, instead };
}

/** The part again, with another field. */
function withField(token: Token, field: string): string {
  const minus = token.excludes ? "-" : "";
  return isNumberField(field) && token.sign === ":"
    ? `${minus}${NUMBER_EXAMPLES[field]}`
    : `${minus}${field}${token.sign}${token.values.map(quotedValue).join(",")}`;
}

/** A quote that is not closed. */
export function openQuote(token: Token): Problem {
  return problem(token, "open_quote", "end_quote", { instead: `${token.raw}"` });
}

/** A word after a minus: words stand for several fields, of which only the name can be left out. */
export function excludedWord(token: Token): Problem {
  return problem(token, "excluded_word", "exclude_name", { instead: `-name:${quotedValue(`*${token.values[0] ?? ""}*`)}` });
}

/** A field that there is not. */
export function unknownField(token: Token): Problem {
  const field = nearestField(token.field);
  return field === ""
    ? problem(token, "unknown_field", "quote", { instead: `"${token.raw.replace(/["\\]/g, "\\$&")}"` })
    : problem(token, "unknown_field", "perhaps", { instead: withField(token, field) });
}

/** A field of numbers that is given a value. */
export function needsComparison(token: Token, field: NumberField): Problem {
  return problem(token, "needs_comparison", "write", { field, instead: NUMBER_EXAMPLES[field] });
}

/** A field of numbers that is compared with something else. */
export function notANumber(token: Token, field: NumberField): Problem {
  const code = isDuration(field) ? "not_a_duration" : "not_a_number";
  return problem(token, code, "write", { field, instead: NUMBER_EXAMPLES[field] });
}

/** An age without its unit. */
export function needsUnit(token: Token): Problem {
  return problem(token, "needs_unit", "unit", { instead: `${token.raw}m` });
}

/** A field of values that is compared. */
export function needsValues(token: Token, field: ValueField): Problem {
  const instead = `${token.excludes ? "-" : ""}${field}:${token.values.map(quotedValue).join(",")}`;
  return problem(token, "needs_values", "compare", { field, instead });
}

/** A field of values without any. */
export function noValue(token: Token, field: ValueField): Problem {
  return problem(token, "no_value", "value", { field, example: `${field}:${CLOSED_VALUES[field]?.[0] ?? "…"}` });
}

/** A value that a field never has. */
export function unknownValue(token: Token, field: ValueField, value: string): Problem {
  const closed = CLOSED_VALUES[field] ?? [];
  const near = nearest(value.toLowerCase(), closed);
  return near === ""
    ? problem(token, "unknown_value", "one_of", { field, value, example: closed.join(", ") })
    : problem(token, "unknown_value", "perhaps", { field, value, instead: `${token.excludes ? "-" : ""}${field}:${near}` });
}

/** A second term about nodes, of which a query has one. */
export function secondNode(token: Token): Problem {
  return problem(token, "second_node", "one_part", { example: "node:a,b" });
}

/** A pattern where whole ids are wanted. */
export function noPattern(token: Token): Problem {
  return problem(token, "no_pattern", "whole_ids", { example: "node:a,b" });
}
