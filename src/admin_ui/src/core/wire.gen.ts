// Made by scripts/wire.mjs from the hub's OpenAPI document; not to be changed by hand.

/**
 * Entries; with `shape=columns` one object.
 */
export type ClusterBackends = ClusterBackend[] | ClusterColumns;
/**
 * An entry as `source` asks for: `stored`, `node` or `diff`.
 */
export type NodeBackendListed = NodeBackendEntry | LiveEntry | NodeBackendDiff;

/**
 * How a backend of the cluster was; the oldest first, null where that is not known. No number is above 65,534.
 */
export interface BackendHistory {
  kind: string;
  name: string;
  /**
   * the mean over the nodes that have one; null also where none has
   */
  avg_latency_ms: (number | null)[];
  pending: (number | null)[];
  available_nodes: (number | null)[];
}
/**
 * What the cluster calls a backend.
 */
export interface BackendName {
  kind: string;
  name: string;
}
/**
 * What a batch does, or would do.
 */
export interface BatchAnswer {
  dry_run: boolean;
  verb: "drain" | "disable" | "enable" | "restore";
  /**
   * stands for the targets, what is wanted of them, and models_lost
   */
  rev: string;
  /**
   * how many backends of the cluster are among the targets
   */
  backends: number;
  /**
   * how many nodes are
   */
  nodes: number;
  targets: number;
  /**
   * how many targets are not yet as wanted
   */
  changes: number;
  /**
   * positions in ids of those that nothing fits
   */
  unknown: number[];
  /**
   * nodes that are not heard now, and learn of it when they come back
   */
  silent_nodes: string[];
  /**
   * in flight on what changes, as last reported; they go on
   */
  pending_requests: number;
  /**
   * models that no available backend is left for
   */
  models_lost: string[];
  results: TargetEntry[];
  /**
   * what undoes it; null if nothing was done
   */
  undo: UndoBody | null;
}
/**
 * One backend of one node, and what a batch does about it.
 */
export interface TargetEntry {
  node_id: string;
  id: string;
  kind: string;
  name: string;
  /**
   * what operators wanted so far
   */
  before: "enabled" | "draining" | "disabled";
  after: "enabled" | "draining" | "disabled";
  /**
   * `gone`: the node has it no longer; `not_done`: the store became unavailable before
   */
  result: "would_change" | "unchanged" | "wished" | "gone" | "not_done";
  /**
   * of the wish; the node has dealt with it once it reports this one or a later
   */
  generation: number | null;
}
/**
 * A body for the same route, which undoes what was done. It holds as long as nobody has changed the same backends.
 */
export interface UndoBody {
  verb?: "restore";
  ids: UndoChoice[];
  reason: string;
  if_rev: string;
}
/**
 * One target of an undo.
 */
export interface UndoChoice {
  node_id: string;
  id: string;
  intent: "enabled" | "draining" | "disabled";
}
/**
 * One verb for many backends. Make a dry run, look at its answer, and send the same with its `rev` as `if_rev`.
 */
export interface BatchBody {
  /**
   * which backends; either this or filter
   */
  ids?: [TargetChoice, ...TargetChoice[]] | null;
  /**
   * which backends: those that the list shows for it
   */
  filter?: BatchFilter | null;
  /**
   * restore gives each target the intent that it names, as in the undo of an earlier answer
   */
  verb: "drain" | "disable" | "enable" | "restore";
  /**
   * why, in one line; all who look can read it, and nodes log it
   */
  reason: string;
  /**
   * only say what would be done
   */
  dry_run?: boolean;
  /**
   * the `rev` of a dry run; needed unless this is one
   */
  if_rev?: string | null;
}
/**
 * A backend: of the cluster, by kind and name, on every node that has it; or of one node, by node_id and id.
 */
