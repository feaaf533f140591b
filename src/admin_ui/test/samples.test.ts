import { expect, test } from "vitest";
import { SAMPLES, Samples } from "@/core/samples";
import { BackendStore } from "@/core/store";
import { columnsOf, leanRow, playedFleet, seeded } from "./fleet";

const START = 1_795_000_005_000;

function sampled() {
  const store = new BackendStore();
  store.load(columnsOf([leanRow("a", { avg_latency_ms: 10 }), leanRow("b", { avg_latency_ms: 0 })]));
  const samples = new Samples(store);
  const slot = (name: string) => store.slotOf(`vllm/${name}`) ?? -1;
  const latency = (name: string, ms: number) => store.apply({ upserts: [leanRow(name, { avg_latency_ms: ms })], deletes: [] });
  const last = (name: string, count: number) => Array.from(samples.values(slot(name))).slice(-count);
  return { store, samples, slot, latency, last };
}

test("values come one by one, at even times, oldest first", () => {
  const { samples, latency, last } = sampled();
  samples.take(START);
  latency("a", 20);
  samples.take(START + 1000);
  samples.take(START + 15_000);
  latency("a", 30);
  samples.take(START + 30_000);
  expect(last("a", 4)).toEqual([Number.NaN, 10, 20, 30]);
  expect(last("b", 2)).toEqual([Number.NaN, Number.NaN]);
  expect(samples.values(0)).toHaveLength(SAMPLES);
});

test("only the last thirty are kept", () => {
  const { samples, latency, slot } = sampled();
  for (let count = 1; count <= 100; count++) {
    latency("a", count);
    samples.take(START + count * 15_000);
  }
  expect(Array.from(samples.values(slot("a")))).toEqual(Array.from({ length: SAMPLES }, (_, place) => 71 + place));
});

test("where time was missed there is a gap, and the past may be asked for again", () => {
  const { samples, slot, last } = sampled();
  for (let count = 0; count < 40; count++) {
    samples.take(START + count * 15_000);
  }
  samples.seed(slot("a"), { everyMs: 15_000, untilMs: START, values: [] });
  expect(samples.isSeeded(slot("a"))).toBe(true);
  samples.take(START + 42 * 15_000);
  expect(last("a", 5)).toEqual([10, 10, Number.NaN, Number.NaN, 10]);
  expect(samples.isSeeded(slot("a"))).toBe(false);
  samples.take(START + 4000 * 15_000);
  expect(last("a", 3)).toEqual([Number.NaN, Number.NaN, 10]);
});

test("a seed fills what is not known, at the times that it is of", () => {
  const { samples, slot, latency, last } = sampled();
  latency("a", 99);
  samples.take(START);
  samples.seed(slot("a"), { everyMs: 15_000, untilMs: START - 15_000, values: [1, null, 3, 70_000] });
  expect(last("a", 6)).toEqual([Number.NaN, 1, Number.NaN, 3, 65_534, 99]);
});

test("a coarser seed gives each of its values to several times", () => {
  const { samples, slot, last } = sampled();
  samples.take(START);
  samples.seed(slot("b"), { everyMs: 60_000, untilMs: START, values: [7, 8] });
  expect(last("b", 8)).toEqual([Number.NaN, 7, 7, 7, 7, 8, 8, 8]);
});

test("a slot that another row takes has none of the old values", () => {
  const { store, samples, slot, last } = sampled();
  samples.take(START);
  const before = slot("a");
  samples.seed(before, { everyMs: 15_000, untilMs: START, values: [5, 5, 5] });
  store.apply({ upserts: [], deletes: [{ kind: "vllm", name: "a" }] });
  store.apply({ upserts: [leanRow("c", { avg_latency_ms: 3 })], deletes: [] });
  expect(slot("c")).toBe(before);
  expect(last("c", SAMPLES).every(Number.isNaN)).toBe(true);
  expect(samples.isSeeded(before)).toBe(false);
  samples.take(START + 15_000);
  expect(last("c", 2)).toEqual([Number.NaN, 3]);
});

test("the revision is another one when the values are", () => {
  const { samples, slot } = sampled();
  const seen = new Set<number>();
  const look = () => seen.add(samples.revision(slot("a")));
  look();
  samples.take(START);
  look();
  samples.seed(slot("a"), { everyMs: 15_000, untilMs: START, values: [1, 2] });
  look();
  samples.take(START + 15_000);
  look();
  expect(seen.size).toBe(4);
  const before = samples.revision(slot("b"));
  samples.seed(slot("a"), { everyMs: 15_000, untilMs: START, values: [1, 2] });
  expect(samples.revision(slot("b"))).toBe(before);
});

test("rows that come later, beyond the memory there is, have values too", () => {
  const { store, samples } = sampled();
  samples.take(START);
  store.load(columnsOf(playedFleet(3000, seeded(3))));
  samples.take(START + 15_000);
  const slots = store.slots();
  expect(slots.filter((slot) => samples.values(slot).at(-1) !== store.latency(slot))).toEqual([]);
  samples.dispose();
});
