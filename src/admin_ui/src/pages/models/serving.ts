/** Which backends serve a model. Pure. */
import { STATUSES } from "@/core/status";
import type { BackendStore, Row } from "@/core/store";

/** The backends that serve a model. */
export interface Serving {
  /** The worst first; not all if there are many. */
  readonly rows: readonly Row[];
  readonly total: number;
}

/** The backends that serve a model now, the worst first, at most `most` of them. Cost: a look at each backend, and one at each model of each distinct list of models. */
export function servingOf(store: BackendStore, modelId: string, most: number): Serving {
  const known = new Map<readonly string[], boolean>();
  const slots = store.slots().filter((slot) => {
    const models = store.models(slot);
    let serves = known.get(models);
    if (serves === undefined) {
      serves = models.includes(modelId);
      known.set(models, serves);
    }
    return serves;
  });
  const ranked = slots.map((slot) => ({ slot, rank: STATUSES.indexOf(store.status(slot)) }));
  ranked.sort((a, b) => a.rank - b.rank);
  return { rows: ranked.slice(0, most).map(({ slot }) => store.row(slot)), total: slots.length };
}
