"""The parameters of the hub's lists of nodes, models and events."""

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from backend_registry._web import Commas, Limit, Names, PageQuery, Query
from backend_registry.hub.api.node_schemas import Shown
from backend_registry.hub.events import EventKind
from backend_registry.hub.view import Key

__all__ = ("BackendText", "ClusterModelsQuery", "EventsQuery", "HistoryQuery", "NodeBackendsQuery", "NodesQuery", "key_of")

_DIGITS_MOST: Final = 16


def _seq(value: object) -> object:
    if isinstance(value, str) and len(value) <= _DIGITS_MOST and value.isascii() and value.isdecimal():
        return int(value)
    raise PydanticCustomError("seq", "must be the number of an event, in digits")


Seq = Annotated[int, BeforeValidator(_seq)]
Text = Annotated[str, Field(max_length=256)]


BackendText = Annotated[str, Field(min_length=3, max_length=600, pattern="^[^/]+/.+$")]


def key_of(backend: str) -> Key:
    """The kind and the name that a `BackendText` stands for."""
    kind, _, name = backend.partition("/")
    return kind, name


class NodesQuery(PageQuery):
    """Parameters of the list of nodes."""

    standing: Annotated[tuple[Shown, ...], Field(max_length=6), Commas] = Field(
        default=(), description="how they stand; any of them. Deleted and forgotten nodes are listed only if they are asked for"
    )
    q: Text = Field(default="", description="text in the node's id or url")
    sort: Literal["node_id", "standing", "silence", "unavailable"] = Field(
        default="node_id",
        description="by id; worst standing first; longest silence first; or most unavailable backends first",
    )


class NodeBackendsQuery(PageQuery):
    """Parameters of the list of one node's backends."""

    source: Literal["stored", "node", "diff"] = Field(
        default="stored",
        description="`stored`: as the node has reported them; `node`: as it says now, if it may be asked; `diff`: both, "
        "and what differs",
    )


class ClusterModelsQuery(PageQuery):
    """Parameters of the list of models."""

    kind: Names = Field(default=(), description="kinds of backends that serve them; any of them")
    q: Text = Field(default="", description="text in the model's id")


class HistoryQuery(Query):
    """Parameters of the history."""

    backend: Annotated[tuple[BackendText, ...], Field(max_length=100)] = Field(
        default=(),
        description="kinds and names of backends of the cluster, with a slash between them; not split at commas. "
        "Left out for all together",
    )


class EventsQuery(Query):
    """Parameters of the log of events."""

    limit: Limit = Field(default=200, description="events in the answer at most")
    before: Seq | None = Field(default=None, description="only events with a smaller `seq`, as in the `Link` of an answer")
    since_seq: Seq | None = Field(default=None, description="only events with a greater `seq`")
    kind: Annotated[tuple[EventKind, ...], Field(max_length=64), Commas] = Field(
        default=(), description="what happened; any of them"
    )
    node: Names = Field(default=(), description="ids of nodes; any of them")
    backend: BackendText | None = Field(
        default=None,
        description="kind and name of a backend of the cluster, with a slash between them; what became of the nodes that have "
        "it now is among its events",
    )
    actor: Names = Field(default=(), description="who did it; any of them")