export interface TargetChoice {
  kind?: string | null;
  name?: string | null;
  node_id?: string | null;
  id?: string | null;
  /**
   * for the verb restore: what is wanted of this one
   */
  intent?: ("enabled" | "draining" | "disabled") | null;
}
/**
 * The parameters of the list of backends, each an array: what it lists is chosen.
 *
 * With `node`, only what those nodes have of them is.
 */
export interface BatchFilter {
  /**
   * kinds of backend; any of them
   *
   * @maxItems 64
   */
  kind?: string[];
  /**
   * operations; any of them; a backend that lists none offers all
   *
   * @maxItems 64
   */
  operation?: string[];
  /**
   * transports; any of them
   *
   * @maxItems 64
   */
  transport?: string[];
  /**
   * ids of models; any of them; not split at commas
   *
   * @maxItems 64
   */
  model?: string[];
  /**
   * any of them; `available` is on at least one node, `degraded` that and not on all, `unavailable` on none
   *
   * @maxItems 3
   */
  status?:
    | []
    | ["available" | "degraded" | "unavailable"]
    | ["available" | "degraded" | "unavailable", "available" | "degraded" | "unavailable"]
    | [
        "available" | "degraded" | "unavailable",
        "available" | "degraded" | "unavailable",
        "available" | "degraded" | "unavailable"
      ];
  /**
   * ids of nodes; on any of them; the other nodes are shown as well
   *
   * @maxItems 64
   */
  node?: string[];
  /**
   * `key=value`, or a key alone for whatever value; any of them; not split at commas
   *
   * @maxItems 64
   */
  tag?: string[];
  /**
   * what operators want of it on at least one node; any of them
   *
   * @maxItems 3
   */
  intent?:
    | []
    | ["enabled" | "draining" | "disabled"]
    | ["enabled" | "draining" | "disabled", "enabled" | "draining" | "disabled"]
    | ["enabled" | "draining" | "disabled", "enabled" | "draining" | "disabled", "enabled" | "draining" | "disabled"];
  /**
   * words, each of which is part of the name, the kind or a model's id
   */
  q?: string;
}
/**
 * What this process offers to whom asks.
 */
export interface CapabilitiesAnswer {
  version: string;
  /**
   * of whom asks
   */
  role: "viewer" | "operator";
  /**
   * those that somebody may have here
   */
  roles: ("viewer" | "operator")[];
  /**
   * whether tokens are asked for
   */
  sign_in: boolean;
  /**
   * what the process is: some of `gateway`, `node` and `hub`
   */
  sections: string[];
  /**
   * what is under `/admin/api` for a page to show, by its path
   */
  pages: string[];
  /**
   * what whom asks may do
   */
  verbs: string[];
  /**
   * where nodes' reports are kept: `memory`, `sqlite` or `redis`
   */
  store: string;
  hub_id: string;
  as_of: string;
  complete: boolean;
  protected: boolean;
  degraded: string;
}
/**
 * A backend, that is a kind and a name, over all nodes that have it.
 */
export interface ClusterBackend {
  name: string;
  kind: string;
  /**
   * of all nodes together; likewise features, transports and models
   */
  operations: string[];
  features: string[];
  transports: string[];
  /**
   * ids
   */
  models: string[];
  /**
   * `key=value` of the metadata of all nodes together, sorted; 64 at most. A key that has more than 16 values is one tag, `key=*`; what would come to more than 128 characters is none
   */
  tags: string[];
  /**
   * of all nodes, sorted, each once; likewise priorities
   */
  weights: number[];
  priorities: number[];
  /**
   * available if it is on at least one node
   */
  status: "available" | "unavailable";
  /**
   * why it is unavailable where it is and should not be, as most of these nodes say; if there are none such, why where operators have taken it out; empty if it is available everywhere
   */
  status_reason: string;
  /**
   * when it became available, degraded or unavailable, or this hub first heard of it
   */
  since: string;
  available_nodes: number;
  total_nodes: number;
  stale_nodes: number;
  health: HealthCount;
  intents: IntentCount;
  /**
   * requests in flight on all nodes, as of the last second
   */
  pending: number;
  /**
   * the mean over the nodes that have one; 0 if none has
   */
  avg_latency_ms: number;
  /**
   * sorted by id
   */
  nodes: ClusterNode[];
}
/**
 * On how many nodes a backend is in which health.
 */
