"""The routes that read the cluster's backends."""

from typing import Final

from backend_registry._web import Access, Answer, Endpoint
from backend_registry.hub.api.cluster import get_cluster_backend, list_cluster_backends
from backend_registry.hub.api.cluster_queries import ClusterQuery, ExportQuery, StreamQuery
from backend_registry.hub.api.cluster_schemas import ClusterBackend, ClusterBackends
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.exports import export_cluster_backends
from backend_registry.hub.api.facts import FACT_HEADERS
from backend_registry.hub.api.stream import stream_cluster_backends

__all__ = ("CLUSTER",)

_LIST: Final = "/admin/api/backends"
_TAG: Final = {"ETag": "stands for this very answer; send it back as If-None-Match", **FACT_HEADERS}
_PAGED: Final = {
    "X-Total-Count": "how many there are in all; not with `shape=columns`",
    "Link": 'where the next page is, as rel="next"',
    **_TAG,
}
_UNCHANGED: Final = {304: Answer("The client has this answer: it sent its ETag as If-None-Match.", headers=FACT_HEADERS)}
_COLUMNS: Final = (
    "With `shape=columns` the answer is one object, `ClusterColumns`: all backends that the filters want as one array for each "
    "field, without their nodes, and how many backends there are for each value of each filter. What many backends share is a "
    "number, a place in `values`. Open the stream with `stream_id` as `since` to go on from there. It is compressed for "
    "clients that take gzip."
)
_EVENTS: Final = (
    "Server-sent events. `snapshot` (`{as_of, complete, protected, degraded, backends}`) comes first, then `delta` "
    "(`{upserts, deletes: [{kind, name}]}`); what no longer fits the filters is among the deletes. Their ids are "
    "`<stream_epoch>.<seq>`; a client that comes back with `Last-Event-ID`, for the same filters, gets one `delta` of what it "
    "missed, or `reset` (`{reason}`) and a `snapshot`. Changes come within 50 ms of the report that brought them, load once a "
    "second; where backends on very many nodes change all the time, more of their changes come as one. `facts` (`{complete, "
    "protected, degraded}`), which has no id, comes when these are others than the client knows. `heartbeat`, which has no id "
    "either, comes when nothing else did for 15 s; `unchanged` answers `?once=true` of a client that has everything. With "
    "`lean=true` entries have no `nodes`, and what is another thing in `nodes` alone is not told. Such a stream goes on from "
    "columns, with their `stream_id` as `since`, and has no `snapshot`: where one would be due, `reset` (with the reason "
    "`no_id` if no place was given) is the last event, and the client fetches the columns again."
)
_EXPORT: Final = (
    "JSON and NDJSON hold the entries of the list. CSV has one line for each backend, without its nodes; a text that a "
    "spreadsheet would take for a formula begins with an apostrophe. Times are ISO 8601 in UTC."
)

CLUSTER: Final[tuple[Endpoint[HubContext], ...]] = (
    Endpoint(
        "GET", _LIST, Access.READ, list_cluster_backends, "The backends of all nodes, by kind and name, one page of them",
        {200: Answer("Entries.", ClusterBackends, headers=_PAGED), **_UNCHANGED}, query=ClusterQuery, description=_COLUMNS,
    ),
    Endpoint(
        "GET", f"{_LIST}/stream", Access.READ, stream_cluster_backends, "The backends of all nodes and their changes",
        {200: Answer("Events.", media_type="text/event-stream")}, query=StreamQuery, description=_EVENTS,
        problems={503: "As many streams as may be are open."},
    ),
    Endpoint(
        "GET", f"{_LIST}/export", Access.READ, export_cluster_backends, "The backends of all nodes as a file",
        {200: Answer("The file, in the format that was asked for.", media_type="*/*", headers=FACT_HEADERS)},
        query=ExportQuery, description=_EXPORT,
    ),
    Endpoint(
        "GET", f"{_LIST}/{{kind}}/{{name}}", Access.READ, get_cluster_backend, "One backend over all nodes that have it",
        {200: Answer("The entry.", ClusterBackend, headers=_TAG), **_UNCHANGED}, problems={404: "No node has it."},
    ),
)  # fmt: skip
