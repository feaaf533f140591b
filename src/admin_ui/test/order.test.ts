import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { Matcher } from "@/core/matcher";
import { DEFAULT_SORT, parseSort, printSort, RowOrder, SORT_COLUMNS, type Sort } from "@/core/order";
import { movedBetween } from "@/core/order_moved";
import { NONE_LAST, placesBy } from "@/core/order_sort";
import { parseQuery } from "@/core/query";
import { STATUSES } from "@/core/status";
import { BackendStore, type LeanRow } from "@/core/store";
import { columnsOf, leanRow, playedDelta, playedFleet, seeded } from "./fleet";
import { SLOW_MS, steps } from "./model";

// A busy machine may take its time.
vi.setConfig({ testTimeout: 60_000 });

const NOW = Date.parse("2026-11-21T16:30:00Z");
const clock = () => NOW;
const sorts = fc.record({ column: fc.constantFrom(...SORT_COLUMNS), descending: fc.boolean() });
const texts = fc.constantFrom(
  "",
  "n",
  "n status:available,degraded",
  "pending>2",
  "-op:chat",
  "since<20m",
  "latency<=400 model:qwen*",
  "stale:yes",
  "nothing-is-called-so",
  "node:n1",
);

/** What is sought, found by looking at every row and sorting them all. */
function naive(store: BackendStore, text: string, sort: Sort, membership?: ReadonlySet<string>): number[] {
  const matcher = new Matcher(store, parseQuery(text), clock, membership);
  const places = placesBy(store, sort);
  return store
    .slots()
    .filter((slot) => matcher.matches(slot))
    .sort((one, other) => places.value(one) - places.value(other) || places.rank(one) - places.rank(other));
}

function checkTally(order: RowOrder, store: BackendStore, slots: readonly number[]): void {
  const counted = STATUSES.map((status) => slots.filter((slot) => store.status(slot) === status).length);
  expect(STATUSES.map((status) => order.counts[status])).toEqual(counted);
  expect(order.pending).toBe(slots.reduce((sum, slot) => sum + store.pending(slot), 0));
  const latencies = slots.map((slot) => store.latency(slot)).filter((latency) => latency > 0);
  latencies.sort((one, other) => one - other);
  for (const share of [0.5, 0.95]) {
    const exact = latencies[Math.ceil(latencies.length * share) - 1] ?? 0;
    expect(Math.abs(order.latency(share) - exact)).toBeLessThanOrEqual(exact / 100);
  }
}

function apply(store: BackendStore, step: typeof steps extends fc.Arbitrary<infer S> ? S : never): void {
  if (step.do === "load") {
    store.load(columnsOf(step.rows));
  } else {
    store.apply(step);
  }
}

test(
  "whatever happens, the order is what sorting all that matches gives; a frozen one stays",
  () => {
    const doings = fc.tuple(steps, fc.constantFrom("go on", "go on", "go on", "freeze", "thaw", "set"), texts, sorts);
    fc.assert(
      fc.property(fc.array(doings, { maxLength: 12 }), (happening) => {
        const store = new BackendStore();
        const order = new RowOrder(store, clock);
        const members = new Set(["vllm/a", "ollama/n2", "vllm/n10"]);
        let [text, sort]: [string, Sort] = ["", DEFAULT_SORT];
        let shown: readonly string[] | undefined;
        for (const [step, action, newText, newSort] of happening) {
          if (action === "set") {
            [text, sort] = [newText, newSort];
            order.set(parseQuery(text), sort, members);
            shown = shown && naive(store, text, sort, members).map((slot) => store.key(slot));
          } else if (action === "freeze") {
            order.freeze();
            shown ??= Array.from(order.rows, (slot) => store.key(slot));
          } else if (action === "thaw") {
            order.thaw();
            shown = undefined;
          }
          apply(store, step);
          const sought = naive(store, text, sort, members);
          const is = Array.from(order.rows);
          if (shown === undefined) {
            expect(is).toEqual(sought);
          } else {
            expect(is.map((slot) => store.key(slot))).toEqual(shown);
            expect(is.filter((slot) => order.isGone(slot))).toEqual(is.filter((slot) => !sought.includes(slot)));
          }
          expect(is.map((slot) => order.indexOf(slot))).toEqual(is.map((_, place) => place));
          expect(order.matching).toBe(sought.length);
          checkTally(order, store, sought);
        }
      }),
    );
  },
  SLOW_MS,
);

