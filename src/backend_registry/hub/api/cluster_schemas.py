"""What the reads of the cluster give, as pydantic models; the OpenAPI document is made of them."""

from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, Field, RootModel

__all__ = ("ClusterBackend", "ClusterBackends", "ClusterColumns", "ClusterDelta", "ClusterFacts", "ClusterSnapshot")

Status = Literal["available", "unavailable"]
Health = Literal["healthy", "unhealthy", "unknown"]
Intent = Literal["enabled", "draining", "disabled"]


_TAGS: Final = (
    "`key=value` of the metadata of all nodes together, sorted; 64 at most. A key that has more than 16 values is one tag, "
    "`key=*`; what would come to more than 128 characters is none"
)
_REASON: Final = (
    "why it is unavailable where it is and should not be, as most of these nodes say; if there are none such, why where "
    "operators have taken it out; empty if it is available everywhere"
)


class _Standing(BaseModel):
    status: Status
    status_reason: str = Field(
        description="`unreachable` or `departed` if that is how the node stands; else the node's own word"
    )
    weight: int
    priority: int
    base_url: str
    health: Health
    intent: Intent
    pending: int = Field(description="requests in flight, as of the last second; 0 for a node that cannot be reached")
    avg_latency_ms: int = Field(description="0 if there is none")


class ClusterInstance(_Standing):
    """One of several backends that a node has under the same kind and name."""

    id: str


class ClusterNode(_Standing):
    """A backend on one node. Of several instances, the first that is available speaks for them, or else the first."""

    node_uuid: str
    stale: bool = Field(description="whether the node has not been heard for longer than it should")
    instances: list[ClusterInstance] | None = Field(default=None, description="only if the node has several")


class HealthCount(BaseModel):
    """On how many nodes a backend is in which health."""

    healthy: int
    unhealthy: int
    unknown: int


class IntentCount(BaseModel):
    """On how many nodes operators want what of a backend."""

    enabled: int
    draining: int
    disabled: int


class ClusterBackend(BaseModel):
    """A backend, that is a kind and a name, over all nodes that have it."""

    name: str
    kind: str
    operations: list[str] = Field(description="of all nodes together; likewise features, transports and models")
    features: list[str]
    transports: list[str]
    models: list[str] = Field(description="ids")
    tags: list[str] = Field(description=_TAGS)
    weights: list[int] = Field(description="of all nodes, sorted, each once; likewise priorities")
    priorities: list[int]
    status: Status = Field(description="available if it is on at least one node")
    status_reason: str = Field(description=_REASON)
    since: AwareDatetime = Field(description="when it became available, degraded or unavailable, or this hub first heard of it")
    available_nodes: int
    total_nodes: int
    stale_nodes: int
    health: HealthCount
    intents: IntentCount
    pending: int = Field(description="requests in flight on all nodes, as of the last second")
    avg_latency_ms: int = Field(description="the mean over the nodes that have one; 0 if none has")
    nodes: list[ClusterNode] = Field(description="sorted by id")


class ClusterFacts(BaseModel):
    """How far the view can be relied on."""

    complete: bool = Field(description="whether most of the nodes that are known have been heard since the hub's start")
    protected: bool = Field(description="whether silent nodes are kept for now, since too many are silent at once")
    degraded: str = Field(description="why the view may be old; empty if it is not")


class ColumnValues(BaseModel):
    """What the numbers in coded columns stand for: each is a place in one of these lists."""

    kind: list[str]
    operations: list[list[str]]
    features: list[list[str]]
    transports: list[list[str]]
    models: list[list[str]]
    tags: list[list[str]]
    weights: list[list[int]]
    priorities: list[list[int]]
    reason: list[str] = Field(description=_REASON)


class ColumnArrays(BaseModel):
    """One array for each field, all of the same length, sorted by name and kind."""

    name: list[str]
    kind: list[int]
    operations: list[int]
    features: list[int]
    transports: list[int]
    models: list[int]
    tags: list[int]
    weights: list[int]
    priorities: list[int]
    reason: list[int]
    available_nodes: list[int] = Field(description="the status is unavailable if this is 0")
    total_nodes: list[int]
    stale_nodes: list[int]
    healthy: list[int] = Field(description="nodes; what is neither this nor unhealthy is unknown")
    unhealthy: list[int]
    draining: list[int] = Field(description="nodes; where it is neither this nor disabled it is enabled")
    disabled: list[int]
    since_ms: list[int] = Field(description="milliseconds since 1970, UTC")
    pending: list[int]
    avg_latency_ms: list[int]


class FacetCounts(BaseModel):
    """How many backends there are for each value, in the whole cluster, whatever the filters are."""

    kind: dict[str, int]
    operation: dict[str, int]
    status: dict[str, int] = Field(description="a degraded one counts as available, too")
    model: dict[str, int]
    node: dict[str, int]


class ClusterColumns(ClusterFacts):
    """The backends as columns."""

    as_of: AwareDatetime
    stream_id: str = Field(description="open the stream with this as `since`, and nothing that changes after this is missed")
    total: int
    values: ColumnValues
    columns: ColumnArrays
    facets: FacetCounts


class ClusterBackends(RootModel[list[ClusterBackend] | ClusterColumns]):
    """Entries; with `shape=columns` one object."""


class ClusterKey(BaseModel):
    """A backend that is no longer there, or no longer what the reader asked for."""

    kind: str
    name: str


class ClusterSnapshot(ClusterFacts):
    """Event `snapshot`: all backends that the reader asked for."""

    as_of: AwareDatetime
    backends: list[ClusterBackend]


class ClusterDelta(BaseModel):
    """Event `delta`: what has changed since the event before."""

    upserts: list[ClusterBackend]
    deletes: list[ClusterKey]
