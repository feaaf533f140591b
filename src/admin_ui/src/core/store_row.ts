/** What a row is called, and a row as an object. */
import type { Intent, Status } from "@/core/status";

/** One row as an object. */
export interface Row {
  readonly kind: string;
  readonly name: string;
  readonly key: string;
  readonly operations: readonly string[];
  readonly transports: readonly string[];
  readonly models: readonly string[];
  readonly features: readonly string[];
  readonly tags: readonly string[];
  readonly weights: readonly number[];
  readonly priorities: readonly number[];
  readonly reason: string;
  readonly sinceMs: number;
  readonly total: number;
  readonly available: number;
  readonly stale: number;
  readonly healthy: number;
  readonly unhealthy: number;
  readonly draining: number;
  readonly disabled: number;
  readonly pending: number;
  readonly latencyMs: number;
  readonly status: Status;
  readonly intent: Intent;
}

/** Text that stands as it is in a key. */
const PLAIN = /^[\w.~-]*$/;

/** Halves of signs, which have no encoding. */
const HALVES = /\p{Surrogate}/gu;

function encoded(part: string): string {
  return PLAIN.test(part) ? part : encodeURIComponent(part.replace(HALVES, "\ufffd"));
}

/** What stands for a backend in addresses and choices: kind and name, percent-encoded, with a slash between them. */
export function keyOf(kind: string, name: string): string {
  return `${encoded(kind)}/${encoded(name)}`;
}

/** Kind and name that a key stands for; undefined if it is none. */
export function partsOf(key: string): { readonly kind: string; readonly name: string } | undefined {
  const slash = key.indexOf("/");
  if (slash < 0) {
    return undefined;
  }
  try {
    return { kind: decodeURIComponent(key.slice(0, slash)), name: decodeURIComponent(key.slice(slash + 1)) };
  } catch {
    return undefined;
  }
}
