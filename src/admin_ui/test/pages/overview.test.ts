import { describe, expect, test } from "vitest";
import { BackendStore, type LeanRow } from "@/core/store";
import { Tally } from "@/core/tally";
import type { DesiredEntry, EventEntry } from "@/core/wire.gen";
import { lostModels } from "@/pages/overview/lost_models";
import { totalsOf } from "@/pages/overview/totals";
import { troublesOf } from "@/pages/overview/troubles";
import { withdrawals } from "@/pages/overview/withdrawn";
import { columnsOf, leanRow } from "../fleet";
import { node, reported } from "./nodes";

const MANY = 100;

function fleet(...rows: readonly Partial<LeanRow>[]): BackendStore {
  const store = new BackendStore();
  store.load(columnsOf(rows.map((row) => leanRow(row.name ?? "a", row))));
  return store;
}

/** A backend on so many nodes of which it is available on some. */
function on(name: string, available_nodes: number, total_nodes: number, other: Partial<LeanRow> = {}): Partial<LeanRow> {
  const health = { healthy: available_nodes, unhealthy: total_nodes - available_nodes };
  return { name, available_nodes, total_nodes, health, intents: { draining: 0, disabled: 0 }, ...other };
}

const gone = (name: string) => reported(name, { status: "unavailable", status_reason: "unreachable" });
const refused = (name: string) => reported(name, { status: "unavailable", status_reason: "connection refused" });

describe("what is broken", () => {
  test("a node that is gone is one line, however many backends it had", () => {
    const store = fleet(on("a", 1, 2), on("b", 1, 2), on("c", 0, 1), on("d", 2, 2));
    const silent = node("fra-2", { standing: "unreachable", available: 0, total: 3 });
    const { lines, alone } = troublesOf(store, [{ node: silent, backends: ["a", "b", "c"].map(gone) }], MANY);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      kind: "node",
      nodeId: "fra-2",
      backends: 3,
      lost: 1,
      status: "unavailable",
      standing: "unreachable",
    });
    expect(alone).toBe(0);
  });

  test("backends that miss one node for the same reason are one line, those of another reason are not", () => {
    const store = fleet(on("a", 1, 2), on("b", 1, 2), on("c", 1, 2));
    const backends = [refused("a"), refused("b"), reported("c", { status: "unavailable", status_reason: "HTTP 500" })];
    const { lines } = troublesOf(store, [{ node: node("fra-1"), backends }], MANY);
    expect(lines.map((line) => (line.kind === "node" ? line.reason : line.row.name))).toEqual(["connection refused", "c"]);
  });

  test("a backend that is missing on more nodes than lines explain has a line of its own", () => {
    const store = fleet(on("a", 1, 3), on("b", 1, 2));
    const { lines } = troublesOf(store, [{ node: node("fra-1"), backends: [refused("a"), refused("b")] }], MANY);
    expect(lines.map((line) => line.kind)).toEqual(["node", "backend"]);
  });

  test("nodes that operators have taken a backend out of need no explanation", () => {
    const store = fleet(on("a", 1, 3, { intents: { draining: 1, disabled: 0 } }), on("b", 1, 2));
    const { lines } = troublesOf(store, [{ node: node("fra-1"), backends: [refused("a"), refused("b")] }], MANY);
    expect(lines.map((line) => line.kind)).toEqual(["node"]);
  });

  test("what operators have taken out on a node is no cause", () => {
    const store = fleet(on("a", 1, 2), on("b", 1, 2));
    const backends = [refused("a"), refused("b")].map((entry) => ({ ...entry, intent: "draining" as const }));
    const { lines } = troublesOf(store, [{ node: node("fra-1"), backends }], MANY);
    expect(lines.map((line) => line.kind)).toEqual(["backend", "backend"]);
  });

  test("another instance on the same node that can be used makes up for one that cannot", () => {
    const store = fleet(on("a", 0, 1), on("b", 0, 1));
    const backends = [refused("a"), refused("b"), reported("a", { id: "a2" }), reported("b", { id: "b2" })];
    expect(troublesOf(store, [{ node: node("fra-1"), backends }], MANY).lines.map((line) => line.kind)).toEqual([
      "backend",
      "backend",
    ]);
  });

  test("what is unavailable comes before what is degraded, and no more lines than wanted are made", () => {
    const store = fleet(on("a", 1, 2), on("b", 0, 2), on("c", 1, 2), on("d", 0, 2));
    const { lines, alone } = troublesOf(store, [], 3);
    expect(lines.map((line) => line.status)).toEqual(["unavailable", "unavailable", "degraded"]);
    expect(alone).toBe(4);
  });

  test("a fleet that is well has no lines", () => {
    const drained = on("b", 1, 2, { intents: { draining: 1, disabled: 0 } });
    expect(troublesOf(fleet(on("a", 2, 2), drained), [], MANY)).toEqual({ lines: [], alone: 0 });
  });
});

