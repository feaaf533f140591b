import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { STATUSES } from "@/core/status";
import { BackendStore } from "@/core/store";
import { Tally } from "@/core/tally";
import { columnsOf, leanRow } from "./fleet";
import { fleets, rows } from "./model";

/** A row that is on two nodes and available on so many of them. */
function row(name: string, available: number) {
  return leanRow(name, {
    total_nodes: 2,
    available_nodes: available,
    health: { healthy: available, unhealthy: 2 - available },
  });
}

function counted(store: BackendStore): number[] {
  return STATUSES.map((status) => store.slots().filter((slot) => store.status(slot) === status).length);
}

describe("the tally", () => {
  it("counts as many of each status as there are, whatever comes and goes", () => {
    const step = fc.oneof(
      fleets.map((all) => (store: BackendStore) => store.load(columnsOf(all))),
      fc.tuple(fc.array(rows, { maxLength: 5 }), fc.array(rows, { maxLength: 5 })).map(
        ([upserts, deletes]) =>
          (store: BackendStore) =>
            store.apply({ upserts, deletes }),
      ),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const store = new BackendStore();
        const tally = new Tally(store);
        for (const change of steps) {
          change(store);
          expect(STATUSES.map((status) => tally.sums.count(status))).toEqual(counted(store));
          expect(tally.sums.rows).toBe(store.size);
          expect(tally.sums.stale).toBe(store.slots().filter((slot) => store.stale(slot) > 0).length);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("says how many were lost and came back since it was last asked", () => {
    const store = new BackendStore();
    const tally = new Tally(store);
    store.load(columnsOf([row("a", 2), row("b", 2), row("c", 0)]));
    expect(tally.takeTurns()).toEqual({ lost: 0, back: 0 });
    store.apply({ upserts: [row("a", 0), row("b", 1), row("c", 2), row("new", 0)], deletes: [] });
    expect(tally.takeTurns()).toEqual({ lost: 1, back: 1 });
    expect(tally.takeTurns()).toEqual({ lost: 0, back: 0 });
  });

  it("counts what was there before it, too", () => {
    const store = new BackendStore();
    store.load(columnsOf([row("a", 2), row("b", 0)]));
    const tally = new Tally(store);
    expect([tally.sums.rows, tally.sums.count("unavailable")]).toEqual([2, 1]);
    store.apply({ upserts: [row("a", 0)], deletes: [] });
    expect(tally.sums.count("unavailable")).toBe(2);
  });

  it("does not call what is gone lost", () => {
    const store = new BackendStore();
    const tally = new Tally(store);
    store.load(columnsOf([row("a", 2)]));
    store.apply({ upserts: [], deletes: [row("a", 2)] });
    expect(tally.takeTurns()).toEqual({ lost: 0, back: 0 });
    expect(tally.sums.count("available")).toBe(0);
  });
});