test("on a large fleet small changes move few rows, and large ones sort all again: both as sorting anew does", () => {
  const random = seeded(7);
  const fleet = playedFleet(3000, random);
  const store = new BackendStore();
  store.load(columnsOf(fleet.slice(0, 2000)));
  const sort: Sort = { column: "latency", descending: true };
  const order = new RowOrder(store, clock);
  order.set(parseQuery("pending>30"), sort);
  for (const size of [1, 5, 100, 3000, 17, 1]) {
    store.apply({
      ...playedDelta(fleet, size, random),
      deletes: fleet.slice(size, size + 10).map(({ kind, name }) => ({ kind, name })),
    });
    expect(Array.from(order.rows)).toEqual(naive(store, "pending>30", sort));
  }
});

test("where names leave no room between two ranks, all get others, and the order stays right", () => {
  const { store, order } = loaded([leanRow("a"), leanRow("b", { pending: 2 }), leanRow("c"), leanRow("d")]);
  for (const sort of [DEFAULT_SORT, { column: "name", descending: true }, { column: "pending", descending: true }] as const) {
    order.set(parseQuery(""), sort);
    for (let count = 0; count < 45; count++) {
      const name = `b${sort.column}${"x".repeat(60 - count)}`;
      store.apply({ upserts: [leanRow(name, { pending: count % 3 })], deletes: [] });
      expect(Array.from(order.rows)).toEqual(naive(store, "", sort));
    }
    store.apply({ upserts: [leanRow("a", { pending: 9 })], deletes: [{ kind: "vllm", name: "c" }] });
    expect(Array.from(order.rows)).toEqual(naive(store, "", sort));
  }
});

test("a kind that is new has its place among those that are there", () => {
  const { store, order } = loaded([leanRow("a", { kind: "m" }), leanRow("b", { kind: "t" })]);
  const sort: Sort = { column: "kind", descending: false };
  order.set(parseQuery(""), sort);
  for (const kind of ["p", "a", "z", "n"]) {
    store.apply({ upserts: [leanRow(kind, { kind })], deletes: [] });
    expect(Array.from(order.rows, (slot) => store.kind(slot)).join("")).toBe(
      Array.from(order.rows, (slot) => store.kind(slot))
        .sort()
        .join(""),
    );
  }
});

test("latencies of shares are right within 1 %, from nothing to hours", () => {
  const random = seeded(5);
  const rows = Array.from({ length: 500 }, (_, place) =>
    leanRow(`r${place}`, { avg_latency_ms: Math.floor(10 ** (random() * 7)) }),
  );
  const { store, order } = loaded(rows);
  const latencies = rows.map((row) => row.avg_latency_ms ?? 0).sort((one, other) => one - other);
  expect(store.size).toBe(500);
  for (let percent = 1; percent <= 100; percent++) {
    const exact = latencies[percent * 5 - 1] ?? 0;
    expect(Math.abs(order.latency(percent / 100) - exact)).toBeLessThanOrEqual(exact / 100);
  }
});

function loaded(rows: readonly LeanRow[]): { store: BackendStore; order: RowOrder } {
  const store = new BackendStore();
  store.load(columnsOf(rows));
  return { store, order: new RowOrder(store, clock) };
}

function names(store: BackendStore, order: RowOrder): string[] {
  return Array.from(order.rows, (slot) => store.name(slot));
}

describe("a frozen order", () => {
  const rows = ["a", "b", "c", "d"].map((name) => leanRow(name));
  const down = { available_nodes: 0, health: { healthy: 0, unhealthy: 4 } };

  test("says how many rows would move, come and go", () => {
    const { store, order } = loaded(rows);
    order.freeze();
    expect(order.moved).toBe(0);
    store.apply({ upserts: [leanRow("d", down), leanRow("e")], deletes: [{ kind: "vllm", name: "b" }] });
    expect(order.moved).toBe(3);
    expect(names(store, order)).toEqual(["a", "b", "c", "d"]);
    expect(order.counts.unavailable).toBe(1);
    order.thaw();
    expect(names(store, order)).toEqual(["d", "a", "c", "e"]);
    expect(order.moved).toBe(0);
  });

  test("shows what a row that is gone held, even when others come", () => {
    const { store, order } = loaded(rows);
    order.freeze();
    store.apply({ upserts: [], deletes: [{ kind: "vllm", name: "b" }] });
    store.apply({ upserts: [leanRow("x")], deletes: [] });
    expect(names(store, order)).toEqual(["a", "b", "c", "d"]);
    expect(order.isGone(order.at(1) ?? -1)).toBe(true);
  });

  test("of another query is frozen as that is", () => {
    const { store, order } = loaded(rows);
    order.freeze();
    order.set(parseQuery("b"), DEFAULT_SORT);
    expect(order.frozen).toBe(true);
    expect(names(store, order)).toEqual(["b"]);
    store.apply({ upserts: [leanRow("bb")], deletes: [] });
    expect(names(store, order)).toEqual(["b"]);
  });
});