describe("models without an available backend", () => {
  test("a model is lost only if none of its backends can be used", () => {
    const store = fleet(
      on("a", 0, 1, { models: ["x", "y"] }),
      on("b", 1, 1, { models: ["y"] }),
      on("b2", 0, 1, { models: ["y", "z"] }),
      on("b3", 1, 1, { models: ["z"] }),
      on("c", 0, 1, { models: ["x"], intents: { draining: 0, disabled: 1 } }),
    );
    expect(lostModels(store)).toEqual([{ id: "x", backends: 2, withdrawn: 1 }]);
  });
});

const sumsOf = (...rows: readonly Partial<LeanRow>[]) => new Tally(fleet(...rows)).sums;

describe("totals", () => {
  test("add up statuses, requests and latencies; what has no latency does not count there", () => {
    const slow = Array.from({ length: 20 }, (_, place) => on(`s${place}`, 1, 1, { avg_latency_ms: place + 1, pending: 2 }));
    const totals = totalsOf(
      sumsOf(...slow, on("idle", 1, 1, { avg_latency_ms: 0, pending: 0 }), on("down", 0, 1, { avg_latency_ms: 0, pending: 0 })),
    );
    expect(totals).toMatchObject({ backends: 22, pending: 40, latencyP95Ms: 19 });
    expect(totals.by).toMatchObject({ available: 21, unavailable: 1, degraded: 0 });
  });

  test("a fleet without latencies has no percentile", () => {
    expect(totalsOf(sumsOf()).latencyP95Ms).toBeUndefined();
  });
});

function wish(name: string, other: Partial<DesiredEntry> = {}): DesiredEntry {
  return {
    node_id: "fra-1",
    id: name,
    kind: "vllm",
    name,
    intent: "draining",
    reported: "draining",
    generation: 7,
    reason: "kernel update",
    since: "2026-01-01T00:00:00Z",
    state: "acknowledged",
    acknowledged_at: null,
    ...other,
  };
}

const made: EventEntry = {
  seq: 1,
  at: "2026-01-01T00:00:00Z",
  kind: "wish_made",
  node: "fra-1",
  backend: null,
  actor: "alice",
  reason: "",
  facts: { generation: 7 },
};

describe("what operators have taken out", () => {
  const drained = { intents: { draining: 1, disabled: 0 } };

  test("what was drained for one reason is one line, with who did it and what is still in flight", () => {
    const store = fleet(on("a", 0, 1, { ...drained, pending: 3 }), on("b", 0, 1, { ...drained, pending: 1 }), on("c", 1, 1));
    expect(withdrawals(store, [wish("a"), wish("b", { state: "open" })], [made])).toEqual([
      expect.objectContaining({
        intent: "draining",
        reason: "kernel update",
        actor: "alice",
        names: ["a", "b"],
        nodes: ["fra-1"],
        pending: 4,
        open: 1,
      }),
    ]);
  });

  test("a later wish of the same backend of the same node takes the place of an earlier one", () => {
    const store = fleet(on("a", 0, 1, drained));
    const [line] = withdrawals(store, [wish("a", { generation: 9, reason: "newer" }), wish("a")], []);
    expect(line).toMatchObject({ reason: "newer", actor: undefined });
  });

  test("what was done at the node itself has no reason, and is shown all the same", () => {
    expect(withdrawals(fleet(on("a", 0, 1, drained)), [], [])).toEqual([
      expect.objectContaining({ intent: "draining", reason: "", nodes: [], sinceMs: undefined }),
    ]);
  });

  test("requests of a backend that is out on some nodes only are not waited for", () => {
    const [line] = withdrawals(fleet(on("a", 1, 2, { ...drained, pending: 5 })), [wish("a")], []);
    expect(line?.pending).toBe(0);
  });
});
