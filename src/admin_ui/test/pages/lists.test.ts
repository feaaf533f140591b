import { describe, expect, test } from "vitest";
import { listSortAfter } from "@/core/list_sort";
import { inOrderOf } from "@/core/order_kept";
import { BackendStore } from "@/core/store";
import type { ClusterModelEntry } from "@/core/wire.gen";
import { kindsOf, modelQueryOf, modelsWanted } from "@/pages/models/listing";
import { servingOf } from "@/pages/models/serving";
import { NODE_SORTS, nodeQueryOf, nodesWanted, standingCounts } from "@/pages/nodes/listing";
import { columnsOf, leanRow } from "../fleet";
import { node } from "./nodes";

const nodeQuery = (text: string) => nodeQueryOf(new URLSearchParams(text));
const idsOf = (nodes: readonly { readonly node_id: string }[]) => nodes.map(({ node_id }) => node_id);

describe("the list of nodes", () => {
  const nodes = [
    node("fra-10", { pending: 4 }),
    node("fra-9", { pending: 9, available: 3 }),
    node("iad-1", { standing: "suspect" }),
    node("iad-2", { standing: "unreachable", available: 0, url: "http://10.0.0.1" }),
    node("old", { standing: "deleted" }),
  ];

  test("has the worst first, then what misses the most, then ids by their numbers", () => {
    expect(idsOf(nodesWanted(nodes, nodeQuery("")))).toEqual(["iad-2", "iad-1", "fra-9", "fra-10"]);
    expect(idsOf(nodesWanted(nodes, nodeQuery("sort=node")))).toEqual(["fra-9", "fra-10", "iad-1", "iad-2"]);
  });

  test("shows deleted nodes only to whom asks for them", () => {
    expect(idsOf(nodesWanted(nodes, nodeQuery("standing=deleted,suspect")))).toEqual(["iad-1", "old"]);
  });

  test("looks for text in ids and urls", () => {
    expect(idsOf(nodesWanted(nodes, nodeQuery("q=10.0")))).toEqual(["iad-2"]);
    expect(idsOf(nodesWanted(nodes, nodeQuery("q=FRA")))).toEqual(["fra-9", "fra-10"]);
  });

  test("has the largest first with a minus; ids of equals do not turn round", () => {
    expect(idsOf(nodesWanted(nodes, nodeQuery("sort=-pending")))).toEqual(["fra-9", "fra-10", "iad-1", "iad-2"]);
    expect(idsOf(nodesWanted(nodes, nodeQuery("sort=pending")))).toEqual(["iad-1", "iad-2", "fra-10", "fra-9"]);
  });

  test("does not count what operators have taken out among what is missing", () => {
    const out = node("out", { available: 0, withdrawn: 10 });
    expect(idsOf(nodesWanted([out, node("short", { available: 9 })], nodeQuery("sort=-backends")))).toEqual(["short", "out"]);
  });

  test("a click on a head sorts by it, the largest of numbers first, and the next one turns it round", () => {
    const clicked = (text: string, chosen: string) => listSortAfter(nodeQuery(text), chosen, NODE_SORTS);
    expect(clicked("", "pending")).toBe("-pending");
    expect(clicked("sort=-pending", "pending")).toBe("pending");
    expect(clicked("", "node")).toBe("node");
    expect(clicked("sort=node", "standing")).toBeNull();
    expect(clicked("", "standing")).toBe("-standing");
  });

  test("takes an address that nobody understands for the usual one", () => {
    expect(nodeQuery("sort=colour&standing=tired")).toEqual(nodeQuery(""));
  });

  test("counts how nodes stand", () => {
    expect(standingCounts(nodes)).toMatchObject({ live: 2, suspect: 1, unreachable: 1, deleted: 1, departed: 0 });
  });
});

test("a list that is held keeps its order: what is new is at the end, what is gone is gone", () => {
  expect(inOrderOf(["d", "c", "a"], ["a", "b", "c"], (entry) => entry)).toEqual(["a", "c", "d"]);
});

function model(
  id: string,
  backends_available: number,
  backends: number,
  other: Partial<ClusterModelEntry> = {},
): ClusterModelEntry {
  return {
    id,
    name: id,
    kinds: ["vllm"],
    backends,
    backends_available,
    nodes: backends,
    nodes_available: backends_available,
    context_length_least: 0,
    context_length: 0,
    max_output_tokens: null,
    residency: {},
    supports_json_mode: false,
    supports_tools: false,
    supports_vision: false,
    ...other,
  };
}

describe("the list of models", () => {
  const models = [model("b", 2, 2), model("a", 1, 2, { kinds: ["ollama", "vllm"] }), model("c", 0, 1)];
  const wanted = (text: string) => modelsWanted(models, modelQueryOf(new URLSearchParams(text))).map(({ id }) => id);

  test("has lost ones first, then those that miss some of their backends", () => {
    expect(wanted("")).toEqual(["c", "a", "b"]);
  });

  test("can be cut down to a kind, to text, and to what is lost", () => {
    expect(wanted("kind=ollama")).toEqual(["a"]);
    expect(wanted("q=B")).toEqual(["b"]);
    expect(wanted("only=lost")).toEqual(["c"]);
    expect(kindsOf(models)).toEqual(["ollama", "vllm"]);
  });

  test("knows the backends that serve a model, the worst first", () => {
    const store = new BackendStore();
    const up = { available_nodes: 1, total_nodes: 1, health: { healthy: 1, unhealthy: 0 } };
    const down = { available_nodes: 0, total_nodes: 1, health: { healthy: 0, unhealthy: 1 } };
    store.load(
      columnsOf([
        leanRow("a", { ...up, models: ["x"] }),
        leanRow("b", { ...down, models: ["x", "y"] }),
        leanRow("c", { ...up, models: ["y"] }),
      ]),
    );
    const { rows, total } = servingOf(store, "x", 1);
    expect(total).toBe(2);
    expect(rows.map(({ name }) => name)).toEqual(["b"]);
  });
});
