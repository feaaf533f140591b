import { expect, test } from "vitest";
import { sparklinePath } from "@/pages/backends/sparkline";

test("gaps stay gaps, and the largest value is at the top", () => {
  const path = sparklinePath([5, Number.NaN, 10, 10]);
  expect(path.match(/M/g)).toHaveLength(2);
  expect(path).toContain("L58.5 1.5");
});

test("nothing is drawn of nothing", () => {
  expect(sparklinePath([])).toBe("");
  expect(sparklinePath([Number.NaN, Number.NaN])).toBe("");
  expect(sparklinePath([7])).toBe("");
});
