import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { BackendStore, type Changes, keyOf, type LeanRow, partsOf } from "@/core/store";
import { naturalKey } from "@/core/store_names";
import { isColumns, isDelta } from "@/core/store_wire";
import { columnsOf, leanRow } from "./fleet";
import { after, asSaid, SLOW_MS, saidBy, steps } from "./model";

// A busy machine may take its time.
vi.setConfig({ testTimeout: 60_000 });

function loaded(...rows: LeanRow[]): BackendStore {
  const store = new BackendStore();
  store.load(columnsOf(rows));
  return store;
}

function slotOf(store: BackendStore, key: string): number {
  const slot = store.slotOf(key);
  if (slot === undefined) {
    throw new Error(`no ${key}`);
  }
  return slot;
}

test(
  "whatever happens, a store holds what a plain map holds, sorted, in slots of their own",
  () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(steps, fc.boolean()), { maxLength: 12 }), (happening) => {
        const store = new BackendStore();
        let fleet = new Map<string, LeanRow>();
        let slots = new Map<string, number>();
        let release: (() => void) | undefined;
        for (const [step, toggleHold] of happening) {
          if (toggleHold) {
            release?.();
            release = release === undefined ? store.hold() : undefined;
          }
          fleet = after(fleet, step);
          if (step.do === "load") {
            store.load(columnsOf(step.rows));
          } else {
            store.apply(step);
          }
          expect(saidBy(store)).toEqual(new Map(Array.from(fleet, ([key, row]) => [key, asSaid(row)])));
          const now = new Map(Array.from(fleet.keys(), (key) => [key, slotOf(store, key)]));
          expect(new Set(now.values()).size).toBe(fleet.size);
          expect([...now].filter(([key, slot]) => (slots.get(key) ?? slot) !== slot)).toEqual([]);
          slots = new Map([...slots, ...now].filter(([key]) => fleet.has(key)));
          const ranks = store.slots().map((slot) => store.rank(slot));
          expect(ranks).toEqual([...new Set(ranks)].sort((one, other) => one - other));
          const keys = store.slots().map((slot) => naturalKey(store.name(slot)));
          expect(keys).toEqual([...keys].sort());
        }
      }),
    );
  },
  SLOW_MS,
);

test("names are sorted as people read them", () => {
  const store = loaded(...["n10", "n2", "N1", "m", "n02", "n9a", "n9"].map((name) => leanRow(name)));
  expect(store.slots().map((slot) => store.name(slot))).toEqual(["m", "N1", "n02", "n2", "n9", "n9a", "n10"]);
});

test("names that come one by one into the same gap keep their order", () => {
  const store = loaded(leanRow("a"), leanRow("b"));
  const names = Array.from({ length: 60 }, (_, place) => `a${"x".repeat(60 - place)}`);
  for (const name of names) {
    store.apply({ upserts: [leanRow(name)], deletes: [] });
  }
  expect(store.slots().map((slot) => store.name(slot))).toEqual(["a", ...names.toReversed(), "b"]);
  const ranks = store.slots().map((slot) => store.rank(slot));
  expect(ranks).toEqual([...ranks].sort((one, other) => one - other));
  expect(new Set(ranks).size).toBe(62);
});

describe("what a change tells", () => {
  function told(store: BackendStore, change: () => void): Changes[] {
    const heard: Changes[] = [];
    const leave = store.subscribe((changes) => heard.push(changes));
    change();
    leave();
    return heard;
  }

  test("a delta names the slots that it touches, and those of rows that are gone", () => {
    const store = loaded(leanRow("a"), leanRow("b"));
    const [a, b] = [slotOf(store, "vllm/a"), slotOf(store, "vllm/b")];
    const heard = told(store, () =>
      store.apply({ upserts: [leanRow("a", { pending: 3 })], deletes: [{ kind: "vllm", name: "b" }] }),
    );
    expect(heard).toEqual([{ all: false, upserted: [a], removed: [b], ranked: false, facts: false }]);
  });

  test("a delete of what is not there is no change", () => {
    const store = loaded(leanRow("a"));
    expect(told(store, () => store.apply({ upserts: [], deletes: [{ kind: "tgi", name: "a" }] }))).toEqual([]);
  });

  test("what a delta both deletes and has, is there", () => {
    const store = loaded(leanRow("a"));
    const a = slotOf(store, "vllm/a");
    const both = { upserts: [leanRow("a", { pending: 3 })], deletes: [{ kind: "vllm", name: "a" }] };
    expect(told(store, () => store.apply(both))).toMatchObject([{ upserted: [a], removed: [] }]);
    expect(store.pending(slotOf(store, "vllm/a"))).toBe(3);
  });

  test("facts are told when they are others", () => {
    const store = loaded(leanRow("a"));
    expect(told(store, () => store.setFacts({ complete: true, protected: false, degraded: "" }))).toEqual([]);
    expect(told(store, () => store.setFacts({ complete: false, degraded: "store is away" }))).toMatchObject([{ facts: true }]);
    expect(store.facts).toMatchObject({ complete: false, protected: false, degraded: "store is away" });
  });

  test("the slot of a row that is gone is not used again in the same step, nor while anybody holds", () => {
    const store = loaded(leanRow("a"), leanRow("b"));
    const slot = slotOf(store, "vllm/a");
    const release = store.hold();
    store.apply({ upserts: [leanRow("c")], deletes: [{ kind: "vllm", name: "a" }] });
    store.apply({ upserts: [leanRow("d")], deletes: [] });
    expect(store.has(slot)).toBe(false);
    expect(store.name(slot)).toBe("a");
    release();
    release();
    store.apply({ upserts: [leanRow("e")], deletes: [] });
    expect(slotOf(store, "vllm/e")).toBe(slot);
  });
});

