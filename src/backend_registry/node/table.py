"""The node API as one table: routes, OpenAPI document, reference page and the tests of who may do what are made of it."""

from typing import Any, Final

from backend_registry._web import Access, Answer, Endpoint
from backend_registry.node.context import Node
from backend_registry.node.process import healthz, metrics, openapi, readyz
from backend_registry.node.queries import BackendsQuery, DrainQuery, ExplainQuery, ModelsQuery, StreamQuery
from backend_registry.node.reads import explain_backend, get_backend, list_backends, list_models, stream_backends
from backend_registry.node.schemas import (
    BackendChanges,
    BackendEntry,
    DrainAnswer,
    ExplainAnswer,
    HealthAnswer,
    ModelEntry,
    NewBackend,
    OpenApiDocument,
)
from backend_registry.node.writes import (
    add_backend,
    change_backend,
    disable_backend,
    drain_backend,
    enable_backend,
    remove_backend,
)

__all__ = ("ENDPOINTS", "METRICS", "PROCESS", "READS", "WRITES")

_ID: Final = "/backends/{backend_id}"
_TAG: Final = {"ETag": "stands for this very answer; send it back as If-None-Match"}
_PAGED: Final = {"X-Total-Count": "how many there are in all", "Link": 'where the next page is, as rel="next"', **_TAG}
_UNCHANGED: Final = {304: Answer("The client has this answer: it sent its ETag as If-None-Match.")}
_ABSENT: Final = {404: "There is no backend of this id."}
_NOT_KEPT: Final = {503: "It cannot be kept across a restart, so it was not done."}
_STEERED: Final = {**_ABSENT, **_NOT_KEPT, 422: "The backend does not take this."}
_ENTRY: Final = Answer("The backend as it is now.", BackendEntry)
_EVENTS: Final = (
    "Server-sent events. `snapshot` (`{as_of, backends}`) comes first, then `delta` (`{upserts, deletes: [{id}]}`); what no "
    "longer fits the filters is among the deletes. Their ids are `<stream_epoch>.<seq>`; a client that comes back with "
    "`Last-Event-ID`, for the same filters, gets one `delta` of what it missed, or `reset` (`{reason}`) and a `snapshot`. "
    "Changes come at once, counters once a second. `heartbeat`, which has no id, comes when nothing else did for 15 s; "
    "`unchanged` answers `?once=true` of a client that has everything."
)

READS: Final = (
    Endpoint(
        "GET", "/backends", Access.READ, list_backends, "The backends, sorted by id, one page of them",
        {200: Answer("Entries.", BackendEntry, many=True, headers=_PAGED), **_UNCHANGED}, query=BackendsQuery,
    ),
    Endpoint(
        "GET", "/backends/stream", Access.READ, stream_backends, "The backends and their changes, as they happen",
        {200: Answer("Events.", media_type="text/event-stream")}, query=StreamQuery, description=_EVENTS,
        problems={503: "As many streams as may be are open."},
    ),
    Endpoint(
        "GET", _ID, Access.READ, get_backend, "One backend",
        {200: Answer("The entry.", BackendEntry, headers=_TAG), **_UNCHANGED}, problems=_ABSENT,
    ),
    Endpoint(
        "GET", f"{_ID}/explain", Access.READ, explain_backend, "Why a backend would be picked, or not, for each model",
        {200: Answer("Decisions.", ExplainAnswer, headers=_TAG), **_UNCHANGED}, query=ExplainQuery, problems=_ABSENT,
    ),
    Endpoint(
        "GET", "/models", Access.READ, list_models, "The models of all backends together, sorted by id, one page of them",
        {200: Answer("Entries.", ModelEntry, many=True, headers=_PAGED), **_UNCHANGED}, query=ModelsQuery,
    ),
)  # fmt: skip

WRITES: Final = (
    Endpoint(
        "POST", "/backends", Access.ADMIN, add_backend, "Add a backend",
        {201: Answer("It has been added.", BackendEntry, headers={"Location": "where it is"})}, body=NewBackend,
        problems={**_NOT_KEPT, 409: "Its id or its url is taken."},
    ),
    Endpoint(
        "PATCH", _ID, Access.ADMIN, change_backend, "Set weight, priority or intent over what the source says",
        {200: _ENTRY}, body=BackendChanges, problems={**_ABSENT, **_NOT_KEPT},
    ),
    Endpoint(
        "DELETE", _ID, Access.ADMIN, remove_backend, "Remove a backend that was added through this API",
        {204: Answer("It has been removed; requests in flight go on.")},
        problems={**_ABSENT, **_NOT_KEPT, 409: "A file or another source owns it; disable it instead."},
    ),
    Endpoint(
        "POST", f"{_ID}/drain", Access.ADMIN, drain_backend, "Give a backend nothing new, and let it finish what it has",
        {200: Answer("How far that has come.", DrainAnswer)}, query=DrainQuery, problems=_STEERED,
    ),
    Endpoint(
        "POST", f"{_ID}/disable", Access.ADMIN, disable_backend, "Take a backend out of rotation",
        {200: _ENTRY}, problems=_STEERED,
    ),
    Endpoint(
        "POST", f"{_ID}/enable", Access.ADMIN, enable_backend, "Put a backend back into rotation",
        {200: _ENTRY}, problems=_STEERED,
    ),
)  # fmt: skip

PROCESS: Final[tuple[Endpoint[Any], ...]] = (
    Endpoint(
        "GET", "/healthz", Access.OPEN, healthz, "That the process runs and its event loop turns",
        {200: Answer("It does.", HealthAnswer)},
    ),
    Endpoint(
        "GET", "/readyz", Access.OPEN, readyz, "Whether this process should be sent requests",
        {200: Answer("It should.", HealthAnswer)}, problems={503: "It should not; `detail` says why."},
    ),
    Endpoint(
        "GET", "/openapi.json", Access.READ, openapi, "What this API takes and gives",
        {200: Answer("An OpenAPI document.", OpenApiDocument, headers=_TAG), **_UNCHANGED},
    ),
)  # fmt: skip

METRICS: Final[tuple[Endpoint[Any], ...]] = (
    Endpoint(
        "GET", "/metrics", Access.METRICS, metrics, "The metrics, for Prometheus",
        {200: Answer("Text in the exposition format.", media_type="text/plain")},
    ),
)  # fmt: skip

ENDPOINTS: Final[tuple[Endpoint[Node], ...]] = (*READS, *WRITES, *PROCESS, *METRICS)
