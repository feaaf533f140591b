"""The hub's routes about nodes, models, events and itself, as a table."""

from typing import Final

from backend_registry._web import Access, Answer, Endpoint
from backend_registry.hub.api.capabilities import get_capabilities
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.events import list_events
from backend_registry.hub.api.facts import FACT_HEADERS
from backend_registry.hub.api.history import get_history
from backend_registry.hub.api.models import list_cluster_models
from backend_registry.hub.api.node_backends import list_node_backends
from backend_registry.hub.api.node_queries import ClusterModelsQuery, EventsQuery, HistoryQuery, NodeBackendsQuery, NodesQuery
from backend_registry.hub.api.node_schemas import (
    CapabilitiesAnswer,
    ClusterModelEntry,
    EventEntry,
    HistoryAnswer,
    NodeBackendListed,
    NodeDetail,
    NodeEntry,
)
from backend_registry.hub.api.nodes import get_node, list_nodes

__all__ = ("NODES",)

_NODE: Final = "/admin/api/nodes/{node_id}"
_TAG: Final = {"ETag": "stands for this very answer; send it back as If-None-Match"}
_LISTED: Final = {
    "X-Total-Count": "how many there are in all",
    "Link": 'where the next page is, as rel="next"',
    **FACT_HEADERS,
}
_SETTLED: Final = {"X-Settled": "with `source=diff`: whether what the hub holds stayed the same while the node was asked"}
_UNCHANGED: Final = {304: Answer("The client has this answer: it sent its ETag as If-None-Match.")}
_ABSENT: Final = {404: "No node of this id is known."}
_ASKED: Final = {
    409: "The node is not asked: its url is unknown, unusable or not allowed, its token is missing, or it is gone.",
    502: "The node was asked, and cannot be reached, does not let the hub in, or gave no usable answer.",
    504: "The node did not answer in time.",
}
_SOURCES: Final = (
    "With `source=node` or `source=diff` the node itself is asked, under the url that the operator has set for it, or under "
    "the one that it announces if the operator's list has that. It is given 3 seconds, redirects are not followed, and of its "
    "answer only known fields are passed on. A difference is shown after a second look, since a report may be on its way."
)
_HISTORY: Final = (
    "A value for every 15 seconds, or every minute in a cluster of more than 50,000 backends: of up to 100 backends, or of all "
    "together. It is what this hub has seen since its start."
)

NODES: Final[tuple[Endpoint[HubContext], ...]] = (
    Endpoint(
        "GET", "/admin/api/nodes", Access.READ, list_nodes, "The nodes, one page of them",
        {200: Answer("Entries.", NodeEntry, many=True, headers={**_LISTED, **_TAG}), **_UNCHANGED}, query=NodesQuery,
    ),
    Endpoint(
        "GET", _NODE, Access.READ, get_node, "One node, with what operators want of it",
        {200: Answer("The node.", NodeDetail, headers={**FACT_HEADERS, **_TAG}), **_UNCHANGED}, problems=_ABSENT,
    ),
    Endpoint(
        "GET", f"{_NODE}/backends", Access.READ, list_node_backends, "The backends of one node, sorted by id, one page of them",
        {200: Answer("Entries.", NodeBackendListed, many=True, headers={**_LISTED, **_TAG, **_SETTLED}), **_UNCHANGED},
        query=NodeBackendsQuery, description=_SOURCES, problems={**_ABSENT, **_ASKED},
    ),
    Endpoint(
        "GET", "/admin/api/models", Access.READ, list_cluster_models, "The models of all nodes, sorted by id, one page of them",
        {200: Answer("Entries.", ClusterModelEntry, many=True, headers={**_LISTED, **_TAG}), **_UNCHANGED},
        query=ClusterModelsQuery,
    ),
    Endpoint(
        "GET", "/admin/api/events", Access.READ, list_events, "What happened, newest first, one page of it",
        {200: Answer("Events.", EventEntry, many=True, headers={**_LISTED, **_TAG}), **_UNCHANGED}, query=EventsQuery,
    ),
    Endpoint(
        "GET", "/admin/api/history", Access.READ, get_history, "How the last 15 minutes were",
        {200: Answer("It.", HistoryAnswer, headers={**FACT_HEADERS, **_TAG}), **_UNCHANGED}, query=HistoryQuery,
        description=_HISTORY,
    ),
    Endpoint(
        "GET", "/admin/api/capabilities", Access.READ, get_capabilities, "What this process offers to whom asks",
        {200: Answer("Its parts, and what may be done.", CapabilitiesAnswer, headers=_TAG), **_UNCHANGED},
    ),
)  # fmt: skip