describe("what is shared", () => {
  test("rows with the same words give the same array", () => {
    const store = loaded(leanRow("a", { models: ["m"] }), leanRow("b", { models: ["m"] }));
    store.apply({ upserts: [leanRow("c", { models: ["m"] })], deletes: [] });
    const [a, b, c] = ["a", "b", "c"].map((name) => store.models(slotOf(store, `vllm/${name}`)));
    expect(a).toBe(b);
    expect(a).toBe(c);
  });

  test("words that differ each time do not pile up, and all rows keep theirs", () => {
    const store = loaded(leanRow("a"), leanRow("b", { status_reason: "gone since 7" }));
    const release = store.hold();
    store.apply({ upserts: [], deletes: [{ kind: "vllm", name: "b" }] });
    for (let count = 0; count < 5000; count++) {
      store.apply({ upserts: [leanRow("a", { status_reason: `timeout after ${count} ms` })], deletes: [] });
    }
    expect(store.columns.words.reason.size).toBeLessThan(2000);
    expect(store.reason(slotOf(store, "vllm/a"))).toBe("timeout after 4999 ms");
    expect(store.reason(1)).toBe("gone since 7");
    release();
  });
});

describe("a hub of another version", () => {
  test("columns that it does not send are none, and those nobody knows are left out", () => {
    const { values, columns } = columnsOf([leanRow("a")]);
    const { tags: _tags, weights: _weights, priorities: _priorities, ...older } = columns;
    const store = new BackendStore();
    store.load({
      values: { ...values, colour: ["red"] },
      columns: { ...older, name: columns.name, kind: columns.kind, colour: [0] },
    });
    const row = store.row(slotOf(store, "vllm/a"));
    expect(row).toMatchObject({ tags: [], weights: [], priorities: [], models: ["llama-3"], total: 4 });
  });

  test("fields of a row that it does not send, or otherwise, are none", () => {
    const store = loaded(leanRow("a"));
    const odd = JSON.parse(
      '{"upserts":[{"kind":"vllm","name":"a","pending":"many","models":[1,"m"],"since":7,"health":null}],"deletes":[]}',
    );
    expect(isDelta(odd)).toBe(true);
    store.apply(odd);
    expect(store.row(slotOf(store, "vllm/a"))).toMatchObject({
      pending: 0,
      models: ["m"],
      sinceMs: 7,
      total: 0,
      status: "unknown",
    });
  });

  test.each([
    "null",
    "[]",
    '{"upserts":[]}',
    '{"upserts":[{"kind":"a"}],"deletes":[]}',
    '{"upserts":[],"deletes":[{"name":"a"}]}',
    '{"upserts":{},"deletes":[]}',
  ])("%s is no delta", (text) => {
    expect(isDelta(JSON.parse(text))).toBe(false);
  });

  test.each([
    "null",
    "{}",
    '{"values":{"kind":[]},"columns":{"name":[]}}',
    '{"values":{"kind":["a"]},"columns":{"name":["a"],"kind":[]}}',
  ])("%s is no columns", (text) => {
    expect(isColumns(JSON.parse(text))).toBe(false);
  });
});

test("counts that a column cannot hold are the nearest that it can", () => {
  const store = loaded(leanRow("a", { pending: 1e12, avg_latency_ms: -4, total_nodes: Number.NaN }));
  expect(store.row(slotOf(store, "vllm/a"))).toMatchObject({ pending: 0xffff_ffff, latencyMs: 0, total: 0 });
});

test(
  "a key stands for its kind and name, whatever signs they have",
  () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (kind, name) => {
        const whole = (text: string) => text.replace(/\p{Surrogate}/gu, "\ufffd");
        expect(partsOf(keyOf(kind, name))).toEqual({ kind: whole(kind), name: whole(name) });
      }),
    );
    expect(keyOf("vllm", "a/b c")).toBe("vllm/a%2Fb%20c");
    expect(partsOf("vllm")).toBeUndefined();
    expect(partsOf("vllm/%")).toBeUndefined();
  },
  SLOW_MS,
);
