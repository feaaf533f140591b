import fc from "fast-check";
import { expect, test } from "vitest";
import { ALWAYS, COLUMN_IDS, type ColumnChoice, DEFAULT_COLUMNS, SHAPES } from "@/pages/backends/columns";
import { placed, steppedBack } from "@/pages/backends/layout";

const choices: fc.Arbitrary<ColumnChoice[]> = fc
  .shuffledSubarray([...COLUMN_IDS], { minLength: 1 })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((id) =>
        fc
          .option(fc.integer({ min: 48, max: 400 }), { nil: undefined })
          .map((width) => (width === undefined ? { id } : { id, width })),
      ),
    ),
  );

const needed = (columns: readonly ColumnChoice[]) =>
  columns.reduce((sum, { id, width }) => sum + (width ?? SHAPES[id].least), 0);

test("name, status, why and since are shown however little room there is", () => {
  fc.assert(
    fc.property(choices, fc.integer({ min: 1, max: 3000 }), (columns, width) => {
      const shown = new Set(placed(columns, width).map((column) => column.id));
      for (const { id } of columns) {
        expect(shown.has(id) || SHAPES[id].rank < ALWAYS).toBe(true);
      }
    }),
  );
});

test("what is shown fits as long as anything that may step back is shown, and no column gets less than it needs", () => {
  fc.assert(
    fc.property(choices, fc.integer({ min: 1, max: 3000 }), (columns, width) => {
      const shown = placed(columns, width);
      const total = shown.reduce((sum, column) => sum + column.width, 0);
      expect(total <= width || shown.every(({ id }) => SHAPES[id].rank === ALWAYS)).toBe(true);
      for (const column of shown) {
        const chosen = columns.find(({ id }) => id === column.id);
        expect(column.width).toBeGreaterThanOrEqual(Math.floor(chosen?.width ?? SHAPES[column.id].least));
      }
    }),
  );
});

test("columns are shown in the order of the choice, and those that are not are those that stepped back", () => {
  fc.assert(
    fc.property(choices, fc.integer({ min: 1, max: 3000 }), (columns, width) => {
      const shown = placed(columns, width).map((column) => column.id);
      const back = steppedBack(columns, width);
      expect(columns.map(({ id }) => id).filter((id) => !back.includes(id))).toEqual(shown);
    }),
  );
});

test("a column of a lower rank does not stay while one of a higher rank of the same need steps back", () => {
  expect(steppedBack(DEFAULT_COLUMNS, needed(DEFAULT_COLUMNS))).toEqual([]);
  expect(steppedBack(DEFAULT_COLUMNS, needed(DEFAULT_COLUMNS) - 1)).toEqual(["operations"]);
});

test("beside a drawer of the usual width on a screen of 1440 pixels, why has room for a sentence", () => {
  const why = placed(DEFAULT_COLUMNS, 1440 - 196 - 384 - 36 - 16).find((column) => column.id === "why");
  expect(why?.width).toBeGreaterThanOrEqual(150);
});

test("a width that was set is kept while there is room", () => {
  const columns = DEFAULT_COLUMNS.map(({ id }) => (id === "kind" ? { id, width: 222 } : { id }));
  expect(placed(columns, 2000).find((column) => column.id === "kind")?.width).toBe(222);
});

test("all of the room is given to columns", () => {
  const total = placed(DEFAULT_COLUMNS, 2000).reduce((sum, column) => sum + column.width, 0);
  expect(total).toBeGreaterThan(2000 - DEFAULT_COLUMNS.length);
});
