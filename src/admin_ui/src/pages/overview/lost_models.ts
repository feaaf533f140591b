/** Which models nothing serves any more. Pure. */
import type { BackendStore } from "@/core/store";

/** A model that some backend serves, and none of them can be used. */
export interface LostModel {
  readonly id: string;
  /** Backends that serve it. */
  readonly backends: number;
  /** How many of them operators have taken out. */
  readonly withdrawn: number;
}

interface Served {
  backends: number;
  withdrawn: number;
  available: boolean;
}

/** The models without an available backend, by id. Cost: one look at each backend, and one at each model of each distinct list of models. */
export function lostModels(store: BackendStore): LostModel[] {
  const lost: LostModel[] = [];
  for (const [id, { backends, withdrawn, available }] of byModel(byList(store))) {
    if (!available) {
      lost.push({ id, backends, withdrawn });
    }
  }
  return lost.sort((a, b) => b.backends - b.withdrawn - (a.backends - a.withdrawn) || (a.id < b.id ? -1 : 1));
}

/** Rows that serve the same models share one list, so most of the work is done once for each list. */
function byList(store: BackendStore): Map<readonly string[], Served> {
  const lists = new Map<readonly string[], Served>();
  for (const slot of store.slots()) {
    const models = store.models(slot);
    if (models.length === 0) {
      continue;
    }
    let served = lists.get(models);
    if (served === undefined) {
      served = { backends: 0, withdrawn: 0, available: false };
      lists.set(models, served);
    }
    const status = store.status(slot);
    served.backends += 1;
    if (status === "draining" || status === "disabled") {
      served.withdrawn += 1;
    }
    if (store.available(slot) > 0) {
      served.available = true;
    }
  }
  return lists;
}

function byModel(lists: Map<readonly string[], Served>): Map<string, Served> {
  const models = new Map<string, Served>();
  for (const [ids, served] of lists) {
    for (const id of ids) {
      const before = models.get(id);
      models.set(id, {
        backends: (before?.backends ?? 0) + served.backends,
        withdrawn: (before?.withdrawn ?? 0) + served.withdrawn,
        available: (before?.available ?? false) || served.available,
      });
    }
  }
  return models;
}
