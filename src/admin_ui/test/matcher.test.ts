import { expect, test, vi } from "vitest";
import { Matcher } from "@/core/matcher";
import { parseQuery } from "@/core/query";
import { BackendStore } from "@/core/store";
import { columnsOf, leanRow } from "./fleet";

// A busy machine may take its time.
vi.setConfig({ testTimeout: 60_000 });

const NOW = Date.parse("2026-11-21T16:30:00Z");
const down = { available_nodes: 0, health: { healthy: 0, unhealthy: 4 }, status_reason: "timeout" };

const store = new BackendStore();
store.load(
  columnsOf([
    leanRow("Fra-1", { models: ["llama-3", "Qwen:7b"], avg_latency_ms: 500, tags: ["zone=eu", "gpu=h100"] }),
    leanRow("fra-2", { kind: "ollama", operations: [], ...down, stale_nodes: 1, since: "2026-11-21T16:25:00Z" }),
    leanRow("ams-1", { operations: ["embed"], available_nodes: 2, pending: 3, avg_latency_ms: 0, weights: [1, 5], since: "" }),
    leanRow("nyc 1", { available_nodes: 3, intents: { draining: 1, disabled: 0 }, priorities: [-1], transports: ["grpc"] }),
    leanRow("nyc-2", {
      available_nodes: 0,
      intents: { draining: 0, disabled: 4 },
      total_nodes: 4,
      features: ["tools"],
      tags: [],
    }),
  ]),
);

function found(text: string, membership?: ReadonlySet<string>): string {
  const query = parseQuery(text);
  expect(query.problems).toEqual([]);
  const matcher = new Matcher(store, query, () => NOW, membership);
  return store
    .slots()
    .filter((slot) => matcher.matches(slot))
    .map((slot) => store.name(slot))
    .join(", ");
}

test.each([
  ["", "ams-1, Fra-1, fra-2, nyc 1, nyc-2"],
  ["status:unavailable,degraded", "ams-1, fra-2"],
  ["status:available", "Fra-1, nyc 1"],
  ["-status:available", "ams-1, fra-2, nyc-2"],
  ["kind:OLLAMA", "fra-2"],
  ["kind:o*", "fra-2"],
  ["name:fra-1", "Fra-1"],
  ["name:*-*1", "ams-1, Fra-1"],
  ["name:f*a*a*", ""],
  ["name:*1*1", ""],
  ["name:fra-1*1", ""],
  ["name:f*-1", "Fra-1"],
  ['name:"nyc 1"', "nyc 1"],
  ["-name:*fra*", "ams-1, nyc 1, nyc-2"],
  ["op:chat", "Fra-1, fra-2, nyc 1, nyc-2"],
  ["op:embed", "ams-1, fra-2"],
  ["-op:chat", "ams-1"],
  ["transport:grpc", "nyc 1"],
  ["feature:tools", "nyc-2"],
  ["model:qwen*", "Fra-1"],
  ["model:qwen", ""],
  ["tag:gpu", "Fra-1"],
  ["tag:gpu=a100", ""],
  ["tag:zone=e*", "ams-1, Fra-1, fra-2, nyc 1"],
  ["-tag:zone", "nyc-2"],
  ["intent:draining", "nyc 1"],
  ["intent:mixed", "nyc 1"],
  ["intent:enabled", "ams-1, Fra-1, fra-2, nyc 1"],
  ["intent:disabled,draining", "nyc 1, nyc-2"],
  ["stale:yes", "fra-2"],
  ["stale:no", "ams-1, Fra-1, nyc 1, nyc-2"],
  ["latency>400", "Fra-1"],
  ["latency<400", "fra-2, nyc 1, nyc-2"],
  ["latency=0", "ams-1"],
  ["latency>=0.1s", "Fra-1, fra-2, nyc 1, nyc-2"],
  ["pending>0", "ams-1"],
  ["nodes<4", ""],
  ["available=0", "fra-2, nyc-2"],
  ["since<10m", "fra-2"],
  ["since>=10m", "Fra-1, nyc 1, nyc-2"],
  ["weight>4", "ams-1"],
  ["priority<0", "nyc 1"],
  ["fra", "Fra-1, fra-2"],
  ["qwen", "Fra-1"],
  ["ollama", "fra-2"],
  ["llama fra-1", "Fra-1"],
  ["nyc available<=3 -intent:disabled", "nyc 1"],
])("%s finds %s", (text, names) => {
  expect(found(text)).toBe(names);
});

test("rows on a node are those that the hub says are", () => {
  const members = new Set(["vllm/Fra-1", "vllm/nyc%201"]);
  expect(found("node:n1", members)).toBe("Fra-1, nyc 1");
  expect(found("-node:n1", members)).toBe("ams-1, fra-2, nyc-2");
  expect(found("node:n1")).toBe("");
});

test("words that come after the query was made are looked at as well", () => {
  const grown = new BackendStore();
  grown.load(columnsOf([leanRow("a")]));
  const matcher = new Matcher(grown, parseQuery("model:m*"), () => NOW);
  expect(grown.slots().map((slot) => matcher.matches(slot))).toEqual([false]);
  for (let count = 0; count < 5000; count++) {
    grown.apply({ upserts: [leanRow("a", { models: [count % 2 === 0 ? `m${count}` : `x${count}`] })], deletes: [] });
    expect(matcher.matches(0)).toBe(count % 2 === 0);
  }
});