export interface HealthCount {
  healthy: number;
  unhealthy: number;
  unknown: number;
}
/**
 * On how many nodes operators want what of a backend.
 */
export interface IntentCount {
  enabled: number;
  draining: number;
  disabled: number;
}
/**
 * A backend on one node. Of several instances, the first that is available speaks for them, or else the first.
 */
export interface ClusterNode {
  status: "available" | "unavailable";
  /**
   * `unreachable` or `departed` if that is how the node stands; else the node's own word
   */
  status_reason: string;
  weight: number;
  priority: number;
  base_url: string;
  health: "healthy" | "unhealthy" | "unknown";
  intent: "enabled" | "draining" | "disabled";
  /**
   * requests in flight, as of the last second; 0 for a node that cannot be reached
   */
  pending: number;
  /**
   * 0 if there is none
   */
  avg_latency_ms: number;
  node_uuid: string;
  /**
   * whether the node has not been heard for longer than it should
   */
  stale: boolean;
  /**
   * only if the node has several
   */
  instances?: ClusterInstance[] | null;
}
/**
 * One of several backends that a node has under the same kind and name.
 */
export interface ClusterInstance {
  status: "available" | "unavailable";
  /**
   * `unreachable` or `departed` if that is how the node stands; else the node's own word
   */
  status_reason: string;
  weight: number;
  priority: number;
  base_url: string;
  health: "healthy" | "unhealthy" | "unknown";
  intent: "enabled" | "draining" | "disabled";
  /**
   * requests in flight, as of the last second; 0 for a node that cannot be reached
   */
  pending: number;
  /**
   * 0 if there is none
   */
  avg_latency_ms: number;
  id: string;
}
/**
 * The backends as columns.
 */
export interface ClusterColumns {
  /**
   * whether most of the nodes that are known have been heard since the hub's start
   */
  complete: boolean;
  /**
   * whether silent nodes are kept for now, since too many are silent at once
   */
  protected: boolean;
  /**
   * why the view may be old; empty if it is not
   */
  degraded: string;
  as_of: string;
  /**
   * open the stream with this as `since`, and nothing that changes after this is missed
   */
  stream_id: string;
  total: number;
  values: ColumnValues;
  columns: ColumnArrays;
  facets: FacetCounts;
}
/**
 * What the numbers in coded columns stand for: each is a place in one of these lists.
 */
export interface ColumnValues {
  kind: string[];
  operations: string[][];
  features: string[][];
  transports: string[][];
  models: string[][];
  tags: string[][];
  weights: number[][];
  priorities: number[][];
  /**
   * why it is unavailable where it is and should not be, as most of these nodes say; if there are none such, why where operators have taken it out; empty if it is available everywhere
   */
  reason: string[];
}
/**
 * One array for each field, all of the same length, sorted by name and kind.
 */
export interface ColumnArrays {
  name: string[];
  kind: number[];
  operations: number[];
  features: number[];
  transports: number[];
  models: number[];
  tags: number[];
  weights: number[];
  priorities: number[];
  reason: number[];
  /**
   * the status is unavailable if this is 0
   */
  available_nodes: number[];
  total_nodes: number[];
  stale_nodes: number[];
  /**
   * nodes; what is neither this nor unhealthy is unknown
   */
  healthy: number[];
  unhealthy: number[];
  /**
   * nodes; where it is neither this nor disabled it is enabled
   */
  draining: number[];
  disabled: number[];
  /**
   * milliseconds since 1970, UTC
   */
  since_ms: number[];
  pending: number[];
  avg_latency_ms: number[];
}
/**
 * How many backends there are for each value, in the whole cluster, whatever the filters are.
 */
