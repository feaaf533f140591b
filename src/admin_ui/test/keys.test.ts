import { describe, expect, it } from "vitest";
import { isSingle, KeySequences, nameOfKey, SEQUENCE_MS } from "@/core/keys";

const NONE = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };

describe("a key", () => {
  it("is named with its modifiers", () => {
    expect(nameOfKey({ ...NONE, key: "j" })).toBe("j");
    expect(nameOfKey({ ...NONE, key: " " })).toBe("Space");
    expect(nameOfKey({ ...NONE, key: "k", ctrlKey: true })).toBe("Ctrl+k");
    expect(nameOfKey({ ...NONE, key: "ArrowDown", shiftKey: true })).toBe("Shift+ArrowDown");
    expect(nameOfKey({ ...NONE, key: "ArrowUp", altKey: true })).toBe("Alt+ArrowUp");
  });

  it("is the same with Command, and with Caps Lock", () => {
    expect(nameOfKey({ ...NONE, key: "k", metaKey: true })).toBe("Ctrl+k");
    expect(nameOfKey({ ...NONE, key: "K", ctrlKey: true })).toBe("Ctrl+k");
  });

  it("is a sign of its own where Shift makes one", () => {
    expect(nameOfKey({ ...NONE, key: "?", shiftKey: true })).toBe("?");
  });

  it("is single if it could be typed", () => {
    expect(["j", "?", "Space", "g b"].every(isSingle)).toBe(true);
    expect(["Ctrl+k", "Escape", "Shift+ArrowDown", "Enter"].some(isSingle)).toBe(false);
  });
});

describe("sequences of keys", () => {
  const bound = ["g b", "g n", "b", "j"];
  const isBound = (key: string, begins: boolean) => bound.some((each) => (begins ? each.startsWith(`${key} `) : each === key));
  const typed = (...presses: (readonly [string, number])[]) => {
    const sequences = new KeySequences();
    return presses.map(([key, at]) => sequences.next(key, isBound, at));
  };

  it("are completed by their second key, which then is not a key of its own", () => {
    expect(typed(["g", 0], ["b", 300])).toEqual([undefined, "g b"]);
  });

  it("are given up when the second key is another, which then counts by itself", () => {
    expect(typed(["g", 0], ["j", 300], ["b", 400])).toEqual([undefined, "j", "b"]);
  });

  it("are given up after a while", () => {
    expect(typed(["g", 0], ["b", SEQUENCE_MS + 1])).toEqual([undefined, "b"]);
  });

  it("begin anew with their first key", () => {
    expect(typed(["g", 0], ["g", 100], ["n", 200])).toEqual([undefined, undefined, "g n"]);
  });

  it("know nothing of keys that nothing is bound to", () => {
    expect(typed(["z", 0], ["b", 1])).toEqual([undefined, "b"]);
  });
});
