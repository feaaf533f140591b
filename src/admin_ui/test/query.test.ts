import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  completions,
  hasTerm,
  parseQuery,
  printQuery,
  printTerm,
  type Query,
  toggled,
  type ValueField,
  withoutPart,
  withoutTerm,
  withTerm,
} from "@/core/query";
import { VALUE_FIELDS } from "@/core/query_fields";
import { backends } from "@/messages/en/backends";
import { SLOW_MS } from "./model";

/** Texts of the signs that mean something to a query. */
const signs = fc.constantFrom(
  ...'abn19 :,<>=-*"\\.',
  "status",
  "kind",
  "latency",
  "since",
  "node:",
  "available",
  "10m",
  "\t",
  "é",
);
const texts = fc.oneof(
  fc.array(signs, { maxLength: 16 }).map((parts) => parts.join("")),
  fc.string({ maxLength: 20 }),
);
/** Values of any kind but empty ones, which are none. */
const values = fc.array(signs, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));

function asked({ terms, words }: Query) {
  return { terms, words };
}

test(
  "any text is taken without an exception, and what was understood is the same when it is printed and read again",
  () => {
    fc.assert(
      fc.property(texts, (text) => {
        const query = parseQuery(text);
        const printed = printQuery(query);
        const again = parseQuery(printed);
        expect(again.problems).toEqual([]);
        expect(asked(again)).toEqual(asked(query));
        expect(printQuery(again)).toBe(printed);
      }),
      { numRuns: 1000 },
    );
  },
  SLOW_MS,
);

test(
  "every problem names the part of the text that it is about",
  () => {
    fc.assert(
      fc.property(texts, (text) => {
        for (const { from, to, text: part, code, remedy } of parseQuery(text).problems) {
          expect(text.slice(from, to)).toBe(part);
          expect(Object.keys(backends)).toEqual(expect.arrayContaining([`wrong_${code}`, `remedy_${remedy}`]));
        }
      }),
    );
  },
  SLOW_MS,
);

test("terms and words are understood", () => {
  expect(asked(parseQuery('status:Unavailable,degraded -kind:vllm latency>400 since<10m tag:zone=eu "a b" fra'))).toEqual({
    terms: [
      { type: "values", field: "status", values: ["unavailable", "degraded"], excludes: false },
      { type: "values", field: "kind", values: ["vllm"], excludes: true },
      { type: "number", field: "latency", comparison: ">", value: 400, excludes: false },
      { type: "number", field: "since", comparison: "<", value: 600_000, excludes: false },
      { type: "values", field: "tag", values: ["zone=eu"], excludes: false },
    ],
    words: ["a b", "fra"],
  });
});

test.each([
  ['model:"a,b",c', 'model:"a,b",c'],
  ["since<60m", "since<1h"],
  ["since>90s", "since>90s"],
  ["since<1.1m", "since<66s"],
  ["latency>1.0004s", "latency>1000"],
  ["latency>2s", "latency>2000"],
  ["latency<=30s", "latency<=30s"],
  ["  pending>0   a ", "pending>0 a"],
  ["a status:available b", "status:available a b"],
  ["kind:a,,a,", "kind:a"],
  ['"qwen:7b"', '"qwen:7b"'],
  ["llama3:8b", "llama3:8b"],
  ['"-x"', '"-x"'],
  ["KIND:vllm", "kind:vllm"],
  ["priority>=-1", "priority>=-1"],
  ["latency=-0", "latency=0"],
])("%s is printed as %s", (text, printed) => {
  expect(parseQuery(text).problems).toEqual([]);
  expect(printQuery(parseQuery(text))).toBe(printed);
});

test.each([
  ["colour:red", "unknown_field", '"colour:red"'],
  ["statsu:unavailable", "unknown_field", "status:unavailable"],
  ["operation:chat", "unknown_field", "op:chat"],
  ["laten:400", "unknown_field", "latency>400"],
  ["status:broken", "unknown_value", ""],
  ["-status:unavailble", "unknown_value", "-status:unavailable"],
  ["status:", "no_value", ""],
  ["latency:400", "needs_comparison", "latency>400"],
  ["latency>fast", "not_a_duration", "latency>400"],
  ["pending>4s", "not_a_number", "pending>0"],
  ["since<10", "needs_unit", "since<10m"],
  ["kind=vllm", "needs_values", "kind:vllm"],
  ["node:a node:b", "second_node", ""],
  ["node:fra-*", "no_pattern", ""],
  ["-canary", "excluded_word", "-name:*canary*"],
  ['kind:"vllm', "open_quote", 'kind:"vllm"'],
])("%s is a problem: %s, and there is a remedy", (text, code, instead) => {
  const { problems } = parseQuery(text);
  expect(problems).toMatchObject([{ code, instead }]);
  expect(parseQuery(instead).problems).toEqual([]);
});

