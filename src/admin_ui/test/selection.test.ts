import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_SORT, RowOrder } from "@/core/order";
import { parseQuery } from "@/core/query";
import { Selection } from "@/core/selection";
import { BackendStore } from "@/core/store";
import { columnsOf, leanRow } from "./fleet";
import { SLOW_MS, steps } from "./model";

function chosenFrom(names: readonly string[]) {
  const store = new BackendStore();
  store.load(columnsOf(names.map((name) => leanRow(name))));
  const order = new RowOrder(store, () => 0);
  const selection = new Selection(store);
  const slot = (name: string) => store.slotOf(`vllm/${name}`) ?? -1;
  const names_ = () =>
    selection
      .slots()
      .map((one) => store.name(one))
      .sort()
      .join("");
  return { store, order, selection, slot, names: names_ };
}

test(
  "whatever happens, what is chosen is what was chosen and has been there ever since",
  () => {
    const doings = fc.tuple(steps, fc.nat(8), fc.constantFrom("toggle", "only", "extend", "all", "none"));
    fc.assert(
      fc.property(fc.array(doings, { maxLength: 15 }), (happening) => {
        const store = new BackendStore();
        const order = new RowOrder(store, () => 0);
        const selection = new Selection(store);
        let chosen = new Set<string>();
        for (const [step, place, action] of happening) {
          if (step.do === "load") {
            store.load(columnsOf(step.rows));
          } else {
            store.apply(step);
          }
          chosen = new Set([...chosen].filter((key) => store.slotOf(key) !== undefined));
          expect(new Set(selection.keys())).toEqual(chosen);
          const slot = order.at(place);
          if (slot !== undefined && action === "toggle") {
            selection.toggle(slot);
            if (!chosen.delete(store.key(slot))) {
              chosen.add(store.key(slot));
            }
          } else if (slot !== undefined && action === "only") {
            selection.only(slot);
            chosen = new Set([store.key(slot)]);
          } else if (action === "all") {
            selection.add(order.rows);
            chosen = new Set(Array.from(order.rows, (one) => store.key(one)));
          } else if (action === "none") {
            selection.clear();
            chosen = new Set();
          }
          expect(selection.size).toBe(chosen.size);
          expect(selection.countIn(order)).toBe(chosen.size);
        }
      }),
    );
  },
  SLOW_MS,
);

describe("a range", () => {
  test("goes from the last that was chosen to the one that is pointed at, in the shown order, both ways", () => {
    const { order, selection, slot, names } = chosenFrom([..."abcdef"]);
    selection.toggle(slot("c"));
    selection.extendTo(order, 4);
    expect(names()).toBe("cde");
    selection.extendTo(order, 0);
    expect(names()).toBe("abcde");
  });

  test("from a row that was just taken out takes out", () => {
    const { order, selection, slot, names } = chosenFrom([..."abcdef"]);
    selection.add(order.rows);
    selection.toggle(slot("b"));
    selection.extendTo(order, 3);
    expect(names()).toBe("aef");
  });

  test("without a beginning that is shown is the row alone", () => {
    const { store, order, selection, slot, names } = chosenFrom([..."abcdef"]);
    selection.extendTo(order, 2);
    expect(names()).toBe("c");
    selection.clear();
    selection.toggle(slot("a"));
    store.apply({ upserts: [], deletes: [{ kind: "vllm", name: "a" }] });
    selection.extendTo(order, 3);
    expect(names()).toBe("e");
  });
});

test("what is filtered out stays chosen, and is not counted among what is shown", () => {
  const { order, selection, names } = chosenFrom([..."abc"]);
  selection.add(order.rows);
  order.set(parseQuery("name:b"), DEFAULT_SORT);
  expect(names()).toBe("abc");
  expect(selection.countIn(order)).toBe(1);
});

test("a row that is gone cannot be chosen, although a frozen order shows it, and is not chosen when it comes back", () => {
  const { store, order, selection, slot, names } = chosenFrom([..."abc"]);
  selection.add(order.rows);
  order.freeze();
  const b = slot("b");
  store.apply({ upserts: [], deletes: [{ kind: "vllm", name: "b" }] });
  expect(names()).toBe("ac");
  selection.add([b]);
  expect(names()).toBe("ac");
  selection.toggle(b);
  expect(names()).toBe("ac");
  store.apply({ upserts: [leanRow("b")], deletes: [] });
  expect(names()).toBe("ac");
});

test("who listens hears of what becomes otherwise, and of nothing else", () => {
  const { store, selection, slot } = chosenFrom([..."abc"]);
  let heard = 0;
  selection.subscribe(() => heard++);
  selection.clear();
  store.apply({ upserts: [], deletes: [{ kind: "vllm", name: "b" }] });
  expect(heard).toBe(0);
  selection.toggle(slot("a"));
  store.apply({ upserts: [], deletes: [{ kind: "vllm", name: "a" }] });
  expect(heard).toBe(2);
  expect([selection.size, selection.anchor]).toEqual([0, undefined]);
  selection.dispose();
});

test("a backend is asked for by key as well", () => {
  const { selection, slot } = chosenFrom(["a b"]);
  selection.only(slot("a%20b"));
  expect([selection.hasKey("vllm/a%20b"), selection.hasKey("vllm/x"), selection.keys()]).toEqual([true, false, ["vllm/a%20b"]]);
  selection.remove([slot("a%20b")]);
  expect(selection.size).toBe(0);
});
