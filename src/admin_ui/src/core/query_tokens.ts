/** A text of a query cut into parts, which are words or look like terms, with their places. */
import type { Comparison } from "@/core/query_types";

/** One part of the text. */
export interface Token {
  readonly from: number;
  readonly to: number;
  /** As it stands there. */
  readonly raw: string;
  /** Whether it begins with a minus. */
  readonly excludes: boolean;
  /** What stands before the sign; empty for a word. */
  readonly field: string;
  readonly sign: ":" | Comparison | "";
  /** What stands after the sign, or all of a word after its minus: cut at commas in a term. Quotes are taken off. */
  readonly values: readonly string[];
  /** Whether a quote is not closed. */
  readonly open: boolean;
}

const HEAD = /^(-?)([A-Za-z_]+)(:|<=|>=|<|>|=)/;

/** Where the part that begins at `from` ends: at the next space that is in no quotes. */
function endOf(text: string, from: number): { readonly to: number; readonly open: boolean } {
  let quoted = false;
  for (let place = from; place < text.length; place++) {
    const sign = text[place] ?? "";
    if (quoted && sign === "\\") {
      place++;
    } else if (sign === '"') {
      quoted = !quoted;
    } else if (!quoted && /\s/.test(sign)) {
      return { to: place, open: false };
    }
  }
  return { to: text.length, open: quoted };
}

/** The text without its quotes, cut at commas outside of them if it is to be. */
export function unquoted(text: string, atCommas: boolean): string[] {
  const values: string[] = [];
  let value = "";
  let quoted = false;
  for (let place = 0; place < text.length; place++) {
    const sign = text[place] ?? "";
    const next = text[place + 1];
    if (quoted && sign === "\\" && (next === '"' || next === "\\")) {
      value += next;
      place++;
    } else if (sign === '"') {
      quoted = !quoted;
    } else if (atCommas && !quoted && sign === ",") {
      values.push(value);
      value = "";
    } else {
      value += sign;
    }
  }
  values.push(value);
  return values;
}

function isSign(text: string): text is ":" | Comparison {
  return [":", "<", "<=", ">", ">=", "="].includes(text);
}

function tokenOf(raw: string, from: number, open: boolean): Token {
  const place = { from, to: from + raw.length, raw, open };
  const head = HEAD.exec(raw);
  const sign = head?.[3] ?? "";
  if (head === null || !isSign(sign)) {
    const excludes = raw.startsWith("-") && raw.length > 1;
    return { ...place, excludes, field: "", sign: "", values: unquoted(excludes ? raw.slice(1) : raw, false) };
  }
  const values = unquoted(raw.slice(head[0].length), sign === ":");
  return { ...place, excludes: head[1] === "-", field: (head[2] ?? "").toLowerCase(), sign, values };
}

/** The parts of a text, in their order. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let place = 0;
  while (place < text.length) {
    if (/\s/.test(text[place] ?? "")) {
      place++;
      continue;
    }
    const { to, open } = endOf(text, place);
    tokens.push(tokenOf(text.slice(place, to), place, open));
    place = to;
  }
  return tokens;
}

function inQuotes(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** A value as it can stand in a term. */
export function quotedValue(value: string): string {
  return value === "" || /[\s",]/.test(value) ? inQuotes(value) : value;
}

/** A word as it can stand by itself, without being taken for a term. */
export function quotedWord(word: string): string {
  return word === "" || /[\s"]/.test(word) || word.startsWith("-") || HEAD.test(word) ? inQuotes(word) : word;
}
