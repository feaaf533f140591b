import { expect, test } from "vitest";
import { parseColumns, printColumns, widthWithin } from "@/pages/backends/columns";

test("columns of an address come back as they were written", () => {
  expect(printColumns(parseColumns("why:320,name,status") ?? [])).toBe("why:320,name,status");
});

test("columns that are unknown, repeated or of no sensible width make no harm", () => {
  expect(parseColumns("name,secret,__proto__,name,kind:abc,why:99999")).toEqual([
    { id: "name" },
    { id: "kind" },
    { id: "why", width: 800 },
  ]);
});

test("an address without any known column chooses none", () => {
  expect(parseColumns(null)).toBeUndefined();
  expect(parseColumns("")).toBeUndefined();
  expect(parseColumns("nothing,known")).toBeUndefined();
});

test("widths are whole and within bounds", () => {
  expect([widthWithin(-3), widthWithin(120.4), widthWithin(5000)]).toEqual([48, 120, 800]);
});
