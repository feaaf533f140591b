/** How many backends there are for each value of each filter, while somebody looks at that. */

import { effect, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { FACET_FIELDS, type FacetField, type FacetValues } from "@/core/facets";
import { LiveFacets, type LiveFacetsParts } from "@/core/facets_live";
import type { NodeEntry } from "@/core/wire.gen";
import { membership, query } from "@/pages/backends/list_state";
import { fleet } from "@/state/fleet";
import { serverNow } from "@/state/now";
import { usePolled } from "@/state/polled";

const NODES_MOST = 1000;
const NONE: FacetValues = {};

/** What counts the fleet. */
const COUNTED: Omit<LiveFacetsParts, "fields"> = {
  store: fleet.store,
  serverClock: serverNow,
  clock: () => performance.now(),
  later: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** The counts of these fields under the present query, each without its own part of it, counted anew some times a second. */
export function useCounts(fields: readonly FacetField[], isWanted: boolean): FacetValues {
  const values = useSignal<FacetValues>(NONE);
  useEffect(() => {
    if (!isWanted) {
      return undefined;
    }
    const counts = new LiveFacets({ ...COUNTED, fields }, query.peek(), membership.peek());
    const take = () => {
      values.value = counts.values;
    };
    take();
    const unsubscribe = counts.subscribe(take);
    const unfollow = effect(() => counts.set(query.value, membership.value));
    return () => {
      unfollow();
      unsubscribe();
      counts.dispose();
    };
  }, [isWanted, fields, values]);
  return values.value;
}

/** The counts of all fields, those of nodes as the hub has them for the whole fleet. */
export function useFacets(isWanted: boolean): FacetValues {
  const counts = useCounts(FACET_FIELDS, isWanted);
  const nodes = usePolled<NodeEntry[]>(isWanted ? `api/nodes?limit=${NODES_MOST}` : null, 0).value.value;
  return nodes === undefined
    ? counts
    : { ...counts, node: nodes.map(({ node_id, total }) => ({ value: node_id, count: total })) };
}
