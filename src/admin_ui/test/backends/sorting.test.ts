import { expect, test } from "vitest";
import { parseSort } from "@/core/order_sort";
import { printSort, sortAfter } from "@/pages/backends/sorting";

test("an order in an address comes back as it was written; the usual one is not written", () => {
  expect(printSort(parseSort("-latency"))).toBe("-latency");
  expect(printSort(parseSort("nonsense"))).toBe("");
  expect(printSort(parseSort(null))).toBe("");
});

test("a second click on a head turns the order round; of numbers that are looked for, the largest come first", () => {
  const first = sortAfter({ column: "status", descending: false }, "latency");
  expect(first).toEqual({ column: "latency", descending: true });
  expect(sortAfter(first, "latency")).toEqual({ column: "latency", descending: false });
  expect(sortAfter(first, "name")).toEqual({ column: "name", descending: false });
});
