import { describe, expect, it } from "vitest";
import { bestNames } from "@/core/best_names";

describe("names that fit", () => {
  const found = (names: readonly string[], text: string, most = 20) => bestNames(names, (name) => name, text, most);

  it("come best first: the name itself, its beginning, the beginning of a part, the middle", () => {
    expect(found(["xfrax", "de-fra", "fra-1", "fra"], "fra")).toEqual(["fra", "fra-1", "de-fra", "xfrax"]);
  });

  it("are found whatever their case, and in their order where they fit equally", () => {
    expect(found(["Fra-2", "FRA-1"], "fra")).toEqual(["Fra-2", "FRA-1"]);
  });

  it("are not more than wanted, and none for no text", () => {
    expect(found(["a1", "a2", "a3"], "a", 2)).toEqual(["a1", "a2"]);
    expect(found(["a1"], "  ")).toEqual([]);
  });
});
