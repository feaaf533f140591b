import { expect, test } from "vitest";
import { type ExportFormat, exported } from "@/core/export";
import { BackendStore, type LeanRow } from "@/core/store";
import { columnsOf, leanRow, playedFleet, seeded } from "./fleet";

function file(rows: readonly LeanRow[], format: ExportFormat): string {
  const store = new BackendStore();
  store.load(columnsOf(rows));
  return [...exported(store, store.slots(), format)].join("");
}

const HEAD =
  "name,kind,operations,features,transports,models,tags,weights,priorities,status,status_reason,since,available_nodes,total_nodes," +
  "stale_nodes,healthy,unhealthy,unknown,intent,enabled,draining,disabled,pending,avg_latency_ms\r\n";

test("CSV has one line for each backend, with the hub's names", () => {
  const row = leanRow("a", {
    operations: ["chat", "embed"],
    weights: [1, 5],
    available_nodes: 3,
    health: { healthy: 2, unhealthy: 1 },
  });
  expect(file([row], "csv")).toBe(
    `${HEAD}a,vllm,chat embed,,http,llama-3,zone=eu,1 5,0,degraded,,2026-11-21T16:00:00.000Z,3,4,0,2,1,1,enabled,4,0,0,0,100\r\n`,
  );
});

test("what a spreadsheet would take for a formula, or for several cells, is neither", () => {
  const lines = file([leanRow('=cmd|"x",1', { status_reason: "-1\n+2", models: ["@a"], priorities: [-1], since: "" })], "csv");
  expect(lines).toBe(
    `${HEAD}"'=cmd|""x"",1",vllm,chat,,http,'@a,zone=eu,1,'-1,available,"'-1\n+2",,4,4,0,4,0,0,enabled,4,0,0,0,100\r\n`,
  );
});

test("JSON and NDJSON hold the same rows, however many there are", () => {
  const rows = playedFleet(2500, seeded(2));
  const all: unknown[] = JSON.parse(file(rows, "json"));
  const lines = file(rows, "ndjson").trimEnd().split("\n");
  expect(all).toHaveLength(2500);
  expect(lines.map((line) => JSON.parse(line))).toEqual(all);
  expect(file(rows, "csv").split("\r\n")).toHaveLength(2502);
});

test("of no rows the file is empty, and whole", () => {
  expect(JSON.parse(file([], "json"))).toEqual([]);
  expect(file([], "ndjson")).toBe("");
  expect(file([], "csv")).toBe(HEAD);
});
