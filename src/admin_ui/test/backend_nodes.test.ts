import { expect, test } from "vitest";
import type { ClusterNode } from "@/core/wire.gen";
import { countByStatus, missingCredentials, nodeRows, reasonGroups, statusOfNode, wantedRows } from "@/pages/backend/node_rows";

function node(id: string, fields: Partial<ClusterNode> = {}): ClusterNode {
  return {
    node_uuid: id,
    status: "available",
    status_reason: "",
    weight: 1,
    priority: 0,
    base_url: `http://${id}:8000`,
    health: "healthy",
    intent: "enabled",
    pending: 0,
    avg_latency_ms: 0,
    stale: false,
    ...fields,
  };
}

const down = (id: string, reason = "connect refused") =>
  node(id, { status: "unavailable", status_reason: reason, health: "unhealthy" });

test("what an operator has withdrawn on a node is not called broken", () => {
  expect(statusOfNode(down("a"))).toBe("unavailable");
  expect(statusOfNode(node("a", { status: "unavailable", intent: "draining" }))).toBe("draining");
  expect(statusOfNode(node("a", { status: "unavailable", intent: "disabled" }))).toBe("disabled");
  expect(statusOfNode(node("a", { status: "unavailable", health: "unknown" }))).toBe("unknown");
});

test("a node that drains and can still be used is available", () => {
  expect(statusOfNode(node("a", { intent: "draining" }))).toBe("available");
});

test("nodes are worst first, and then in the order in which people count", () => {
  const rows = nodeRows([node("n10"), node("n9"), down("n11"), node("n2", { status: "unavailable", intent: "disabled" })]);
  expect(rows.map((row) => row.node.node_uuid)).toEqual(["n11", "n2", "n9", "n10"]);
});

test("reasons are grouped, the most frequent first, and nodes that are available have none", () => {
  const rows = nodeRows([down("a", "timeout"), down("b"), down("c"), node("d", { status_reason: "on trial" })]);
  const groups = reasonGroups(rows);
  expect(groups.map(({ reason, nodes }) => [reason, nodes])).toEqual([
    ["connect refused", ["b", "c"]],
    ["timeout", ["a"]],
  ]);
});

test("the same words for another status are another group", () => {
  const rows = nodeRows([down("a", "gone"), node("b", { status: "unavailable", status_reason: "gone", intent: "draining" })]);
  expect(reasonGroups(rows).map((group) => group.status)).toEqual(["unavailable", "draining"]);
});

test("a fault comes before what operators want, however many nodes that is on", () => {
  const drained = (id: string) => node(id, { status: "unavailable", status_reason: "draining", intent: "draining" });
  const groups = reasonGroups(nodeRows([drained("a"), drained("b"), down("c")]));
  expect(groups.map((group) => group.reason)).toEqual(["connect refused", "draining"]);
});

test("counts name only what there is, worst first", () => {
  expect([...countByStatus(nodeRows([node("a"), down("b"), node("c")]))]).toEqual([
    ["unavailable", 1],
    ["available", 2],
  ]);
});

test("a filter looks at id, reason and address in any case, and at the status", () => {
  const rows = nodeRows([down("FRA-1"), node("fra-2"), node("iad-1", { base_url: "http://FRA.example" })]);
  const ids = (text: string, status: "unavailable" | null = null) =>
    wantedRows(rows, { text, status }).map((row) => row.node.node_uuid);
  expect(ids("fra")).toEqual(["FRA-1", "fra-2", "iad-1"]);
  expect(ids("REFUSED ")).toEqual(["FRA-1"]);
  expect(ids("", "unavailable")).toEqual(["FRA-1"]);
});

test("a variable that nodes miss is told with all of them", () => {
  const rows = nodeRows([
    down("a", "missing env TOKEN"),
    down("b", "missing env TOKEN"),
    down("c", "missing environment"),
    node("d"),
  ]);
  expect([...missingCredentials(rows)]).toEqual([["TOKEN", ["a", "b"]]]);
});
