/** Where the lines of the overview lead. */
import type { To } from "@/state/place";

/** The list of backends with one of them open beside it. */
export function backendIn(key: string): To {
  return { page: "backends", params: { open: key } };
}

/** The page of a node. */
export function nodeIn(nodeId: string): To {
  return { page: "nodes", path: [nodeId] };
}
