/** Health and intent of one backend of the cluster, from how many of its nodes say what. */

/** How a backend stands over all its nodes. */
export type Status = "unavailable" | "degraded" | "unknown" | "draining" | "disabled" | "available";

/** Every status, the worst first: its place here is its code in columns and its value in the order. */
export const STATUSES: readonly Status[] = ["unavailable", "degraded", "unknown", "draining", "disabled", "available"];

/** What operators want of a backend; `mixed` if not the same on all nodes. */
export type Intent = "enabled" | "draining" | "disabled" | "mixed";

/** Every intent: its place here is its code in columns. */
export const INTENTS: readonly Intent[] = ["enabled", "draining", "disabled", "mixed"];

/**
 * The status of a backend. Nodes on which an operator has withdrawn it are not held against it, as long as it is available on the
 * others. How old this is, is told by the count of stale nodes and not by the status.
 */
export function statusOf(
  total: number,
  available: number,
  healthy: number,
  unhealthy: number,
  draining: number,
  disabled: number,
): Status {
  if (total === 0) {
    return "unknown";
  }
  const withdrawn = draining + disabled;
  if (available < total && withdrawn >= total) {
    return draining > 0 ? "draining" : "disabled";
  }
  if (available === 0) {
    return healthy + unhealthy === 0 ? "unknown" : "unavailable";
  }
  return available + withdrawn >= total ? "available" : "degraded";
}

/** The intent of a backend; one that no node has is enabled. */
export function intentOf(total: number, draining: number, disabled: number): Intent {
  if (draining + disabled === 0) {
    return "enabled";
  }
  if (draining >= total) {
    return "draining";
  }
  return disabled >= total ? "disabled" : "mixed";
}
