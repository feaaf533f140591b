import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rowsPerPage, rowWindow, scrollToShow } from "@/core/window";

test("every row that can be seen is drawn, and few others", () => {
  fc.assert(
    fc.property(
      fc.nat(200),
      fc.integer({ min: 1, max: 60 }),
      fc.nat(9000),
      fc.nat(1000),
      fc.nat(8),
      (count, rowHeight, far, height, beyond) => {
        const total = count * rowHeight;
        const scrollTop = Math.min(far, Math.max(0, total - height));
        const { first, end, offset, total: said } = rowWindow({ scrollTop, height }, count, rowHeight, beyond);
        expect([offset, said]).toEqual([first * rowHeight, total]);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(count);
        for (let row = 0; row < count; row++) {
          const isSeen = (row + 1) * rowHeight > scrollTop && row * rowHeight < scrollTop + height;
          expect(!isSeen || (first <= row && row < end)).toBe(true);
        }
        expect(end - first).toBeLessThanOrEqual(Math.ceil(height / rowHeight) + 1 + 2 * beyond);
      },
    ),
  );
});

test("a list that has become short is seen at its end, not beyond it", () => {
  expect(rowWindow({ scrollTop: 99_999, height: 100 }, 10, 20, 0)).toMatchObject({ first: 5, end: 10 });
  expect(rowWindow({ scrollTop: 500, height: 100 }, 0, 20)).toMatchObject({ first: 0, end: 0, total: 0 });
  expect(rowWindow({ scrollTop: -30, height: 100 }, 10, 20, 0)).toMatchObject({ first: 0, end: 5 });
});

describe("to show a row the list is scrolled", () => {
  test.each([
    ["up to it", 1, 20],
    ["not at all if it is seen", 7, 100],
    ["down until it is whole", 10, 120],
  ])("%s", (_, index, scrollTop) => {
    expect(scrollToShow({ scrollTop: 100, height: 100 }, index, 20)).toBe(scrollTop);
  });
});

test("a page leaves one row in view, and is one row at least", () => {
  expect(rowsPerPage({ scrollTop: 0, height: 100 }, 20)).toBe(4);
  expect(rowsPerPage({ scrollTop: 0, height: 10 }, 20)).toBe(1);
});
