import { describe, expect, test } from "vitest";
import { intentOf, statusOf } from "@/core/status";

describe("the status of a backend", () => {
  test.each([
    ["no node has it", [0, 0, 0, 0, 0, 0], "unknown"],
    ["all nodes can use it", [3, 3, 3, 0, 0, 0], "available"],
    ["one of them cannot", [3, 2, 2, 1, 0, 0], "degraded"],
    ["none can", [3, 0, 0, 3, 0, 0], "unavailable"],
    ["none can, and none has checked", [3, 0, 0, 0, 0, 0], "unknown"],
    ["withdrawn on one, available on the others", [3, 2, 3, 0, 1, 0], "available"],
    ["withdrawn on one, gone on another", [3, 1, 1, 1, 1, 0], "degraded"],
    ["draining everywhere", [3, 0, 3, 0, 3, 0], "draining"],
    ["draining here, disabled there", [3, 0, 3, 0, 1, 2], "draining"],
    ["disabled everywhere", [3, 0, 0, 0, 0, 3], "disabled"],
    ["withdrawn on one, unhealthy on the rest", [3, 0, 1, 2, 0, 1], "unavailable"],
    ["draining everywhere, and still available on one", [2, 1, 2, 0, 2, 0], "draining"],
  ] as const)("%s", (_, [total, available, healthy, unhealthy, draining, disabled], status) => {
    expect(statusOf(total, available, healthy, unhealthy, draining, disabled)).toBe(status);
  });
});

test.each([
  [3, 0, 0, "enabled"],
  [0, 0, 0, "enabled"],
  [3, 3, 0, "draining"],
  [3, 0, 3, "disabled"],
  [3, 1, 0, "mixed"],
  [3, 1, 2, "mixed"],
] as const)("the intent of %i nodes, %i draining, %i disabled is %s", (total, draining, disabled, intent) => {
  expect(intentOf(total, draining, disabled)).toBe(intent);
});