describe("what filters do to the text", () => {
  test("a value joins those of its field, and leaves all else as it was written", () => {
    expect(withTerm("  fra  status:unavailable kind:", "status", "degraded")).toBe("fra status:unavailable,degraded kind:");
    expect(withTerm("-kind:a", "kind", "b c")).toBe('-kind:a kind:"b c"');
    expect(withTerm("kind:A", "kind", "a")).toBe("kind:A");
  });

  test("the last value that goes takes its term along", () => {
    expect(withoutTerm("a status:unavailable,degraded", "status", "unavailable")).toBe("a status:degraded");
    expect(withoutTerm("a status:degraded b", "status", "degraded")).toBe("a b");
    expect(withoutTerm("a -kind:x kind:y latency>4", "kind")).toBe("a latency>4");
    expect(withoutTerm("a latency>4", "latency")).toBe("a");
  });

  test(
    "what is toggled twice asks for the same as before",
    () => {
      fc.assert(
        fc.property(texts, fc.constantFrom(...VALUE_FIELDS), values, (text, field: ValueField, value) => {
          fc.pre(!hasTerm(text, field, value) && !parseQuery(text).problems.some(({ code }) => code === "open_quote"));
          const on = toggled(text, field, value);
          expect(hasTerm(on, field, value)).toBe(true);
          const off = toggled(on, field, value);
          expect(hasTerm(off, field, value)).toBe(false);
          expect(asked(parseQuery(off))).toEqual(asked(parseQuery(text)));
        }),
      );
    },
    SLOW_MS,
  );

  test("a chip takes away its own part only", () => {
    const text = "fra latency>400 -kind:vllm status:degraded latency>400";
    const [latency, kind] = parseQuery(text).terms;
    expect(latency && withoutPart(text, latency)).toBe("fra -kind:vllm status:degraded latency>400");
    expect(kind && withoutPart(text, kind)).toBe("fra latency>400 status:degraded latency>400");
    expect(withoutPart(text, "fra")).toBe("latency>400 -kind:vllm status:degraded latency>400");
    expect(withoutPart(text, "ams")).toBe(text);
  });
});

describe("what could come next", () => {
  const facets = {
    kind: [
      { value: "vllm", count: 7 },
      { value: "ollama", count: 3 },
      { value: "old vllm", count: 1 },
    ],
    model: [{ value: "llama-3", count: 4 }],
  };
  const texts = (text: string, caret = text.length) => completions(text, caret, facets).items.map((item) => item.text);

  test("nothing is written: every field", () => {
    expect(texts("")).toContain("status:");
    expect(texts("a ")).toContain("latency>");
  });

  test("fields first, then values of any field", () => {
    expect(texts("lat")).toEqual(["latency>"]);
    expect(texts("ol")).toEqual(["kind:ollama", 'kind:"old vllm"']);
    expect(texts("-ki")).toEqual(["kind:"]);
    expect(completions("a -ki", 5, facets)).toMatchObject({ from: 3, to: 5 });
  });

  test("after a colon the values with their counts, those that begin so first", () => {
    expect(completions("a kind:v", 8, facets)).toEqual({
      from: 7,
      to: 8,
      items: [
        { text: "vllm", field: "kind", value: "vllm", count: 7 },
        { text: '"old vllm"', field: "kind", value: "old vllm", count: 1 },
      ],
    });
    expect(texts("kind:vllm,")).toEqual(["vllm,ollama", 'vllm,"old vllm"']);
    expect(texts("status:unk")).toEqual(["unknown"]);
    expect(texts("latency>4")).toEqual([]);
  });

  test("what is taken becomes a text that asks for it", () => {
    for (const text of ["kind:o", "ol", "stat", "kind:vllm,ol", "x kind:"]) {
      const { from, to, items } = completions(text, text.length, facets);
      for (const { text: part, field, value } of items) {
        const next = text.slice(0, from) + part + text.slice(to);
        expect(value === "" ? next.includes(field) : hasTerm(next, field as ValueField, value)).toBe(true);
      }
    }
  });

  test(
    "no caret anywhere in any text is too much",
    () => {
      fc.assert(
        fc.property(fc.string({ maxLength: 12 }), fc.nat(12), (text, caret) => {
          const { from, to } = completions(text, Math.min(caret, text.length), facets);
          expect(from).toBeLessThanOrEqual(to);
        }),
      );
    },
    SLOW_MS,
  );
});

test("a term is printed as it is in the query", () => {
  expect(parseQuery('-tag:"a b",c since>36h').terms.map(printTerm)).toEqual(['-tag:"a b",c', "since>36h"]);
});
