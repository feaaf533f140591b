/** What filters and chips do to the text of a query. What they do not concern stays as it was written. */
import { isValueField } from "@/core/query_fields";
import { taken } from "@/core/query_parse";
import { printTerm } from "@/core/query_print";
import { quotedValue, type Token, tokensOf } from "@/core/query_tokens";
import type { Term, ValueField } from "@/core/query_types";

function isAbout(token: Token, field: ValueField): boolean {
  return token.field === field && token.sign === ":" && !token.excludes && !token.open;
}

function sameValue(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}

function termText(field: ValueField, values: readonly string[]): string {
  return values.length === 0 ? "" : `${field}:${values.map(quotedValue).join(",")}`;
}

/** Whether the text asks for this value of the field. */
export function hasTerm(text: string, field: ValueField, value: string): boolean {
  return tokensOf(text).some((token) => isAbout(token, field) && token.values.some((one) => sameValue(one, value)));
}

/** The text with this value of the field as well: beside the values that it asks for already. */
export function withTerm(text: string, field: ValueField, value: string): string {
  if (hasTerm(text, field, value)) {
    return text;
  }
  const tokens = tokensOf(text);
  const place = tokens.findIndex((token) => isAbout(token, field));
  const parts = tokens.map((token, at) =>
    at === place ? termText(field, [...token.values.filter((one) => one !== ""), value]) : token.raw,
  );
  return joined(place < 0 ? [...parts, termText(field, [value])] : parts);
}

/** The text without this value of the field; without a value, without all terms of the field. */
export function withoutTerm(text: string, field: Term["field"], value?: string): string {
  const parts = tokensOf(text).map((token) => {
    if (value === undefined) {
      return token.field === field && token.sign !== "" ? "" : token.raw;
    }
    if (!isValueField(field) || !isAbout(token, field) || !token.values.some((one) => sameValue(one, value))) {
      return token.raw;
    }
    return termText(
      field,
      token.values.filter((one) => one !== "" && !sameValue(one, value)),
    );
  });
  return joined(parts);
}

/** The text with this value of the field if it is without it, and without it if it is with it. */
export function toggled(text: string, field: ValueField, value: string): string {
  return hasTerm(text, field, value) ? withoutTerm(text, field, value) : withTerm(text, field, value);
}

/** The text without one of its terms, or without one of its words. */
export function withoutPart(text: string, part: Term | string): string {
  const printed = typeof part === "string" ? part : printTerm(part);
  const tokens = tokensOf(text);
  const place = tokens.findIndex((token) => {
    const found = taken(token, false);
    return typeof part === "string"
      ? "word" in found && found.word === part
      : "term" in found && printTerm(found.term) === printed;
  });
  return place < 0 ? text : joined(tokens.map((token, at) => (at === place ? "" : token.raw)));
}
