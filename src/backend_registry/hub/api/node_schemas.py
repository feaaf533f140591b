"""What the hub's routes about nodes, models, events and itself give, as pydantic models for the OpenAPI document."""

from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, Field, RootModel

from backend_registry.hub.events import EventKind
from backend_registry.hub.live_entry import LiveEntry

__all__ = (
    "CapabilitiesAnswer",
    "ClusterModelEntry",
    "EventEntry",
    "HistoryAnswer",
    "NodeBackendEntry",
    "NodeBackendListed",
    "NodeDetail",
    "NodeEntry",
    "Shown",
    "WishEntry",
)

Shown = Literal["live", "suspect", "unreachable", "departed", "deleted", "forgotten"]
Status = Literal["available", "unavailable"]
IntentWord = Literal["enabled", "draining", "disabled"]

_FACTS: Final = (
    "what else is known, by the kind of event. Of a `backend_status`: `id` on the node, `from` and `to` (`available` or "
    "`unavailable`), and `intent`, what operators wanted of it at that moment: with `draining` or `disabled` they took it out"
)


class WishEntry(BaseModel):
    """What an operator wants of a backend, and its node has not yet reported as dealt with."""

    id: str = Field(description="what the node calls the backend")
    intent: IntentWord
    generation: int
    reason: str


class NodeEntry(BaseModel):
    """One node, as the hub knows it."""

    node_id: str
    standing: Shown
    presence: Literal["present", "departed", "deleted", "forgotten"] = Field(
        description="what the node, or an operator, has said"
    )
    stale: bool = Field(description="whether what is shown of it is older than it should be")
    protected: bool = Field(
        description="whether it is not called unreachable only since so many fell silent at once, or the hub has just started"
    )
    identity_conflict: bool = Field(description="whether its process changes so often that two of them must share its id")
    url: str | None = Field(description="where it says that its own API is")
    instance: str = Field(description="random for each process of the node")
    epoch: int = Field(description="higher with each start of the node")
    revision: int = Field(description="higher with each change of the node's state")
    heard_at: AwareDatetime | None = Field(
        description="when this hub last heard it; null if it has not since its start; in no ETag"
    )
    silent_ms: int | None = Field(description="milliseconds since any hub heard it, as far as known here; in no ETag")
    available: int = Field(description="its backends that can be used")
    total: int = Field(description="its backends")
    withdrawn: int = Field(description="its backends that operators have taken out there: draining or disabled")
    pending: int = Field(description="requests in flight on its backends")
    wishes: int = Field(description="what operators want of its backends and it has not yet reported as dealt with")


class NodeDetail(NodeEntry):
    """One node, with what is open."""

    askable: bool = Field(
        description="whether `source=node` has somewhere to ask; the url may still turn out not to be allowed"
    )
    open_wishes: list[WishEntry]


class ReportedModel(BaseModel):
    """One model of a backend, as it was reported."""

    id: str
    name: str
    context_length: int
    max_output_tokens: int | None
    residency: str | None
    supports_json_mode: bool
    supports_tools: bool
    supports_vision: bool


class ReportedEntry(BaseModel):
    """One backend, as its node has reported it."""

    id: str
    name: str
    kind: str
    base_url: str
    operations: list[str]
    features: list[str]
    transports: list[str]
    models: list[ReportedModel]
    weight: int
    priority: int
    instance_id: str | None
    discovery_source: str
    metadata: dict[str, str]
    status: Status
    status_reason: str
    health: Literal["healthy", "unhealthy", "unknown"]
    intent: IntentWord
    ejection: str | None
    generation: int


class NodeBackendEntry(ReportedEntry):
    """One backend of a node, as the cluster shows it: unavailable if the node cannot be reached."""

    reported_status: Status = Field(description="what the node has reported, whether or not it can be reached")
    pending: int
    avg_latency_ms: int
    total_requests: int
    wish: WishEntry | None


class DifferenceEntry(BaseModel):
    """One field that is not the same on both sides."""

    field: str
    stored: Any
    node: Any


class NodeBackendDiff(BaseModel):
    """One backend as its node has reported it, and as the node says now. Load and metadata are not compared."""

    id: str
    verdict: Literal["same", "changed", "only_stored", "only_node"]
    differences: list[DifferenceEntry]
    stored: ReportedEntry | None
    node: LiveEntry | None


class NodeBackendListed(RootModel[NodeBackendEntry | LiveEntry | NodeBackendDiff]):
    """An entry as `source` asks for: `stored`, `node` or `diff`."""


class ClusterModelEntry(BaseModel):
    """One model, as all nodes together serve it."""

    id: str
    name: str
    kinds: list[str] = Field(description="of the backends that serve it")
    backends: int = Field(description="entries of the cluster, (kind, name), that serve it")
    backends_available: int
    nodes: int = Field(description="nodes with a backend that serves it")
    nodes_available: int
    context_length_least: int
    context_length: int = Field(description="the largest")
    max_output_tokens: int | None = Field(description="the largest")
    residency: dict[str, int] = Field(
        description="where backends have it, and how many of them; those that do not say are left out"
    )
    supports_json_mode: bool = Field(description="whether any does")
    supports_tools: bool = Field(description="whether any does")
    supports_vision: bool = Field(description="whether any does")


class BackendName(BaseModel):
    """What the cluster calls a backend."""

    kind: str
    name: str


class EventEntry(BaseModel):
    """One thing that happened."""

    seq: int = Field(description="higher with each event")
    at: AwareDatetime
    kind: EventKind
    node: str | None
    backend: BackendName | None
    actor: str = Field(description="who did it: `hub`, `node`, `operator`, `local` ...")
    reason: str
    facts: dict[str, Any] = Field(description=_FACTS)


class BackendHistory(BackendName):
    """How a backend of the cluster was; the oldest first, null where that is not known. No number is above 65,534."""

    avg_latency_ms: list[int | None] = Field(description="the mean over the nodes that have one; null also where none has")
    pending: list[int | None]
    available_nodes: list[int | None]


class FleetHistory(BaseModel):
    """How all backends together were; the oldest first, null where that is not known."""

    available: list[int | None] = Field(description="backends; a degraded one counts as available, too")
    degraded: list[int | None]
    unavailable: list[int | None]
    pending: list[int | None]
    avg_latency_ms: list[int | None] = Field(description="the mean over all nodes' backends that have one")


class HistoryAnswer(BaseModel):
    """How the last 15 minutes were: `backends`, if any were asked for, or `fleet`."""

    every_s: int = Field(description="seconds between one value and the next: 15, or 60 with more than 50,000 backends")
    until: AwareDatetime | None = Field(description="when the last value was taken; null as long as there is none")
    backends: list[BackendHistory] | None = Field(default=None, description="in the order asked for, without unknown ones")
    fleet: FleetHistory | None = None


class CapabilitiesAnswer(BaseModel):
    """What this process offers to whom asks."""

    version: str
    role: Literal["viewer", "operator"] = Field(description="of whom asks")
    roles: list[Literal["viewer", "operator"]] = Field(description="those that somebody may have here")
    sign_in: bool = Field(description="whether tokens are asked for")
    sections: list[str] = Field(description="what the process is: some of `gateway`, `node` and `hub`")
    pages: list[str] = Field(description="what is under `/admin/api` for a page to show, by its path")
    verbs: list[str] = Field(description="what whom asks may do")
    store: str = Field(description="where nodes' reports are kept: `memory`, `sqlite` or `redis`")
    hub_id: str
    as_of: AwareDatetime
    complete: bool
    protected: bool
    degraded: str
