/** What a row of the table of nodes has no room for: the other fields, and each instance of a node that has several. */

import { Facts } from "@/components/facts";
import { IntentBadge, StatusBadge } from "@/components/status";
import { formatLatency, formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import type { ClusterInstance, ClusterNode } from "@/core/wire.gen";
import { statusOfNode } from "@/pages/backend/node_rows";

/** The rest of a node. Fields that the table does not show are wanted `withFields`; of several instances each has its own. */
export function NodeMore({ node, withFields }: { readonly node: ClusterNode; readonly withFields: boolean }) {
  const instances = node.instances ?? [];
  return (
    <div class="node-more">
      {withFields && instances.length === 0 && <Fields part={node} />}
      {instances.length > 0 && (
        <ul class="node-instances" aria-label={t("backend.instances_of", { node: node.node_uuid })}>
          {instances.map((instance) => (
            <Instance key={instance.id} instance={instance} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Instance({ instance }: { readonly instance: ClusterInstance }) {
  return (
    <li class="node-instance">
      <div class="node-instance-head">
        <span class="mono">{instance.id}</span>
        <StatusBadge status={statusOfNode(instance)} />
        {instance.status_reason && <span class="muted">{instance.status_reason}</span>}
      </div>
      <Fields part={instance} withLoad />
    </li>
  );
}

/** Fields that a node and an instance have both. */
function Fields({ part, withLoad = false }: { readonly part: ClusterNode | ClusterInstance; readonly withLoad?: boolean }) {
  return (
    <Facts
      facts={[
        [t("backend.intent"), <IntentBadge key="intent" intent={part.intent} />],
        ...(withLoad
          ? ([
              [t("backend.pending"), formatNumber(part.pending)],
              [t("backend.latency"), formatLatency(part.avg_latency_ms)],
            ] as const)
          : []),
        [t("backend.weight_priority"), t("backend.weight_and_priority", { weight: part.weight, priority: part.priority })],
        [t("backend.url"), part.base_url && <span class="mono">{part.base_url}</span>],
      ]}
    />
  );
}