export interface FacetCounts {
  kind: {
    [k: string]: number;
  };
  operation: {
    [k: string]: number;
  };
  /**
   * a degraded one counts as available, too
   */
  status: {
    [k: string]: number;
  };
  model: {
    [k: string]: number;
  };
  node: {
    [k: string]: number;
  };
}
/**
 * One model, as all nodes together serve it.
 */
export interface ClusterModelEntry {
  id: string;
  name: string;
  /**
   * of the backends that serve it
   */
  kinds: string[];
  /**
   * entries of the cluster, (kind, name), that serve it
   */
  backends: number;
  backends_available: number;
  /**
   * nodes with a backend that serves it
   */
  nodes: number;
  nodes_available: number;
  context_length_least: number;
  /**
   * the largest
   */
  context_length: number;
  /**
   * the largest
   */
  max_output_tokens: number | null;
  /**
   * where backends have it, and how many of them; those that do not say are left out
   */
  residency: {
    [k: string]: number;
  };
  /**
   * whether any does
   */
  supports_json_mode: boolean;
  /**
   * whether any does
   */
  supports_tools: boolean;
  /**
   * whether any does
   */
  supports_vision: boolean;
}
/**
 * What an operator wants of one backend of one node.
 */
export interface DesiredEntry {
  node_id: string;
  id: string;
  /**
   * null if the node has no such backend any more
   */
  kind: string | null;
  name: string | null;
  /**
   * what is wanted
   */
  intent: "enabled" | "draining" | "disabled";
  /**
   * what the node says it is
   */
  reported: ("enabled" | "draining" | "disabled") | null;
  generation: number;
  reason: string;
  /**
   * when it was wished
   */
  since: string;
  /**
   * `acknowledged`: the node has dealt with it
   */
  state: "open" | "acknowledged";
  acknowledged_at: string | null;
}
/**
 * One field that is not the same on both sides.
 */
export interface DifferenceEntry {
  field: string;
  stored: unknown;
  node: unknown;
}
/**
 * One thing that happened.
 */
export interface EventEntry {
  /**
   * higher with each event
   */
  seq: number;
  at: string;
  kind:
    | "node_joined"
    | "node_restarted"
    | "node_suspect"
    | "node_unreachable"
    | "node_back"
    | "node_departed"
    | "node_deleted"
    | "node_allowed"
    | "node_forgotten"
    | "identity_conflict"
    | "identity_settled"
    | "protection_on"
    | "protection_off"
    | "backend_status"
    | "wish_made"
    | "wish_done"
    | "batch"
    | "audit_mismatch"
    | "store_degraded"
    | "store_back"
    | "report_refused";
  node: string | null;
  backend: BackendName | null;
  /**
   * who did it: `hub`, `node`, `operator`, `local` ...
   */
  actor: string;
  reason: string;
  /**
   * what else is known, by the kind of event. Of a `backend_status`: `id` on the node, `from` and `to` (`available` or `unavailable`), and `intent`, what operators wanted of it at that moment: with `draining` or `disabled` they took it out
   */
  facts: {
    [k: string]: unknown;
  };
}
/**
 * What is wrong with one field, and what would be accepted.
 */
export interface FieldError {
  field: string;
  problem: string;
  remedy: string;
}
/**
 * How all backends together were; the oldest first, null where that is not known.
 */
export interface FleetHistory {
  /**
   * backends; a degraded one counts as available, too
   */
  available: (number | null)[];
  degraded: (number | null)[];
  unavailable: (number | null)[];
  pending: (number | null)[];
  /**
   * the mean over all nodes' backends that have one
   */
  avg_latency_ms: (number | null)[];
}
/**
 * How the last 15 minutes were: `backends`, if any were asked for, or `fleet`.
 */
