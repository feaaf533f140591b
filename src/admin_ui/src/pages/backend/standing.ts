/** How a backend stands: its status, why, and since when. Pure. */

import { t } from "@/core/i18n";
import { type Intent, intentOf, type Status, statusOf } from "@/core/status";
import { msOf } from "@/core/time";
import type { ClusterBackend, EventEntry } from "@/core/wire.gen";
import { isWithdrawn, type NodeRow, type ReasonGroup, reasonGroups } from "@/pages/backend/node_rows";
import { type LastGood, lastGood } from "@/pages/backend/transitions";

/** What the head of a backend says. */
export interface Standing {
  readonly status: Status;
  readonly intent: Intent;
  /** All of its nodes are not heard. */
  readonly stale: boolean;
  /** Why it is not available where it is not. */
  readonly groups: readonly ReasonGroup[];
  /** Since when it stands so, in ms. */
  readonly sinceMs: number;
  /** When it was last as it should be; null if it is so now, until it came to stand so, or if nothing is known. */
  readonly lastGood: LastGood;
}

/** The hub notes a change of a row and the event of its node at slightly different times. */
const SAME_MS = 2_000;
const WANTING: readonly Status[] = ["unavailable", "degraded", "unknown"];

/**
 * How a backend stands.
 *
 * @param events what happened to it, newest first; undefined while that is not known
 */
export function standingOf(
  backend: ClusterBackend,
  rows: readonly NodeRow[],
  events: readonly EventEntry[] | undefined,
): Standing {
  const { total_nodes: total, available_nodes: available, health, intents } = backend;
  const status = statusOf(total, available, health.healthy, health.unhealthy, intents.draining, intents.disabled);
  const good = WANTING.includes(status) && events ? lastGood(wantedNodes(rows), events) : null;
  const goodMs = good !== null && "at" in good ? good.at : Number.NEGATIVE_INFINITY;
  // For the hub it is degraded also while it is only withdrawn somewhere; here that was still as it should be.
  const sinceMs = Math.max(msOf(backend.since), goodMs);
  const isSaid = sinceMs - goodMs < SAME_MS;
  return {
    status,
    intent: intentOf(total, intents.draining, intents.disabled),
    stale: total > 0 && backend.stale_nodes >= total,
    groups: reasonGroups(rows),
    sinceMs,
    lastGood: isSaid ? null : good,
  };
}

/** Nodes where operators want the backend, and whether it is available there. */
function wantedNodes(rows: readonly NodeRow[]): Map<string, boolean> {
  const wanted = rows.filter(({ node }) => node.intent === "enabled");
  return new Map(wanted.map(({ node }) => [node.node_uuid, node.status === "available"]));
}

/** Why, in one sentence: `connect refused on 6 of 24 nodes, and 2 other reasons`. What operators want counts only if there are no faults. */
export function whySentence(standing: Standing, total: number): string {
  const faults = standing.groups.filter((group) => !isWithdrawn(group));
  const [first, ...others] = faults.length > 0 ? faults : standing.groups;
  if (!first) {
    return t("backend.all_well", { count: total });
  }
  if (standing.status === "available") {
    const withdrawn = standing.groups.reduce((sum, group) => sum + group.nodes.length, 0);
    return t("backend.well_where_wanted", { count: total - withdrawn });
  }
  const reason = reasonWords(first);
  const count = first.nodes.length;
  const sentence =
    count < total
      ? t("backend.why_some", { reason, count, total })
      : total === 1
        ? t("backend.why_all_one", { reason })
        : t("backend.why_all", { reason, count });
  return others.length === 0 ? sentence : t("backend.why_and_more", { sentence, count: others.length });
}

/** The reason of a group, or that nobody has given one. */
export function reasonWords({ reason }: ReasonGroup): string {
  return reason || t("backend.no_reason");
}
