/**
 * The query of the list of backends: one line of text that people write, links carry and filters change.
 *
 * ```
 * query    = part { space part }
 * part     = [ "-" ] term | word                   a minus leaves out what fits
 * term     = field ":" value { "," value }         any of the values
 *          | number ( "<" | "<=" | ">" | ">=" | "=" ) amount
 * field    = status kind name op transport model feature node tag intent stale
 * number   = latency pending nodes available since weight priority
 * amount   = digits [ "." digits ] [ unit ]        unit: ms s m h d for latency (ms if none) and since (needed)
 * word     = text                                  part of the name, the kind or a model's id
 * value, text = signs without space, or "anything" with \" and \\ for the two
 * ```
 *
 * All parts have to fit. Large and small letters are the same. `*` in a value stands for any text; a tag without `=` fits any value of
 * that key; `op` also fits backends that list no operations, which offer all; `intent` fits if it is so on any node; `since<10m` is
 * what became so within ten minutes. What looks like a term and is none has to be quoted to be a word: `"qwen:7b"`.
 */
export { type Completion, type Completions, completions, type FacetValue, type FacetValues } from "@/core/query_complete";
export { hasTerm, toggled, withoutPart, withoutTerm, withTerm } from "@/core/query_edit";
export { parseQuery } from "@/core/query_parse";
export { printQuery, printTerm } from "@/core/query_print";
export type {
  Comparison,
  NumberField,
  NumberTerm,
  Problem,
  ProblemCode,
  Query,
  Term,
  ValueField,
  ValueTerm,
} from "@/core/query_types";
