/** Queries of the page as parameters of the hub's own list, as far as the hub has the same filters. */

import { printTerm, type Query, type Term } from "@/core/query";

const PARAMETERS: Readonly<Partial<Record<Term["field"], string>>> = {
  kind: "kind",
  op: "operation",
  transport: "transport",
  model: "model",
  node: "node",
  tag: "tag",
};

/** Values that the hub takes in one text and splits at commas. */
const SPLIT = ["kind", "op", "transport", "node"];

/**
 * The parameters that ask the hub for the same; or, as text, the first part of the query that the hub cannot express: it compares
 * no numbers, knows no wildcards, no exclusions and no two terms of one field, and counts statuses in another way.
 */
export function hubParams(query: Query): URLSearchParams | string {
  const params = new URLSearchParams();
  const seen = new Set<string>();
  for (const term of query.terms) {
    const parameter = PARAMETERS[term.field];
    if (parameter === undefined || seen.has(parameter) || !isPlain(term)) {
      return printTerm(term);
    }
    seen.add(parameter);
    for (const value of term.type === "values" ? term.values : []) {
      params.append(parameter, value);
    }
  }
  if (query.words.length > 0) {
    params.set("q", query.words.join(" "));
  }
  const spaced = query.words.find((word) => /\s/.test(word));
  return spaced === undefined ? params : `"${spaced}"`;
}

function isPlain(term: Term): boolean {
  return (
    term.type === "values" &&
    !term.excludes &&
    term.values.every((value) => !value.includes("*") && !(SPLIT.includes(term.field) && value.includes(",")))
  );
}