test("the least number of moves is counted: one row that goes to the front is one", () => {
  const moved = (one: number[], other: number[]) => movedBetween(Uint32Array.from(one), Uint32Array.from(other), 20);
  expect(moved([1, 2, 3, 4, 5], [5, 1, 2, 3, 4])).toBe(1);
  expect(moved([1, 2, 3, 4, 5], [4, 5, 1, 2, 3])).toBe(2);
  expect(moved([1, 2, 3], [3, 2, 1])).toBe(2);
  expect(moved([1, 2, 3], [2, 3, 9])).toBe(2);
  expect(moved([], [])).toBe(0);
});

test("what fits only for some time goes when it is looked at again", () => {
  let now = NOW;
  const store = new BackendStore();
  store.load(columnsOf([leanRow("a", { since: "2026-11-21T16:25:00Z" }), leanRow("b", { since: "2026-11-21T15:00:00Z" })]));
  const order = new RowOrder(store, () => now);
  order.set(parseQuery("since<10m"), DEFAULT_SORT);
  expect(names(store, order)).toEqual(["a"]);
  now += 600_000;
  order.tick();
  expect(names(store, order)).toEqual([]);
});

test("rows without a value come last, whichever way", () => {
  const { store, order } = loaded([leanRow("none", { avg_latency_ms: 0 }), leanRow("a"), leanRow("b", { avg_latency_ms: 7 })]);
  order.set(parseQuery(""), { column: "latency", descending: false });
  expect(names(store, order)).toEqual(["b", "a", "none"]);
  order.set(parseQuery(""), { column: "latency", descending: true });
  expect(names(store, order)).toEqual(["a", "b", "none"]);
});

test("the worst come first, equals by name, and names turn with their own column only", () => {
  const down = { available_nodes: 0, health: { healthy: 0, unhealthy: 4 } };
  const { store, order } = loaded([leanRow("a2"), leanRow("a10"), leanRow("z", down), leanRow("y", down)]);
  expect(names(store, order)).toEqual(["y", "z", "a2", "a10"]);
  order.set(parseQuery(""), { column: "status", descending: true });
  expect(names(store, order)).toEqual(["a2", "a10", "y", "z"]);
  order.set(parseQuery(""), { column: "name", descending: true });
  expect(names(store, order)).toEqual(["z", "y", "a10", "a2"]);
});

test("the largest values of all rows fit into the number by which they are sorted", () => {
  expect(2 * NONE_LAST * 2 ** 20 + 2 ** 20 - 1).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
});

test("who listens is told whether rows moved", () => {
  const { store, order } = loaded([leanRow("a"), leanRow("b")]);
  const told: boolean[] = [];
  order.subscribe((reordered) => told.push(reordered));
  store.apply({ upserts: [leanRow("a", { pending: 9 })], deletes: [] });
  store.apply({ upserts: [leanRow("a", { available_nodes: 1 })], deletes: [] });
  order.dispose();
  store.apply({ upserts: [leanRow("c")], deletes: [] });
  expect(told).toEqual([false, true]);
  expect(order.length).toBe(2);
});

test("a sort has a text, and any other text is the usual one", () => {
  for (const column of SORT_COLUMNS) {
    for (const descending of [true, false]) {
      expect(parseSort(printSort({ column, descending }))).toEqual({ column, descending });
    }
  }
  expect(parseSort("-colour")).toEqual(DEFAULT_SORT);
  expect(parseSort(null)).toEqual(DEFAULT_SORT);
});
