/** Which of a node's backends are wanted, and in which order. Pure. */
import type { Status } from "@/core/status";
import type { LiveEntry, NodeBackendDiff, NodeBackendEntry } from "@/core/wire.gen";

/** What of a node's backends is wanted. */
export interface BackendFilter {
  readonly text: string;
  /** Empty wants all. */
  readonly status: "" | "available" | "unavailable" | "withdrawn";
}

type Entry = NodeBackendEntry | LiveEntry;

/** The backends that are wanted, those that cannot be used first. */
export function backendsWanted<T extends Entry>(entries: readonly T[], { text, status }: BackendFilter): T[] {
  const words = text.trim().toLowerCase();
  return entries.filter((entry) => hasStatus(entry, status) && holds(entry, words)).sort(worstFirst);
}

/** Of both sides of a comparison what is wanted: differences first. */
export function diffsWanted(
  diffs: readonly NodeBackendDiff[],
  { text, status }: BackendFilter,
  same: boolean,
): NodeBackendDiff[] {
  const words = text.trim().toLowerCase();
  const wanted = diffs.filter((diff) => {
    const entry = diff.node ?? diff.stored;
    return (same || diff.verdict !== "same") && entry !== null && hasStatus(entry, status) && holds(entry, words);
  });
  return wanted.sort((a, b) => Number(a.verdict === "same") - Number(b.verdict === "same") || compare(a.id, b.id));
}

/** The status of a backend on one node, in the words of the cluster's: what operators have taken out is no trouble. */
export function statusOn({ status, intent }: Pick<Entry, "status" | "intent">): Status {
  return status === "available" || intent === undefined || intent === "enabled" ? status : intent;
}

/** How a backend of one node stands: what operators have taken out counts as that only. */
export function standOf(entry: Pick<Entry, "status" | "intent">): "available" | "unavailable" | "withdrawn" {
  if (entry.intent !== undefined && entry.intent !== "enabled") {
    return "withdrawn";
  }
  return entry.status;
}

function hasStatus(entry: Pick<Entry, "status" | "intent">, status: BackendFilter["status"]): boolean {
  return status === "" || standOf(entry) === status;
}

function holds(entry: Pick<Entry, "id" | "name" | "kind" | "status_reason" | "models">, words: string): boolean {
  const texts = [entry.id, entry.name, entry.kind, entry.status_reason ?? "", ...(entry.models ?? []).map((model) => model.id)];
  return words === "" || texts.some((text) => text.toLowerCase().includes(words));
}

const RANKS = { unavailable: 0, withdrawn: 1, available: 2 } as const;

function worstFirst(a: Entry, b: Entry): number {
  return RANKS[standOf(a)] - RANKS[standOf(b)] || compare(a.name, b.name) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
