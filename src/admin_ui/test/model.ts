/** A naive fleet, which is slow and plainly right, and random things that happen to it. */
import fc from "fast-check";
import type { BackendStore, LeanRow } from "@/core/store";
import { keyOf } from "@/core/store";
import { leanRow } from "./fleet";

/** For tests of many random cases, on a machine that is busy. */
export const SLOW_MS = 60_000;

/** Few names, so that the same come and go again and again. */
const names = fc.constantFrom("a", "b", "n2", "n10", "N2", "x 1", "é/ü", "n02", "");
const kinds = fc.constantFrom("vllm", "ollama", "a/b");

/** Any row. */
export const rows: fc.Arbitrary<LeanRow> = fc
  .record({
    name: names,
    kind: kinds,
    operations: fc.constantFrom([], ["chat"], ["chat", "embed"], ["embed"]),
    models: fc.constantFrom([], ["llama-3"], ["llama-3", "Qwen:7b"]),
    tags: fc.constantFrom([], ["zone=eu"], ["zone=us", "gpu=h100"]),
    weights: fc.constantFrom([], [1], [1, 5]),
    priorities: fc.constantFrom([0], [-1, 3]),
    status_reason: fc.constantFrom("", "timeout", "unreachable"),
    since: fc.constantFrom("2026-11-21T16:00:00Z", "2026-11-21T16:20:00Z", "", "nonsense"),
    total_nodes: fc.nat(4),
    available_nodes: fc.nat(4),
    stale_nodes: fc.nat(1),
    health: fc.record({ healthy: fc.nat(2), unhealthy: fc.nat(2) }),
    intents: fc.record({ draining: fc.nat(2), disabled: fc.nat(2) }),
    pending: fc.nat(5),
    avg_latency_ms: fc.constantFrom(0, 1, 100, 400, 401, 70_000),
  })
  .map((given) => leanRow(given.name, given));

/** Rows of which no two are of one backend. */
export const fleets: fc.Arbitrary<readonly LeanRow[]> = fc.uniqueArray(rows, {
  selector: (row) => keyOf(row.kind, row.name),
  maxLength: 12,
});

/** Something that happens to a fleet. */
export type Step =
  | { readonly do: "load"; readonly rows: readonly LeanRow[] }
  | { readonly do: "apply"; readonly upserts: readonly LeanRow[]; readonly deletes: readonly LeanRow[] };

/** Anything that may happen to a fleet. */
export const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fleets.map((loaded): Step => ({ do: "load", rows: loaded })) },
  {
    weight: 6,
    arbitrary: fc.record({ upserts: fleets, deletes: fleets }).map(({ upserts, deletes }): Step => {
      const there = new Set(upserts.map((row) => keyOf(row.kind, row.name)));
      return { do: "apply", upserts, deletes: deletes.filter((row) => !there.has(keyOf(row.kind, row.name))) };
    }),
  },
);

/** What the fleet is after a step. */
export function after(fleet: ReadonlyMap<string, LeanRow>, step: Step): Map<string, LeanRow> {
  const next = new Map(step.do === "load" ? [] : fleet);
  for (const row of step.do === "load" ? [] : step.deletes) {
    next.delete(keyOf(row.kind, row.name));
  }
  for (const row of step.do === "load" ? step.rows : step.upserts) {
    next.set(keyOf(row.kind, row.name), row);
  }
  return next;
}

/** What a store says of its rows, in the hub's words. */
export function saidBy(store: BackendStore): Map<string, LeanRow> {
  return new Map(store.slots().map((slot) => [store.key(slot), saidOf(store, slot)]));
}

function saidOf(store: BackendStore, slot: number): LeanRow {
  const row = store.row(slot);
  return {
    name: row.name,
    kind: row.kind,
    operations: row.operations,
    features: row.features,
    transports: row.transports,
    models: row.models,
    tags: row.tags,
    weights: row.weights,
    priorities: row.priorities,
    status_reason: row.reason,
    since: row.sinceMs === 0 ? "" : new Date(row.sinceMs).toISOString(),
    available_nodes: row.available,
    total_nodes: row.total,
    stale_nodes: row.stale,
    health: { healthy: row.healthy, unhealthy: row.unhealthy },
    intents: { draining: row.draining, disabled: row.disabled },
    pending: row.pending,
    avg_latency_ms: row.latencyMs,
  };
}

/** A row as `saidBy` has it. */
export function asSaid(row: LeanRow): LeanRow {
  const ms = Date.parse(row.since ?? "");
  return { ...row, since: Number.isNaN(ms) ? "" : new Date(ms).toISOString() };
}
