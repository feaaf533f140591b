/** Text to query. Never throws: what cannot be taken is a problem, and is left out. */
import { CLOSED_VALUES, isDuration, isNumberField, isValueField } from "@/core/query_fields";
import { UNITS } from "@/core/query_print";
import * as problems from "@/core/query_problems";
import { type Token, tokensOf } from "@/core/query_tokens";
import type { Comparison, NumberField, Problem, Query, Term, ValueField } from "@/core/query_types";

type Taken = { readonly term: Term } | { readonly word: string } | { readonly problem: Problem };

const AMOUNT = /^(-?\d{1,16}(?:\.\d{1,6})?)([a-z]*)$/i;

function takenWord(token: Token): Taken {
  const word = token.values[0] ?? "";
  return token.excludes ? { problem: problems.excludedWord(token) } : { word };
}

function takenNumber(token: Token, field: NumberField, comparison: Comparison): Taken {
  const match = AMOUNT.exec(token.values[0] ?? "");
  const unit = match?.[2]?.toLowerCase() ?? "";
  const unitMs = isDuration(field) ? UNITS.find(([name]) => name === (unit || "ms"))?.[1] : unit === "" ? 1 : undefined;
  if (match === null || unitMs === undefined) {
    return { problem: problems.notANumber(token, field) };
  }
  const amount = Number(match[1]);
  if (field === "since" && unit === "" && amount !== 0) {
    return { problem: problems.needsUnit(token) };
  }
  const exact = isDuration(field) ? Math.round(amount * unitMs) : amount;
  // No minus zero, and nothing that a number cannot hold exactly.
  const value = Math.max(Math.min(exact, Number.MAX_SAFE_INTEGER), -Number.MAX_SAFE_INTEGER) + 0;
  return { term: { type: "number", field, comparison, value, excludes: token.excludes } };
}

function takenValues(token: Token, field: ValueField, hasNode: boolean): Taken {
  const closed = CLOSED_VALUES[field];
  const written = token.values.filter((value) => value !== "");
  const values = [...new Set(closed === undefined ? written : written.map((value) => value.toLowerCase()))];
  if (values.length === 0) {
    return { problem: problems.noValue(token, field) };
  }
  const unknown = closed === undefined ? undefined : values.find((value) => !closed.includes(value));
  if (unknown !== undefined) {
    return { problem: problems.unknownValue(token, field, unknown) };
  }
  if (field === "node" && values.some((value) => value.includes("*"))) {
    return { problem: problems.noPattern(token) };
  }
  if (field === "node" && hasNode) {
    return { problem: problems.secondNode(token) };
  }
  return { term: { type: "values", field, values, excludes: token.excludes } };
}

/** What one part of the text is; `hasNode` if there was a term about nodes before it. */
export function taken(token: Token, hasNode: boolean): Taken {
  const { field, sign } = token;
  if (token.open) {
    return { problem: problems.openQuote(token) };
  }
  if (sign === "") {
    return takenWord(token);
  }
  if (isNumberField(field)) {
    return sign === ":" ? { problem: problems.needsComparison(token, field) } : takenNumber(token, field, sign);
  }
  if (isValueField(field)) {
    return sign === ":" ? takenValues(token, field, hasNode) : { problem: problems.needsValues(token, field) };
  }
  return { problem: problems.unknownField(token) };
}

/** What a text asks for. Cost: some microseconds. */
export function parseQuery(text: string): Query {
  const terms: Term[] = [];
  const words: string[] = [];
  const found: Problem[] = [];
  for (const token of tokensOf(text)) {
    const part = taken(
      token,
      terms.some((term) => term.field === "node"),
    );
    if ("term" in part) {
      terms.push(part.term);
    } else if ("problem" in part) {
      found.push(part.problem);
    } else if (part.word !== "") {
      words.push(part.word);
    }
  }
  return { terms, words, problems: found };
}
