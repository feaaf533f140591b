import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PAGES, type PageName, parseAddress, patched, placeOf, printAddress, printParams, underRoot } from "@/core/address";

const named = PAGES.filter((page) => page !== "missing");

describe("the address of a place", () => {
  it("gives the place back, whatever is in its path and its parameters", () => {
    // A part that is `.` or `..` is not kept apart from a step in the path by any browser.
    // A part that is `.` or `..` is not kept apart from a step in the path by any browser.
    const text = fc.oneof(fc.string({ unit: "grapheme", maxLength: 12 }), fc.string({ unit: "binary-ascii", maxLength: 12 }));
    const place = fc.record({
      page: fc.constantFrom<PageName>(...named),
      path: fc.array(
        text.filter((part) => !["", ".", ".."].includes(part)),
        { maxLength: 3 },
      ),
      params: fc.array(fc.tuple(text, text), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(place, ({ page, path, params }) => {
        const there = { page, path, params: new URLSearchParams(params) };
        const back = parseAddress(printAddress(there));
        expect([back.page, back.path, [...back.params]]).toEqual([page, path, params]);
      }),
    );
  });

  it("is the overview where nothing is named, and missing where no page is", () => {
    expect(parseAddress("").page).toBe("overview");
    expect(parseAddress("?q=a").page).toBe("overview");
    expect(parseAddress("nothing/here").page).toBe("missing");
    expect(parseAddress("missing").page).toBe("missing");
  });

  it("is read even if it is not well written", () => {
    expect(parseAddress("backends/vllm/50%").path).toEqual(["vllm", "50%"]);
    expect(parseAddress("nodes//fra-1/").path).toEqual(["fra-1"]);
    expect(parseAddress("backends?q=a#top").params.get("q")).toBe("a");
  });

  it("keeps a slash in a name", () => {
    expect(printAddress({ page: "backends", path: ["vllm", "a/b"], params: new URLSearchParams() })).toBe(
      "backends/vllm/a%2Fb",
    );
  });

  it("leaves signs of the query language readable", () => {
    const params = new URLSearchParams({ q: "status:a,b latency>400 model:x*" });
    expect(printParams(params)).toBe("q=status:a,b+latency>400+model:x*");
    expect(new URLSearchParams(printParams(new URLSearchParams({ q: "a&b=c+d#e%3A" }))).get("q")).toBe("a&b=c+d#e%3A");
  });

  it("can be told in parts", () => {
    const there = placeOf({ page: "events", params: { node: "fra-1", kind: null } });
    expect(printAddress(there)).toBe("events?node=fra-1");
  });
});

describe("parameters", () => {
  it("are set and taken away in a copy", () => {
    const before = new URLSearchParams("q=a&sort=name");
    expect(patched(before, { q: null, open: "x/y", sort: "" }).toString()).toBe("open=x%2Fy");
    expect(before.toString()).toBe("q=a&sort=name");
  });
});

describe("a path under the root", () => {
  it("is what follows the root", () => {
    expect(underRoot("/admin/backends", "/admin/")).toBe("backends");
    expect(underRoot("/admin", "/admin/")).toBe("");
    expect(underRoot("/x/admin/", "/x/admin/")).toBe("");
  });

  it("is nothing elsewhere", () => {
    expect(underRoot("/administration", "/admin/")).toBeNull();
    expect(underRoot("/", "/admin/")).toBeNull();
  });
});
