import fc from "fast-check";
import { expect, test } from "vitest";
import type { EventEntry } from "@/core/wire.gen";
import { lastGood, runsOf } from "@/pages/backend/transitions";

let seq = 0;

function event(atS: number, kind: EventEntry["kind"], node: string | null, fields: Partial<EventEntry> = {}): EventEntry {
  seq += 1;
  return {
    seq,
    at: new Date(atS * 1000).toISOString(),
    kind,
    node,
    backend: null,
    actor: "node",
    reason: "",
    facts: {},
    ...fields,
  };
}

const status = (atS: number, node: string, to: "available" | "unavailable", reason = "") =>
  event(atS, "backend_status", node, { reason, facts: { from: to === "available" ? "unavailable" : "available", to } });

const newestFirst = (...oldestFirst: EventEntry[]) => oldestFirst.toReversed();
const at = (seconds: number) => ({ at: seconds * 1000 });

test("it was good until the first of those failed that have failed without a break", () => {
  const nodes = new Map([
    ["a", false],
    ["b", false],
    ["c", true],
  ]);
  const events = newestFirst(
    status(5, "a", "unavailable"),
    status(6, "a", "available"),
    status(10, "b", "unavailable"),
    status(20, "a", "unavailable"),
  );
  expect(lastGood(nodes, events)).toEqual(at(10));
});

test("a node that was already missing when the log begins leaves only a bound", () => {
  const nodes = new Map([
    ["a", false],
    ["b", false],
  ]);
  expect(lastGood(nodes, newestFirst(status(10, "b", "unavailable")))).toEqual({ before: 10_000 });
});

test("a node that fell silent counts as missing until it is heard", () => {
  const nodes = new Map([["a", false]]);
  const events = newestFirst(
    event(10, "node_unreachable", "a"),
    event(20, "node_back", "a"),
    event(30, "node_unreachable", "a"),
  );
  expect(lastGood(nodes, events)).toEqual(at(30));
});

test("a backend that failed before its node fell silent was good only before it failed", () => {
  const nodes = new Map([["a", false]]);
  const events = newestFirst(status(10, "a", "unavailable"), event(30, "node_unreachable", "a"));
  expect(lastGood(nodes, events)).toEqual(at(10));
});

test("a node that the log first tells to be back was missing before", () => {
  const nodes = new Map([
    ["a", true],
    ["b", false],
  ]);
  const events = newestFirst(status(10, "b", "unavailable"), event(20, "node_back", "a"));
  expect(lastGood(nodes, events)).toEqual({ before: 10_000 });
});

test("nodes where it is not wanted are not looked at", () => {
  const nodes = new Map([["a", false]]);
  const events = newestFirst(status(10, "a", "unavailable"), status(20, "drained", "unavailable"));
  expect(lastGood(nodes, events)).toEqual(at(10));
});

test("without events nothing is said", () => {
  expect(lastGood(new Map([["a", false]]), [])).toBeNull();
});

test("the last good moment is the one that a replay of the whole past finds", () => {
  const step = fc.record({ node: fc.constantFrom("a", "b", "c"), up: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const up = new Map([
        ["a", true],
        ["b", true],
        ["c", true],
      ]);
      let good: number | undefined;
      const events: EventEntry[] = [];
      steps.forEach((one, second) => {
        if (up.get(one.node) === one.up) {
          return;
        }
        if ([...up.values()].every(Boolean)) {
          good = second;
        }
        up.set(one.node, one.up);
        events.push(status(second, one.node, one.up ? "available" : "unavailable"));
      });
      fc.pre(good !== undefined);
      expect(lastGood(up, events.toReversed())).toEqual(at(good ?? 0));
    }),
  );
});

test("the same on several nodes within seconds is told once, with all of them", () => {
  const runs = runsOf(
    newestFirst(
      status(1, "a", "unavailable", "refused"),
      status(2, "b", "unavailable", "refused"),
      status(3, "c", "unavailable", "timeout"),
      status(4, "d", "unavailable", "refused"),
      status(60, "e", "unavailable", "refused"),
    ),
  );
  expect(runs.map((run) => run.events.map((one) => one.node))).toEqual([["e"], ["d"], ["c"], ["b", "a"]]);
});

test("to be drained and to fail is not the same, even at the same time", () => {
  const drained = status(1, "a", "unavailable", "unavailable");
  const runs = runsOf(
    newestFirst({ ...drained, facts: { ...drained.facts, intent: "draining" } }, status(2, "b", "unavailable", "unavailable")),
  );
  expect(runs.map((run) => run.events.map((one) => one.node))).toEqual([["b"], ["a"]]);
});

test("a node that does the same again begins a new run", () => {
  const runs = runsOf(newestFirst(event(1, "node_restarted", "a"), event(2, "node_restarted", "a")));
  expect(runs.length).toBe(2);
});

test("a state lasted until the next one of the same node, and the newest lasts", () => {
  const runs = runsOf(
    newestFirst(
      status(10, "a", "unavailable", "refused"),
      status(12, "b", "unavailable", "timeout"),
      status(40, "a", "available"),
    ),
  );
  expect(runs.map((run) => [run.events[0].node, run.lastedMs, run.lasts])).toEqual([
    ["a", null, true],
    ["b", null, true],
    ["a", 30_000, false],
  ]);
});

test("silence and status go on side by side, and to be heard is nothing that lasts", () => {
  const runs = runsOf(
    newestFirst(status(10, "a", "unavailable"), event(20, "node_unreachable", "a"), event(25, "node_back", "a")),
  );
  expect(runs.map((run) => [run.events[0].kind, run.lastedMs, run.lasts])).toEqual([
    ["node_back", null, false],
    ["node_unreachable", 5000, false],
    ["backend_status", null, true],
  ]);
});
