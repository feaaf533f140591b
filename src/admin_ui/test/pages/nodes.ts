import type { NodeBackendEntry, NodeEntry } from "@/core/wire.gen";

/** A node that is heard and has ten backends, all available, but for what is said otherwise. */
export function node(node_id: string, other: Partial<NodeEntry> = {}): NodeEntry {
  return {
    node_id,
    standing: "live",
    presence: "present",
    stale: false,
    protected: false,
    identity_conflict: false,
    url: null,
    instance: "1",
    epoch: 1,
    revision: 1,
    heard_at: "2026-01-01T00:00:00Z",
    silent_ms: 0,
    available: 10,
    total: 10,
    withdrawn: 0,
    pending: 0,
    wishes: 0,
    ...other,
  };
}

/** A backend of a node that is available, but for what is said otherwise. */
export function reported(name: string, other: Partial<NodeBackendEntry> = {}): NodeBackendEntry {
  return {
    id: name,
    name,
    kind: "vllm",
    base_url: "",
    operations: [],
    features: [],
    transports: [],
    models: [],
    weight: 1,
    priority: 0,
    instance_id: null,
    discovery_source: "static",
    metadata: {},
    status: "available",
    status_reason: "",
    health: "healthy",
    intent: "enabled",
    ejection: null,
    generation: 0,
    reported_status: "available",
    pending: 0,
    avg_latency_ms: 0,
    total_requests: 0,
    wish: null,
    ...other,
  };
}
