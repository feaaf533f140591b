import { describe, expect, test } from "vitest";
import type { NodeBackendDiff, NodeDetail } from "@/core/wire.gen";
import { drainingOf } from "@/pages/node/draining";
import { backendsWanted, diffsWanted, statusOn } from "@/pages/node/filter";
import { refusalTitle } from "@/pages/node/refusal";
import { shownValues } from "@/pages/node/values";
import { HttpProblem } from "@/state/problem";
import { node, reported } from "./nodes";

const detail = (other: Partial<NodeDetail> = {}): NodeDetail => ({
  ...node("fra-1"),
  askable: true,
  open_wishes: [],
  ...other,
});
const wish = { id: "a", intent: "draining", generation: 1, reason: "" } as const;

describe("the progress of a drain", () => {
  test("there is none while everything is enabled", () => {
    expect(drainingOf(detail(), [reported("a")])).toBeUndefined();
  });

  test("waits for the node to take up what is wished", () => {
    const state = drainingOf(detail(), [reported("a", { wish, pending: 2 }), reported("b")]);
    expect(state).toEqual({ state: "waiting", out: 1, still: 0, total: 2, open: 1, pending: 2 });
  });

  test("says of a node that is silent that it cannot take it up now", () => {
    expect(drainingOf(detail({ standing: "unreachable" }), [reported("a", { wish })])?.state).toBe("silent");
  });

  test("goes on until nothing is in flight on what is taken out, whatever else is", () => {
    const out = reported("a", { intent: "draining" });
    const other = reported("c", { pending: 9 });
    expect(drainingOf(detail(), [{ ...out, pending: 1 }, reported("b", { intent: "disabled" }), other])).toMatchObject({
      state: "running",
      still: 1,
      pending: 1,
    });
    expect(drainingOf(detail(), [out, other])).toMatchObject({ state: "done", still: 1, pending: 0 });
  });

  test("a wish to enable again is no drain, though the node has not taken it up", () => {
    expect(drainingOf(detail(), [reported("a", { intent: "draining", wish: { ...wish, intent: "enabled" } })])).toBeUndefined();
  });
});

describe("a node that is not asked", () => {
  const of = (status: number, code: string) => refusalTitle(new HttpProblem({ status, code, detail: "" }));

  test("is told from one that gave no usable answer, and from one that was late", () => {
    expect(of(409, "node_url_unknown")).toBe("nodes.not_asked");
    expect(of(502, "node_refused")).toBe("nodes.no_answer");
    expect(of(504, "node_timeout")).toBe("nodes.in_time");
  });

  test("what is not about asking is no refusal", () => {
    expect(of(404, "node_not_found")).toBeUndefined();
    expect(of(0, "offline")).toBeUndefined();
  });
});

describe("the values of a difference", () => {
  test("of lists only what the other side lacks is odd", () => {
    expect(shownValues(["chat", "embed"], ["embed"])).toEqual([
      { text: "chat", odd: true },
      { text: "embed", odd: false },
    ]);
  });

  test("a model is its id, with the fields that differ", () => {
    const [shown] = shownValues([{ id: "x", context_length: 8 }], [{ id: "x", context_length: 4 }]);
    expect(shown).toEqual({ text: "x context_length=8", odd: true });
  });

  test("other values are written as they are; nothing at all as null", () => {
    expect(shownValues("available", "unavailable")).toEqual([{ text: "available", odd: true }]);
    expect(shownValues(null, "x")).toEqual([{ text: "null", odd: true }]);
  });
});

describe("the backends of a node", () => {
  const down = reported("b", { status: "unavailable", status_reason: "HTTP 500" });
  const drained = reported("c", { status: "unavailable", intent: "draining" });
  const all = [reported("a"), down, drained];

  test("have what cannot be used first, then what is taken out", () => {
    expect(backendsWanted(all, { text: "", status: "" }).map(({ id }) => id)).toEqual(["b", "c", "a"]);
  });

  test("what is taken out is not among what is unavailable", () => {
    expect(backendsWanted(all, { text: "", status: "unavailable" })).toEqual([down]);
    expect(backendsWanted(all, { text: "", status: "withdrawn" })).toEqual([drained]);
    expect([statusOn(drained), statusOn(down)]).toEqual(["draining", "unavailable"]);
  });

  test("are found by their reason, too", () => {
    expect(backendsWanted(all, { text: "http 5", status: "" })).toEqual([down]);
  });

  test("of a comparison what is the same is left out unless it is wanted, and comes last", () => {
    const diff = (id: string, verdict: NodeBackendDiff["verdict"]): NodeBackendDiff => ({
      id,
      verdict,
      differences: [],
      stored: reported(id),
      node: null,
    });
    const diffs = [diff("a", "same"), diff("b", "only_stored")];
    expect(diffsWanted(diffs, { text: "", status: "" }, false).map(({ id }) => id)).toEqual(["b"]);
    expect(diffsWanted(diffs, { text: "", status: "" }, true).map(({ id }) => id)).toEqual(["b", "a"]);
  });
});
