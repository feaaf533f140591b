/** Which backends stand before and after one in the list that somebody came from. */

import { useEffect, useMemo } from "preact/hooks";
import { parseSort, RowOrder } from "@/core/order";
import { parseQuery } from "@/core/query";
import { nodesIn, useMembership } from "@/pages/backends/membership";
import { fleet } from "@/state/fleet";
import { serverNow } from "@/state/now";

/** A place in a list. */
export interface Neighbours {
  /** Counted from 1; 0 if the backend is not in the list. */
  readonly place: number;
  readonly count: number;
  /** Keys. */
  readonly previous: string | undefined;
  readonly next: string | undefined;
}

/**
 * The neighbours of a backend. The order is the one of when somebody came, so that going on does not lead in circles while
 * the rows move.
 *
 * @param key of the backend
 * @param q the query of the list
 * @param sort how it is sorted
 */
export function useNeighbours(key: string, q: string, sort: string): Neighbours {
  const { store } = fleet;
  // Rows may come after the page.
  const isLoaded = fleet.loaded.value;
  const query = useMemo(() => parseQuery(q), [q]);
  const membership = useMembership(query);
  const isKnown = isLoaded && (nodesIn(query).length === 0 || membership.value !== undefined);
  const order = useMemo(() => {
    if (!isKnown) {
      return undefined;
    }
    const made = new RowOrder(store, serverNow);
    made.set(query, parseSort(sort), membership.peek());
    made.freeze();
    return made;
  }, [query, sort, isKnown, membership]);
  useEffect(() => () => order?.dispose(), [order]);
  const slot = store.slotOf(key);
  const at = slot === undefined || !order ? -1 : order.indexOf(slot);
  const keyAt = (index: number) => {
    const found = at < 0 ? undefined : order?.at(index);
    return found === undefined ? undefined : store.key(found);
  };
  return { place: at + 1, count: order?.length ?? 0, previous: at > 0 ? keyAt(at - 1) : undefined, next: keyAt(at + 1) };
}
