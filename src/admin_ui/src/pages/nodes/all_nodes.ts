/** All nodes, for the list of them. */
import type { NodeEntry } from "@/core/wire.gen";
import { type Pages, usePages } from "@/state/paged";

/** How often an unchanged list is asked for; that costs an empty answer. */
const EVERY_MS = 3000;
const ALL = "live,suspect,unreachable,departed,deleted,forgotten";

/** All nodes of the fleet, sorted by id, up to date within 3 seconds; with `fenced` those too that were deleted or forgotten. */
export function useNodes(fenced = false): Pages<NodeEntry> {
  return usePages(`api/nodes?sort=node_id${fenced ? `&standing=${ALL}` : ""}`, EVERY_MS, nodeId);
}

function nodeId(node: NodeEntry): string {
  return node.node_id;
}
