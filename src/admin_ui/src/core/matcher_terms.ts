/** Terms of a query as tests of rows. */
import { anyTagTest, anyValueTest, folded, type TextTest } from "@/core/matcher_texts";
import type { Comparison, NumberTerm, Term, ValueTerm } from "@/core/query_types";
import { STATUSES } from "@/core/status";
import type { BackendStore } from "@/core/store";
import type { WordField, WordOf } from "@/core/store_columns";

/** Keys of the rows that are on any of the nodes that a query names. */
export type Membership = ReadonlySet<string>;

/** Whether a row fits. */
export type Test = (slot: number) => boolean;

/** What tests look at beside their term. */
export interface Ground {
  readonly store: BackendStore;
  /** The server's time in milliseconds. */
  readonly clock: () => number;
  readonly membership: Membership | undefined;
}

const UNSEEN = 0;
const FITS = 1;
const FAILS = 2;

/** A test of a word that many rows share: each distinct word is looked at once. */
function wordTest<F extends WordField>(store: BackendStore, field: F, fits: (word: WordOf<F>) => boolean): Test {
  const { columns } = store;
  const words = columns.words[field];
  let epoch = words.epoch;
  let seen = new Uint8Array(words.size);
  return (slot) => {
    if (epoch !== words.epoch || seen.length < words.size) {
      const before = epoch === words.epoch ? seen : [];
      seen = new Uint8Array(words.size + (words.size >> 1));
      seen.set(before);
      epoch = words.epoch;
    }
    const code = columns.codes[field][slot] ?? 0;
    if (seen[code] === UNSEEN) {
      seen[code] = fits(words.at(code)) ? FITS : FAILS;
    }
    return seen[code] === FITS;
  };
}

type ListField = "operations" | "features" | "transports" | "models" | "tags";

function listTest(store: BackendStore, field: ListField, fits: TextTest): Test {
  return wordTest(store, field, (list) => list.some((text) => fits(folded(text))));
}

function operationTest(store: BackendStore, values: readonly string[]): Test {
  const fits = anyValueTest(values);
  return wordTest(store, "operations", (list) => list.length === 0 || list.some((text) => fits(folded(text))));
}

function statusTest(store: BackendStore, values: readonly string[]): Test {
  const { columns } = store;
  const wanted = STATUSES.map((status) => values.includes(status));
  return (slot) => wanted[columns.status[slot] ?? 0] ?? false;
}

function intentTest(store: BackendStore, values: readonly string[]): Test {
  const tests: Readonly<Record<string, Test>> = {
    enabled: (slot) => store.draining(slot) + store.disabled(slot) < store.total(slot),
    draining: (slot) => store.draining(slot) > 0,
    disabled: (slot) => store.disabled(slot) > 0,
    mixed: (slot) => store.intent(slot) === "mixed",
  };
  const chosen = values.map((value) => tests[value]).filter((test) => test !== undefined);
  return (slot) => chosen.some((test) => test(slot));
}

function staleTest(store: BackendStore, values: readonly string[]): Test {
  return (slot) => values.includes(store.stale(slot) > 0 ? "yes" : "no");
}

function nameTest(store: BackendStore, values: readonly string[]): Test {
  const fits = anyValueTest(values);
  return (slot) => fits(folded(store.name(slot)));
}

function membershipTest(store: BackendStore, membership: Membership | undefined): Test {
  return (slot) => membership?.has(store.key(slot)) ?? false;
}

function valuesTest(term: ValueTerm, { store, membership }: Ground): Test {
  const { field, values } = term;
  switch (field) {
    case "status":
      return statusTest(store, values);
    case "intent":
      return intentTest(store, values);
    case "stale":
      return staleTest(store, values);
    case "name":
      return nameTest(store, values);
    case "node":
      return membershipTest(store, membership);
    case "op":
      return operationTest(store, values);
    default:
      return sharedTest(store, field, values);
  }
}

function sharedTest(
  store: BackendStore,
  field: "kind" | "transport" | "model" | "feature" | "tag",
  values: readonly string[],
): Test {
  const fits = anyValueTest(values);
  switch (field) {
    case "kind":
      return wordTest(store, "kind", (kind) => fits(folded(kind)));
    case "transport":
      return listTest(store, "transports", fits);
    case "model":
      return listTest(store, "models", fits);
    case "feature":
      return listTest(store, "features", fits);
    case "tag":
      return listTest(store, "tags", anyTagTest(values));
  }
}

const COMPARE: Readonly<Record<Comparison, (one: number, other: number) => boolean>> = {
  "<": (one, other) => one < other,
  "<=": (one, other) => one <= other,
  ">": (one, other) => one > other,
  ">=": (one, other) => one >= other,
  "=": (one, other) => one === other,
};

function numberTest(term: NumberTerm, { store, clock }: Ground): Test {
  const compare = COMPARE[term.comparison];
  const { value } = term;
  switch (term.field) {
    case "latency":
      // 0 is none: it is neither small nor large, and only `latency=0` asks for it.
      return (slot) => {
        const latency = store.latency(slot);
        return latency === 0 ? term.comparison === "=" && value === 0 : compare(latency, value);
      };
    case "pending":
      return (slot) => compare(store.pending(slot), value);
    case "nodes":
      return (slot) => compare(store.total(slot), value);
    case "available":
      return (slot) => compare(store.available(slot), value);
    case "since":
      return (slot) => store.sinceMs(slot) > 0 && compare(clock() - store.sinceMs(slot), value);
    case "weight":
      return wordTest(store, "weights", (weights) => weights.some((weight) => compare(weight, value)));
    case "priority":
      return wordTest(store, "priorities", (priorities) => priorities.some((priority) => compare(priority, value)));
  }
}

/** Whether a row fits the term. Cost of a call: some nanoseconds; words that many rows share are looked at once. */
export function termTest(term: Term, ground: Ground): Test {
  const test = term.type === "values" ? valuesTest(term, ground) : numberTest(term, ground);
  return term.excludes ? (slot) => !test(slot) : test;
}

/** Whether the text stands in a row's name, its kind or the id of one of its models. */
export function textTest(word: string, { store }: Ground): Test {
  const sought = folded(word);
  const kindHas = wordTest(store, "kind", (kind) => folded(kind).includes(sought));
  const modelHas = wordTest(store, "models", (models) => models.some((model) => folded(model).includes(sought)));
  return (slot) => kindHas(slot) || modelHas(slot) || folded(store.name(slot)).includes(sought);
}
