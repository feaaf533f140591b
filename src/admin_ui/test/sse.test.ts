import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventParser } from "@/core/sse";
import { SLOW_MS } from "./model";

const encoder = new TextEncoder();

function parsed(...pieces: (string | Uint8Array)[]) {
  const parser = new EventParser();
  return pieces.flatMap((piece) => parser.push(typeof piece === "string" ? encoder.encode(piece) : piece));
}

test("an event has its type, its data and its id", () => {
  expect(parsed("id: 7\nevent: delta\ndata: {}\n\n")).toEqual([{ type: "delta", data: "{}", id: "7" }]);
  expect(parsed("data: x\n\n")).toEqual([{ type: "message", data: "x", id: "" }]);
});

test("the id of an event is not that of the next, which may have none", () => {
  expect(parsed("id: 1\ndata: a\n\ndata: b\n\n").map(({ id }) => id)).toEqual(["1", ""]);
});

test.each([
  ["lines of data are one text", "data: a\ndata: b\n\n", ["a\nb"]],
  ["one space after the colon is not data", "data:  a\ndata:b\n\n", [" a\nb"]],
  ["comments and unknown fields are left out", ": hi\nretry: 3\nfoo\ndata: a\n\n", ["a"]],
  ["an event without data is none", "event: x\n\ndata: a\n\n", ["a"]],
  ["all ends of line", "data: a\r\n\r\ndata: b\r\rdata: c\n\n", ["a", "b", "c"]],
  ["a mark at the beginning", "\ufeffdata: a\n\n", ["a"]],
  ["data that is empty", "data\n\n", [""]],
  ["what the end cuts off", "data: a\n\ndata: b\n", ["a"]],
])("%s", (_, text, data) => {
  expect(parsed(text).map((event) => event.data)).toEqual(data);
});

test("a return and a newline that come apart are one end of line", () => {
  expect(parsed("data: a\r", "\ndata: b\r", "", "\n\r", "\n").map(({ data }) => data)).toEqual(["a\nb"]);
});

test(
  "however the bytes are cut, the events are the same",
  () => {
    const line = fc.constantFrom("data: größe 🚀", "data:", "event: x", "id: 9", ": c", "", "", "data: 日本");
    const end = fc.constantFrom("\n", "\r\n", "\r");
    fc.assert(
      fc.property(fc.array(fc.tuple(line, end), { maxLength: 20 }), fc.array(fc.nat(200), { maxLength: 10 }), (lines, cuts) => {
        const bytes = encoder.encode(lines.flat().join(""));
        const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((one, other) => one - other), bytes.length];
        const pieces = places.slice(1).map((to, at) => bytes.slice(places[at], to));
        expect(parsed(...pieces)).toEqual(parsed(bytes));
      }),
      { numRuns: 300 },
    );
  },
  SLOW_MS,
);

describe("an event without end", () => {
  const million = "x".repeat(1_000_000);

  test(
    "is an error once it is too large, whether it is one line",
    () => {
      const parser = new EventParser();
      parser.push(encoder.encode("data: "));
      expect(() => {
        for (let count = 0; count < 70; count++) {
          parser.push(encoder.encode(million));
        }
      }).toThrow(RangeError);
    },
    SLOW_MS,
  );

  test(
    "or many",
    () => {
      const parser = new EventParser();
      expect(() => {
        for (let count = 0; count < 70; count++) {
          parser.push(encoder.encode(`data: ${million}\n`));
        }
      }).toThrow(RangeError);
    },
    SLOW_MS,
  );
});