export interface HistoryAnswer {
  /**
   * seconds between one value and the next: 15, or 60 with more than 50,000 backends
   */
  every_s: number;
  /**
   * when the last value was taken; null as long as there is none
   */
  until: string | null;
  /**
   * in the order asked for, without unknown ones
   */
  backends?: BackendHistory[] | null;
  fleet?: FleetHistory | null;
}
/**
 * One backend, as its node says it is now.
 */
export interface LiveEntry {
  id: string;
  name: string;
  kind: string;
  base_url?: string;
  status: "available" | "unavailable";
  status_reason?: string;
  health?: "healthy" | "unhealthy" | "unknown";
  intent?: "enabled" | "draining" | "disabled";
  ejection?: string | null;
  ejected_until?: string | null;
  on_trial?: boolean;
  warming?: boolean;
  operations?: string[];
  features?: string[];
  transports?: string[];
  models?: LiveModel[];
  weight?: number;
  priority?: number;
  instance_id?: string | null;
  discovery_source?: string;
  source?: string | null;
  pending_requests?: number;
  total_requests?: number;
  avg_latency_ms?: number;
  reported_load?: LiveLoad | null;
  last_health_check?: string | null;
  last_error?: string | null;
  /**
   * names of the environment variables that it needs, and whether each is set
   */
  credentials?: {
    [k: string]: boolean;
  };
}
/**
 * One model of a backend.
 */
export interface LiveModel {
  id: string;
  name?: string;
  context_length?: number;
  max_output_tokens?: number | null;
  residency?: string | null;
  supports_json_mode?: boolean;
  supports_tools?: boolean;
  supports_vision?: boolean;
}
/**
 * Requests that the backend's server says it has.
 */
export interface LiveLoad {
  running: number;
  waiting: number;
}
/**
 * One backend as its node has reported it, and as the node says now. Load and metadata are not compared.
 */
export interface NodeBackendDiff {
  id: string;
  verdict: "same" | "changed" | "only_stored" | "only_node";
  differences: DifferenceEntry[];
  stored: ReportedEntry | null;
  node: LiveEntry | null;
}
/**
 * One backend, as its node has reported it.
 */
export interface ReportedEntry {
  id: string;
  name: string;
  kind: string;
  base_url: string;
  operations: string[];
  features: string[];
  transports: string[];
  models: ReportedModel[];
  weight: number;
  priority: number;
  instance_id: string | null;
  discovery_source: string;
  metadata: {
    [k: string]: string;
  };
  status: "available" | "unavailable";
  status_reason: string;
  health: "healthy" | "unhealthy" | "unknown";
  intent: "enabled" | "draining" | "disabled";
  ejection: string | null;
  generation: number;
}
/**
 * One model of a backend, as it was reported.
 */
export interface ReportedModel {
  id: string;
  name: string;
  context_length: number;
  max_output_tokens: number | null;
  residency: string | null;
  supports_json_mode: boolean;
  supports_tools: boolean;
  supports_vision: boolean;
}
/**
 * One backend of a node, as the cluster shows it: unavailable if the node cannot be reached.
 */
export interface NodeBackendEntry {
  id: string;
  name: string;
  kind: string;
  base_url: string;
  operations: string[];
  features: string[];
  transports: string[];
  models: ReportedModel[];
  weight: number;
  priority: number;
  instance_id: string | null;
  discovery_source: string;
  metadata: {
    [k: string]: string;
  };
  status: "available" | "unavailable";
  status_reason: string;
  health: "healthy" | "unhealthy" | "unknown";
  intent: "enabled" | "draining" | "disabled";
  ejection: string | null;
  generation: number;
  /**
   * what the node has reported, whether or not it can be reached
   */
  reported_status: "available" | "unavailable";
  pending: number;
  avg_latency_ms: number;
  total_requests: number;
  wish: WishEntry | null;
}
/**
 * What an operator wants of a backend, and its node has not yet reported as dealt with.
 */
