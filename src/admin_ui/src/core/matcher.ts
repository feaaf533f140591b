/** `Matcher`: which rows a query asks for. */
import { type Membership, type Test, termTest, textTest } from "@/core/matcher_terms";
import type { Query, Term } from "@/core/query_types";
import type { BackendStore } from "@/core/store";

export type { Membership, Test } from "@/core/matcher_terms";

/** One part of a query as a test; words have no field. */
export interface FieldTest {
  readonly field: Term["field"] | "";
  readonly test: Test;
}

/**
 * A query, made ready to look at rows of a store, those to come among them. Terms about nodes need a membership; without one no row
 * is on any node.
 */
export class Matcher {
  /** All of them have to be passed. */
  readonly tests: readonly FieldTest[];
  /** Whether what fits becomes other with time alone. */
  readonly dependsOnTime: boolean;

  constructor(store: BackendStore, query: Query, clock: () => number, membership?: Membership) {
    const ground = { store, clock, membership };
    const fields = query.terms.map((term) => ({ field: term.field, test: termTest(term, ground) }));
    // What costs most comes last.
    this.tests = [...fields, ...query.words.map((word) => ({ field: "" as const, test: textTest(word, ground) }))];
    this.dependsOnTime = query.terms.some((term) => term.field === "since");
  }

  /** Whether the query asks for the row. */
  matches(slot: number): boolean {
    for (const { test } of this.tests) {
      if (!test(slot)) {
        return false;
      }
    }
    return true;
  }
}
