import { beforeAll, expect, test } from "vitest";
import { addMessages } from "@/core/i18n";
import type { ClusterBackend, ClusterNode, EventEntry } from "@/core/wire.gen";
import { addStartMessages } from "@/messages/en";
import { backend as words } from "@/messages/en/backend";
import { nodeRows } from "@/pages/backend/node_rows";
import { standingOf, whySentence } from "@/pages/backend/standing";

beforeAll(() => {
  addStartMessages();
  addMessages("backend", words);
});

const up: ClusterNode = {
  node_uuid: "a",
  status: "available",
  status_reason: "",
  weight: 1,
  priority: 0,
  base_url: "",
  health: "healthy",
  intent: "enabled",
  pending: 0,
  avg_latency_ms: 0,
  stale: false,
};
const down: ClusterNode = { ...up, status: "unavailable", health: "unhealthy", status_reason: "refused" };
const drained: ClusterNode = { ...up, status: "unavailable", intent: "draining", status_reason: "drained" };

function backendOn(...nodes: ClusterNode[]): ClusterBackend {
  const named = nodes.map((node, place) => ({ ...node, node_uuid: `n${place}` }));
  const count = (fits: (node: ClusterNode) => boolean) => named.filter(fits).length;
  const intents = {
    enabled: count((node) => node.intent === "enabled"),
    draining: count((node) => node.intent === "draining"),
    disabled: 0,
  };
  const healthy = count((node) => node.health === "healthy");
  return {
    name: "b",
    kind: "vllm",
    operations: [],
    features: [],
    transports: [],
    models: [],
    tags: [],
    weights: [1],
    priorities: [0],
    status: "available",
    status_reason: "",
    since: "1970-01-01T00:01:40Z",
    available_nodes: count((node) => node.status === "available"),
    total_nodes: named.length,
    stale_nodes: 0,
    health: { healthy, unhealthy: named.length - healthy, unknown: 0 },
    intents,
    pending: 0,
    avg_latency_ms: 0,
    nodes: named,
  };
}

function failed(atS: number, node: string): EventEntry {
  const facts = { from: "available", to: "unavailable" };
  const at = new Date(atS * 1000).toISOString();
  return { seq: atS, at, kind: "backend_status", node, backend: null, actor: "node", reason: "", facts };
}

function why(...nodes: ClusterNode[]): string {
  const backend = backendOn(...nodes);
  return whySentence(standingOf(backend, nodeRows(backend.nodes), undefined), nodes.length);
}

test("why is one sentence, with how many nodes say so", () => {
  expect(why(down, down, up)).toBe("refused on 2 of 3 nodes");
  expect(why(down, { ...down, status_reason: "" }, { ...down, status_reason: "late" }, down)).toBe(
    "refused on 2 of 4 nodes, and 2 other reasons",
  );
  expect(why(down)).toBe("refused on its only node");
  expect(why(down, down)).toBe("refused on all 2 nodes");
  expect(why(up, up)).toBe("Available on all 2 nodes");
});

test("what operators want is no fault, and is the reason only where there is none", () => {
  expect(why(up, drained)).toBe("Available on the 1 node where it is wanted");
  expect(why(drained, drained, down, up)).toBe("refused on 1 of 4 nodes");
  expect(why(drained, drained)).toBe("drained on all 2 nodes");
});

test("it is degraded since the first fault, though it was withdrawn elsewhere before", () => {
  const backend = backendOn(drained, down, up);
  const standing = standingOf(backend, nodeRows(backend.nodes), [failed(150, "n1")]);
  expect([standing.status, standing.sinceMs, standing.lastGood]).toEqual(["degraded", 150_000, null]);
});

test("when it was last good is said if it has become worse since", () => {
  const backend = backendOn(down, down);
  const standing = standingOf(backend, nodeRows(backend.nodes), [failed(100, "n1"), failed(40, "n0")]);
  expect([standing.status, standing.sinceMs, standing.lastGood]).toEqual(["unavailable", 100_000, { at: 40_000 }]);
});

test("a backend that stands as it should was not good last, but is", () => {
  const backend = backendOn(up, drained);
  expect(standingOf(backend, nodeRows(backend.nodes), [failed(50, "n1")]).lastGood).toBeNull();
});