export interface WishEntry {
  /**
   * what the node calls the backend
   */
  id: string;
  intent: "enabled" | "draining" | "disabled";
  generation: number;
  reason: string;
}
/**
 * One node, with what is open.
 */
export interface NodeDetail {
  node_id: string;
  standing: "live" | "suspect" | "unreachable" | "departed" | "deleted" | "forgotten";
  /**
   * what the node, or an operator, has said
   */
  presence: "present" | "departed" | "deleted" | "forgotten";
  /**
   * whether what is shown of it is older than it should be
   */
  stale: boolean;
  /**
   * whether it is not called unreachable only since so many fell silent at once, or the hub has just started
   */
  protected: boolean;
  /**
   * whether its process changes so often that two of them must share its id
   */
  identity_conflict: boolean;
  /**
   * where it says that its own API is
   */
  url: string | null;
  /**
   * random for each process of the node
   */
  instance: string;
  /**
   * higher with each start of the node
   */
  epoch: number;
  /**
   * higher with each change of the node's state
   */
  revision: number;
  /**
   * when this hub last heard it; null if it has not since its start; in no ETag
   */
  heard_at: string | null;
  /**
   * milliseconds since any hub heard it, as far as known here; in no ETag
   */
  silent_ms: number | null;
  /**
   * its backends that can be used
   */
  available: number;
  /**
   * its backends
   */
  total: number;
  /**
   * its backends that operators have taken out there: draining or disabled
   */
  withdrawn: number;
  /**
   * requests in flight on its backends
   */
  pending: number;
  /**
   * what operators want of its backends and it has not yet reported as dealt with
   */
  wishes: number;
  /**
   * whether `source=node` has somewhere to ask; the url may still turn out not to be allowed
   */
  askable: boolean;
  open_wishes: WishEntry[];
}
/**
 * One node, as the hub knows it.
 */
export interface NodeEntry {
  node_id: string;
  standing: "live" | "suspect" | "unreachable" | "departed" | "deleted" | "forgotten";
  /**
   * what the node, or an operator, has said
   */
  presence: "present" | "departed" | "deleted" | "forgotten";
  /**
   * whether what is shown of it is older than it should be
   */
  stale: boolean;
  /**
   * whether it is not called unreachable only since so many fell silent at once, or the hub has just started
   */
  protected: boolean;
  /**
   * whether its process changes so often that two of them must share its id
   */
  identity_conflict: boolean;
  /**
   * where it says that its own API is
   */
  url: string | null;
  /**
   * random for each process of the node
   */
  instance: string;
  /**
   * higher with each start of the node
   */
  epoch: number;
  /**
   * higher with each change of the node's state
   */
  revision: number;
  /**
   * when this hub last heard it; null if it has not since its start; in no ETag
   */
  heard_at: string | null;
  /**
   * milliseconds since any hub heard it, as far as known here; in no ETag
   */
  silent_ms: number | null;
  /**
   * its backends that can be used
   */
  available: number;
  /**
   * its backends
   */
  total: number;
  /**
   * its backends that operators have taken out there: draining or disabled
   */
  withdrawn: number;
  /**
   * requests in flight on its backends
   */
  pending: number;
  /**
   * what operators want of its backends and it has not yet reported as dealt with
   */
  wishes: number;
}
/**
 * Why a request was not done (RFC 9457).
 */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors?: FieldError[];
}
/**
 * Who asks.
 */
export interface SessionAnswer {
  /**
   * whether this one may only look, or act as well
   */
  role: "viewer" | "operator";
  /**
   * not needed where there are no tokens: then everybody on this machine is an operator
   */
  sign_in: "needed" | "not_needed";
  /**
   * when the session ends; null for who has none
   */
  expires_at: string | null;
  /**
   * the header `X-CSRF-Token` of changes that come with the cookie; null without a session
   */
  csrf: string | null;
}
/**
 * What opens a session.
 */
export interface SignIn {
  /**
   * the admin token, or the viewer token
   */
  token: string;
}
