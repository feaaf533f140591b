/** Which backends are on the nodes that a query names: the list knows counts of nodes only, so the hub is asked. */

import { effect, type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Membership } from "@/core/matcher";
import type { Query } from "@/core/query";
import { keyOf } from "@/core/store";
import type { ClusterColumns } from "@/core/wire.gen";
import { usePolled } from "@/state/polled";

const EVERY_MS = 10_000;

/** The ids of the nodes that a query names. */
export function nodesIn(query: Query): readonly string[] {
  return query.terms.flatMap((term) => (term.type === "values" && term.field === "node" ? term.values : []));
}

/** The keys of the backends on the nodes that the query names; undefined without such a term, and until the hub has answered. */
export function useMembership(query: Query): ReadonlySignal<Membership | undefined> {
  const nodes = nodesIn(query).map((node) => `&node=${encodeURIComponent(node)}`);
  const path = nodes.length > 0 ? `api/backends?shape=columns${nodes.join("")}` : null;
  const { value: answer } = usePolled<ClusterColumns>(path, EVERY_MS);
  const known = useSignal<Membership | undefined>(undefined);
  // Another path brings another answer: what is read is the signal of the latest.
  useEffect(
    () =>
      effect(() => {
        known.value = answer.value === undefined ? undefined : keysOf(answer.value);
      }),
    [answer, known],
  );
  return known;
}

function keysOf({ columns, values }: ClusterColumns): Membership {
  return new Set(columns.name.map((name, at) => keyOf(values.kind[columns.kind[at] ?? -1] ?? "", name)));
}
