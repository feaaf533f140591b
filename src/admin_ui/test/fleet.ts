/** Played fleets for tests and benchmarks of the core. */
import type { ColumnsLike, Delta, LeanRow } from "@/core/store";

type Lists = "operations" | "features" | "transports" | "models" | "tags" | "weights" | "priorities";

const LISTS: readonly Lists[] = ["operations", "features", "transports", "models", "tags", "weights", "priorities"];

/** A row of the stream; what is not given is as on a healthy backend of four nodes. */
export function leanRow(name: string, given: Partial<LeanRow> = {}): LeanRow {
  return {
    name,
    kind: "vllm",
    operations: ["chat"],
    features: [],
    transports: ["http"],
    models: ["llama-3"],
    tags: ["zone=eu"],
    weights: [1],
    priorities: [0],
    status_reason: "",
    since: "2026-11-21T16:00:00Z",
    available_nodes: 4,
    total_nodes: 4,
    stale_nodes: 0,
    health: { healthy: 4, unhealthy: 0 },
    intents: { draining: 0, disabled: 0 },
    pending: 0,
    avg_latency_ms: 100,
    ...given,
  };
}

/** Rows as the hub's columns. */
export function columnsOf(rows: readonly LeanRow[], streamId = "0000000000000000.0"): ColumnsLike {
  const values: Record<string, unknown[]> & { kind: string[] } = { kind: [], reason: [] };
  const columns: Record<string, (string | number)[]> & { name: string[]; kind: number[] } = { name: [], kind: [] };
  const codes = new Map<string, Map<string, number>>();
  const code = (field: string, word: unknown): number => {
    const known = codes.get(field) ?? new Map<string, number>();
    codes.set(field, known);
    const sign = JSON.stringify(word);
    const found = known.get(sign) ?? known.size;
    if (found === known.size) {
      known.set(sign, found);
      values[field] = [...(values[field] ?? []), word];
    }
    return found;
  };
  const put = (field: string, value: string | number) => {
    const column = columns[field] ?? [];
    column.push(value);
    columns[field] = column;
  };
  for (const row of rows) {
    put("name", row.name);
    put("kind", code("kind", row.kind));
    for (const field of LISTS) {
      put(field, code(field, row[field] ?? []));
    }
    put("reason", code("reason", row.status_reason ?? ""));
    put("available_nodes", row.available_nodes ?? 0);
    put("total_nodes", row.total_nodes ?? 0);
    put("stale_nodes", row.stale_nodes ?? 0);
    put("healthy", row.health?.healthy ?? 0);
    put("unhealthy", row.health?.unhealthy ?? 0);
    put("draining", row.intents?.draining ?? 0);
    put("disabled", row.intents?.disabled ?? 0);
    put("since_ms", Date.parse(row.since ?? "") || 0);
    put("pending", row.pending ?? 0);
    put("avg_latency_ms", row.avg_latency_ms ?? 0);
  }
  return {
    as_of: "2026-11-21T16:30:00Z",
    complete: true,
    protected: false,
    degraded: "",
    stream_id: streamId,
    values,
    columns,
  };
}

/** A generator of numbers from 0 to below 1 that always gives the same ones (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const KINDS = ["vllm", "ollama", "tgi", "triton", "openai", "llama.cpp", "sglang", "tei"];
const REASONS = ["connection refused", "timeout", "unreachable", "status 503"];

/** One of many rows, as number `number` of a large fleet may be. */
export function playedRow(number: number, random: () => number): LeanRow {
  const pick = <T>(list: readonly T[], fallback: T): T => list[Math.floor(random() * list.length)] ?? fallback;
  const total = 1 + Math.floor(random() * 24);
  const bad = random() < 0.05 ? Math.ceil(random() * total) : 0;
  return leanRow(`backend-${["fra", "ams", "nyc"][number % 3] ?? ""}-${number}`, {
    kind: pick(KINDS, "vllm"),
    models: [`model-${Math.floor(random() * 200)}`],
    operations: pick([["chat"], ["chat", "embed"], ["embed"], []], []),
    tags: [`zone=${pick(["eu", "us", "ap"], "eu")}`, `gpu=${pick(["a100", "h100"], "a100")}`],
    total_nodes: total,
    available_nodes: total - bad,
    health: { healthy: total - bad, unhealthy: bad },
    status_reason: bad > 0 ? pick(REASONS, "") : "",
    pending: Math.floor(random() * 100),
    avg_latency_ms: Math.floor(20 + random() * 2000),
    since: new Date(1795000000000 - Math.floor(random() * 1e8)).toISOString(),
  });
}

/** Many rows. */
export function playedFleet(size: number, random: () => number): LeanRow[] {
  return Array.from({ length: size }, (_, number) => playedRow(number, random));
}

/** A change of some of the rows: load on most of them, and some go up or down. */
export function playedDelta(rows: readonly LeanRow[], size: number, random: () => number): Delta {
  const upserts = Array.from({ length: size }, () => {
    const row = rows[Math.floor(random() * rows.length)] ?? leanRow("none");
    const total = row.total_nodes ?? 1;
    const bad = random() < 0.1 ? Math.floor(random() * (total + 1)) : 0;
    return {
      ...row,
      pending: Math.floor(random() * 100),
      avg_latency_ms: Math.floor(20 + random() * 2000),
      available_nodes: total - bad,
      health: { healthy: total - bad, unhealthy: bad },
      status_reason: bad > 0 ? "timeout" : "",
    };
  });
  return { upserts, deletes: [] };
}
