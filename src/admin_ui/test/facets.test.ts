import { describe, expect, test, vi } from "vitest";
import { FACET_FIELDS, FacetCounting, type FacetField, facetsOf } from "@/core/facets";
import { LiveFacets } from "@/core/facets_live";
import { Matcher } from "@/core/matcher";
import { parseQuery, toggled, withoutTerm } from "@/core/query";
import { BackendStore } from "@/core/store";
import { columnsOf, leanRow, playedFleet, seeded } from "./fleet";

// A busy machine may take its time.
vi.setConfig({ testTimeout: 60_000 });

const clock = () => 1795000000000;

function fleet(size: number): BackendStore {
  const store = new BackendStore();
  store.load(columnsOf(playedFleet(size, seeded(size))));
  return store;
}

function matching(store: BackendStore, text: string): number {
  const matcher = new Matcher(store, parseQuery(text), clock);
  return store.slots().filter((slot) => matcher.matches(slot)).length;
}

test.each(["", "kind:vllm", "kind:vllm,tgi status:degraded", "fra pending>50", "-op:chat tag:zone=eu", "-kind:vllm kind:v*"])(
  "with %s each count is what choosing the value alone would find",
  (text) => {
    const store = fleet(400);
    const facets = facetsOf(store, parseQuery(text), FACET_FIELDS, clock);
    for (const field of FACET_FIELDS) {
      const rest = withoutTerm(text, field);
      for (const { value, count } of facets[field] ?? []) {
        expect(`${field} ${value} ${matching(store, toggled(rest, field, value))}`).toBe(`${field} ${value} ${count}`);
      }
    }
  },
);

test("values come with the largest count first", () => {
  const store = new BackendStore();
  store.load(
    columnsOf([leanRow("a"), leanRow("b", { kind: "tgi" }), leanRow("c", { kind: "tgi" }), leanRow("d", { kind: "abc" })]),
  );
  expect(facetsOf(store, parseQuery(""), ["kind"], clock).kind).toEqual([
    { value: "tgi", count: 2 },
    { value: "abc", count: 1 },
    { value: "vllm", count: 1 },
  ]);
});

test("counting piece by piece gives the same", () => {
  const store = fleet(500);
  const query = parseQuery("kind:vllm pending>10");
  const counting = new FacetCounting(store, query, FACET_FIELDS, clock);
  let steps = 1;
  while (!counting.step(33)) {
    steps++;
  }
  expect(steps).toBe(16);
  expect(counting.values).toEqual(facetsOf(store, query, FACET_FIELDS, clock));
});

describe("live counts", () => {
  const FIELDS: readonly FacetField[] = ["kind"];

  /** Time that only goes on when it is told to. */
  class Played {
    now = 0;
    readonly due: { at: number; run: () => void }[] = [];
    readonly later = (ms: number, run: () => void) => {
      const entry = { at: this.now + ms, run };
      this.due.push(entry);
      return () => void this.due.splice(this.due.indexOf(entry) >>> 0, 1);
    };

    go(ms: number): void {
      const end = this.now + ms;
      for (;;) {
        const next = this.due.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
        if (next === undefined) {
          break;
        }
        this.due.splice(this.due.indexOf(next), 1);
        this.now = Math.max(this.now, next.at);
        next.run();
      }
      this.now = end;
    }
  }

  function live(store: BackendStore, played: Played) {
    const facets = new LiveFacets(
      { store, fields: FIELDS, serverClock: clock, clock: () => played.now, later: played.later },
      parseQuery(""),
    );
    let counts = 0;
    facets.subscribe(() => counts++);
    return { facets, counts: () => counts };
  }

  test("many changes are one count, a quarter of a second apart", () => {
    const store = fleet(10);
    const played = new Played();
    const { facets, counts } = live(store, played);
    for (let change = 0; change < 100; change++) {
      store.apply({ upserts: [leanRow(`new-${change}`, { kind: "mlx" })], deletes: [] });
      played.go(10);
    }
    expect(counts()).toBeGreaterThanOrEqual(3);
    expect(counts()).toBeLessThanOrEqual(4);
    played.go(1000);
    expect(facets.values.kind?.find(({ value }) => value === "mlx")).toEqual({ value: "mlx", count: 100 });
    const before = counts();
    played.go(10_000);
    expect(counts()).toBe(before);
    facets.dispose();
  });

  test("another query is counted at once, also while rows wait", () => {
    const store = fleet(50);
    const played = new Played();
    const { facets } = live(store, played);
    store.apply({ upserts: [leanRow("x")], deletes: [] });
    facets.set(parseQuery("name:nothing"));
    expect(facets.values.kind).toEqual([]);
    facets.dispose();
    expect(played.due).toEqual([]);
  });

  test("a long count is done in slices", () => {
    const store = fleet(5000);
    const played = new Played();
    const clockThatRuns = () => (played.now += 3);
    const facets = new LiveFacets(
      { store, fields: FIELDS, serverClock: clock, clock: clockThatRuns, later: played.later },
      parseQuery(""),
    );
    expect(facets.values).toEqual({});
    expect(played.due).toHaveLength(1);
    played.go(100);
    expect(facets.values).toEqual(facetsOf(store, parseQuery(""), FIELDS, clock));
    facets.dispose();
  });
});
