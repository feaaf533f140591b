/** What a query is made of. */

/** Fields that have values. */
export type ValueField =
  | "status"
  | "kind"
  | "name"
  | "op"
  | "transport"
  | "model"
  | "feature"
  | "node"
  | "tag"
  | "intent"
  | "stale";

/** Fields that are compared with a number. */
export type NumberField = "latency" | "pending" | "nodes" | "available" | "since" | "weight" | "priority";

/** How a number is compared. */
export type Comparison = "<" | "<=" | ">" | ">=" | "=";

/** Any of some values of a field; `*` in them stands for any text. */
export interface ValueTerm {
  readonly type: "values";
  readonly field: ValueField;
  readonly values: readonly string[];
  /** Whether what fits is left out. */
  readonly excludes: boolean;
}

/** A number that is small or large enough; latency and since in milliseconds. */
export interface NumberTerm {
  readonly type: "number";
  readonly field: NumberField;
  readonly comparison: Comparison;
  readonly value: number;
  readonly excludes: boolean;
}

/** One condition of a query. */
export type Term = ValueTerm | NumberTerm;

/** What a problem is; the words for it are in the catalogue of messages. */
export type ProblemCode =
  | "unknown_field"
  | "unknown_value"
  | "no_value"
  | "needs_comparison"
  | "needs_values"
  | "not_a_number"
  | "not_a_duration"
  | "needs_unit"
  | "second_node"
  | "no_pattern"
  | "excluded_word"
  | "open_quote";

/** What can be done about a problem; the words for it are in the catalogue of messages. */
export type Remedy =
  | "perhaps"
  | "quote"
  | "end_quote"
  | "exclude_name"
  | "write"
  | "compare"
  | "unit"
  | "value"
  | "one_of"
  | "one_part"
  | "whole_ids";

/** A part of the text that cannot be taken and is left out of the query. */
export interface Problem {
  /** Where the part begins and ends in the text. */
  readonly from: number;
  readonly to: number;
  readonly code: ProblemCode;
  /** The part as it was written. */
  readonly text: string;
  /** The field that it is about, as it was written; empty if there is none. */
  readonly field: string;
  /** The value that it is about; empty if there is none. */
  readonly value: string;
  readonly remedy: Remedy;
  /** What could be written, for the words of the remedy. */
  readonly example: string;
  /** A part that may be what was meant; empty if none comes near. */
  readonly instead: string;
}

/** What a text asks for: all terms and all words have to fit. */
export interface Query {
  readonly terms: readonly Term[];
  readonly words: readonly string[];
  readonly problems: readonly Problem[];
}
