/** The nodes of one backend as a drawer shows them: their status in one word, why, worst first. Pure. */

import { STATUSES, type Status, statusOf } from "@/core/status";
import { naturalKey } from "@/core/store_names";
import type { ClusterInstance, ClusterNode } from "@/core/wire.gen";

/** A node of a backend, and the one word for how the backend is there. */
export interface NodeRow {
  readonly node: ClusterNode;
  readonly status: Status;
}

/** Nodes where a backend is not available for the same reason. */
export interface ReasonGroup {
  /** As the nodes say it; empty if they do not. */
  readonly reason: string;
  readonly status: Status;
  /** Ids, in the order of the rows. */
  readonly nodes: readonly string[];
}

/** What of the nodes is wanted. */
export interface NodeFilter {
  /** Part of the id, the reason or the url, in any case; empty wants all. */
  readonly text: string;
  readonly status: Status | null;
}

const rankOf = (status: Status) => STATUSES.indexOf(status);

function compareTexts(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

/** How a backend is on one node, or one of its instances there, in the word that a backend on just this node would have. */
export function statusOfNode(node: ClusterNode | ClusterInstance): Status {
  const count = (is: boolean) => (is ? 1 : 0);
  return statusOf(
    1,
    count(node.status === "available"),
    count(node.health === "healthy"),
    count(node.health === "unhealthy"),
    count(node.intent === "draining"),
    count(node.intent === "disabled"),
  );
}

/** Rows of the nodes, worst first, equals by id as people count. Cost: one sort. */
export function nodeRows(nodes: readonly ClusterNode[]): NodeRow[] {
  return nodes
    .map((node) => ({ node, status: statusOfNode(node), key: naturalKey(node.node_uuid) }))
    .sort((one, other) => rankOf(one.status) - rankOf(other.status) || compareTexts(one.key, other.key));
}

/** Whether an operator has taken the backend out there: that is no fault. */
export function isWithdrawn({ status }: { readonly status: Status }): boolean {
  return status === "draining" || status === "disabled";
}

/** Why a backend is not available where it is not: faults first, and then what operators want; the most frequent reason first. */
export function reasonGroups(rows: readonly NodeRow[]): ReasonGroup[] {
  const groups = new Map<string, { reason: string; status: Status; nodes: string[] }>();
  for (const { node, status } of rows) {
    if (status === "available") {
      continue;
    }
    const key = `${status} ${node.status_reason}`;
    const group = groups.get(key);
    if (group) {
      group.nodes.push(node.node_uuid);
    } else {
      groups.set(key, { reason: node.status_reason, status, nodes: [node.node_uuid] });
    }
  }
  return [...groups.values()].sort(
    (one, other) => Number(isWithdrawn(one)) - Number(isWithdrawn(other)) || other.nodes.length - one.nodes.length,
  );
}

/** How many nodes there are of each status; those without any are left out. */
export function countByStatus(rows: readonly NodeRow[]): Map<Status, number> {
  const counts = new Map<Status, number>();
  for (const status of STATUSES) {
    const count = rows.filter((row) => row.status === status).length;
    if (count) {
      counts.set(status, count);
    }
  }
  return counts;
}

/** The rows that a filter wants, in their order. */
export function wantedRows(rows: readonly NodeRow[], filter: NodeFilter): NodeRow[] {
  const text = filter.text.trim().toLowerCase();
  return rows.filter(
    ({ node, status }) =>
      (filter.status === null || status === filter.status) &&
      (!text || `${node.node_uuid} ${node.status_reason} ${node.base_url}`.toLowerCase().includes(text)),
  );
}

/** What all nodes together have of a field, each value once, in the order of the nodes. */
export function distinct<T>(nodes: readonly ClusterNode[], field: (node: ClusterNode) => T): T[] {
  return [...new Set(nodes.map(field))];
}

/** How a node says that an environment variable which a backend needs is not set. */
const MISSING = /^missing env (\S+)$/;

/** The variables that nodes miss, each with the ids of these nodes. A node names only the first one that it misses. */
export function missingCredentials(rows: readonly NodeRow[]): Map<string, string[]> {
  const missing = new Map<string, string[]>();
  for (const { node } of rows) {
    const name = MISSING.exec(node.status_reason)?.[1];
    if (name !== undefined) {
      missing.set(name, [...(missing.get(name) ?? []), node.node_uuid]);
    }
  }
  return missing;
}
