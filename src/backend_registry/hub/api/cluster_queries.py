"""The parameters of the reads of the cluster."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from backend_registry._web import Commas, Name, Names, PageQuery, Query, Truth
from backend_registry.hub.view import TAG_LENGTH_MOST, ClusterFilter, Sort, key_prefix

__all__ = ("ClusterQuery", "ExportQuery", "FilterQuery", "StreamQuery")

WORDS_MOST: Final = 16


def _words(text: str) -> str:
    if len(text.split()) > WORDS_MOST:
        raise PydanticCustomError("words", "has too many words; leave some out")
    return text


Status = Literal["available", "degraded", "unavailable"]
Intent = Literal["enabled", "draining", "disabled"]
Tag = Annotated[str, Field(min_length=1, max_length=TAG_LENGTH_MOST)]


class FilterQuery(Query):
    """Which entries of the cluster."""

    kind: Names = Field(default=(), description="kinds of backend; any of them")
    operation: Names = Field(default=(), description="operations; any of them; a backend that lists none offers all")
    transport: Names = Field(default=(), description="transports; any of them")
    model: Annotated[tuple[Name, ...], Field(max_length=64)] = Field(
        default=(), description="ids of models; any of them; not split at commas"
    )
    status: Annotated[tuple[Status, ...], Field(max_length=3), Commas] = Field(
        default=(),
        description="any of them; `available` is on at least one node, `degraded` that and not on all, `unavailable` on none",
    )
    node: Names = Field(default=(), description="ids of nodes; on any of them; the other nodes are shown as well")
    tag: Annotated[tuple[Tag, ...], Field(max_length=64)] = Field(
        default=(), description="`key=value`, or a key alone for whatever value; any of them; not split at commas"
    )
    intent: Annotated[tuple[Intent, ...], Field(max_length=3), Commas] = Field(
        default=(), description="what operators want of it on at least one node; any of them"
    )
    q: Annotated[str, Field(max_length=256), AfterValidator(_words)] = Field(
        default="", description="words, each of which is part of the name, the kind or a model's id"
    )

    @property
    def filter(self) -> ClusterFilter:
        """The same for the view."""
        return ClusterFilter(
            kinds=frozenset(self.kind),
            operations=frozenset(self.operation),
            transports=frozenset(self.transport),
            models=frozenset(self.model),
            nodes=frozenset(self.node),
            tags=frozenset(self.tag),
            intents=frozenset(self.intent),
            statuses=frozenset(self.status),
            words=tuple(sorted(set(self.q.casefold().split()))),
        )


class _OrderQuery(FilterQuery):
    sort: Sort = Field(
        default="name",
        description="`status` has the worst first; with a minus the largest, or best, come first; equals by name and kind",
    )


# In this order of bases the sort is known when the cursor is looked at.
class ClusterQuery(PageQuery, _OrderQuery):
    """Parameters of the list of the cluster's backends."""

    shape: Literal["rows", "columns"] = Field(
        default="rows", description="`columns` are all entries as arrays, without their nodes and without pages"
    )

    @field_validator("cursor")
    @classmethod
    def _goes_on(cls, cursor: str | None, info: ValidationInfo) -> str | None:
        if cursor is not None and not cursor.startswith(key_prefix(info.data.get("sort", "name"))):
            raise PydanticCustomError("cursor", "is of another order; give the sort that it was made with")
        return cursor

    @field_validator("shape")
    @classmethod
    def _has_pages(cls, shape: str, info: ValidationInfo) -> str:
        paged = any(info.data.get(name, field.default) != field.default for name, field in _PAGING.items())
        if shape == "columns" and paged:
            raise PydanticCustomError(
                "shape", "columns have neither pages nor an order; leave out limit, offset, cursor and sort"
            )
        return shape


_PAGING: Final = {name: ClusterQuery.model_fields[name] for name in ("sort", "limit", "offset", "cursor")}


class StreamQuery(FilterQuery):
    """Parameters of the stream of the cluster's backends."""

    once: Truth = Field(default=False, description="end after what there is now")
    since: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="id of the last event that the client has; the header Last-Event-ID goes before it"
    )
    lean: Truth = Field(default=False, description="entries without `nodes`, and never a snapshot; give `since`")


class ExportQuery(FilterQuery):
    """Parameters of an export."""

    format: Literal["csv", "json", "ndjson"] = Field(default="json", description="what kind of file")
