/** Which nodes are wanted, and in which order. Pure. */
import { type ListSort, listSortFrom, type SortChoices } from "@/core/list_sort";
import { naturalKey } from "@/core/store_names";
import type { NodeEntry } from "@/core/wire.gen";

/** How a node stands. */
export type Standing = NodeEntry["standing"];

/** Worst first. */
export const STANDINGS: readonly Standing[] = ["unreachable", "suspect", "departed", "deleted", "forgotten", "live"];

/** Standings of nodes that are out of the fleet: the hub lists them only if it is asked for them. */
export const FENCED: ReadonlySet<Standing> = new Set<Standing>(["deleted", "forgotten"]);

type NodeSort = "standing" | "node" | "heard" | "backends" | "pending" | "wishes";

/** What the list of nodes can be sorted by: the worst standing, the longest silence and the most that is missing come first. */
export const NODE_SORTS: SortChoices<NodeSort> = {
  names: ["standing", "node", "heard", "backends", "pending", "wishes"],
  largestFirst: ["backends", "pending", "wishes"],
};

/** Which nodes, in which order. */
export interface NodeQuery extends ListSort<NodeSort> {
  /** Any of them; empty wants all that are not fenced. */
  readonly standings: ReadonlySet<Standing>;
  readonly text: string;
}

const RANKS = new Map<Standing, number>(STANDINGS.map((standing, rank) => [standing, rank]));

/** The query that an address stands for; what is not understood is left out. */
export function nodeQueryOf(params: URLSearchParams): NodeQuery {
  const wanted = (params.get("standing") ?? "").split(",");
  return {
    standings: new Set(STANDINGS.filter((standing) => wanted.includes(standing))),
    text: params.get("q") ?? "",
    ...listSortFrom(params, NODE_SORTS),
  };
}

/** The nodes that are wanted, sorted. Cost: some 20 ms for 10,000 nodes. */
export function nodesWanted(nodes: readonly NodeEntry[], query: NodeQuery): NodeEntry[] {
  const text = query.text.trim().toLowerCase();
  const wanted = nodes.filter((node) => isWanted(node, query.standings) && holds(node, text));
  const compare = COMPARE[query.sort];
  const sign = query.descending ? -1 : 1;
  const keyed = wanted.map((node) => ({ node, key: naturalKey(node.node_id) }));
  keyed.sort((a, b) => sign * (compare?.(a.node, b.node) ?? byText(a.key, b.key)) || byText(a.key, b.key));
  return keyed.map(({ node }) => node);
}

/** How many nodes stand how. */
export function standingCounts(nodes: readonly NodeEntry[]): Record<Standing, number> {
  const counts = { unreachable: 0, suspect: 0, departed: 0, deleted: 0, forgotten: 0, live: 0 };
  for (const node of nodes) {
    counts[node.standing] += 1;
  }
  return counts;
}

function isWanted(node: NodeEntry, standings: ReadonlySet<Standing>): boolean {
  return standings.size > 0 ? standings.has(node.standing) : !FENCED.has(node.standing);
}

function holds(node: NodeEntry, text: string): boolean {
  return text === "" || node.node_id.toLowerCase().includes(text) || (node.url ?? "").toLowerCase().includes(text);
}

const COMPARE: Readonly<Partial<Record<NodeSort, (a: NodeEntry, b: NodeEntry) => number>>> = {
  standing: (a, b) => rank(a) - rank(b) || missing(b) - missing(a),
  heard: (a, b) => (b.silent_ms ?? Number.MAX_SAFE_INTEGER) - (a.silent_ms ?? Number.MAX_SAFE_INTEGER),
  backends: (a, b) => missing(a) - missing(b) || a.total - b.total,
  pending: (a, b) => a.pending - b.pending,
  wishes: (a, b) => a.wishes - b.wishes,
};

function rank(node: NodeEntry): number {
  return RANKS.get(node.standing) ?? 0;
}

/** Backends that cannot be used and should be. */
function missing(node: NodeEntry): number {
  return Math.max(0, node.total - node.available - node.withdrawn);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
