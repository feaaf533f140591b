"""The parameters of the node API's reads, and which backends they let through.

Filters look at an entry as it is shown, not at what is behind it: a search cannot be used to guess at what is kept in.
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from pydantic import Field

from backend_registry import BackendType, Intent
from backend_registry._web import Commas, Name, Names, Offset, PageQuery, Query, Truth

__all__ = ("BackendFilter", "BackendsQuery", "DrainQuery", "ExplainQuery", "Facets", "ModelsQuery", "StreamQuery", "facets_of")

EXPLAINED_MOST: Final = 32


class _FilterQuery(Query):
    kind: Annotated[tuple[BackendType, ...], Field(max_length=64), Commas] = Field(
        default=(), description="backend types; any of them"
    )
    operation: Names = Field(default=(), description="operations; any of them; a backend that lists none offers all")
    transport: Names = Field(default=(), description="transports; any of them")
    model: Annotated[tuple[Name, ...], Field(max_length=64)] = Field(
        default=(), description="ids of models; any of them; not split at commas"
    )
    status: Annotated[tuple[Literal["available", "unavailable"], ...], Field(max_length=2), Commas] = Field(
        default=(), description="whether it may be picked"
    )
    health: Annotated[tuple[Literal["healthy", "unhealthy", "unknown"], ...], Field(max_length=3), Commas] = Field(
        default=(), description="what checks have found; any of them"
    )
    intent: Annotated[tuple[Intent, ...], Field(max_length=3), Commas] = Field(
        default=(), description="what operators want; any of them"
    )
    q: Annotated[str, Field(max_length=256)] = Field(default="", description="text in id, name, address or a model's id")

    @property
    def filter(self) -> "BackendFilter":
        """The part of it that says which backends."""
        return BackendFilter(
            kinds=frozenset(map(str, self.kind)),
            operations=frozenset(self.operation),
            transports=frozenset(self.transport),
            models=frozenset(self.model),
            statuses=frozenset(self.status),
            healths=frozenset(self.health),
            intents=frozenset(map(str, self.intent)),
            text=self.q.strip().casefold(),
        )


class BackendsQuery(_FilterQuery, PageQuery):
    """Parameters of the list of backends."""


class StreamQuery(_FilterQuery):
    """Parameters of the stream of backends."""

    once: Truth = Field(default=False, description="end after what there is now")
    since: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="id of the last event that the client has; the header Last-Event-ID goes before it"
    )


class ModelsQuery(PageQuery):
    """Parameters of the list of models."""

    q: Annotated[str, Field(max_length=256)] = Field(default="", description="text in the model's id")


class ExplainQuery(Query):
    """Parameters of an explanation: what a request would demand."""

    model: Annotated[tuple[Name, ...], Field(max_length=EXPLAINED_MOST)] = Field(
        default=(), description="ids of models; those that the backend serves when left out, 32 at most"
    )
    require: Annotated[tuple[Literal["vision", "tools", "json_mode"], ...], Field(max_length=3), Commas] = Field(
        default=(), description="what the model must be capable of; all of them"
    )
    min_context: Offset = Field(default=0, description="tokens that the model's context must hold")
    operation: Name | None = Field(default=None, description="an operation that the backend must offer")


class DrainQuery(Query):
    """Parameters of a drain."""

    wait_s: Annotated[float, Field(ge=0, le=300, allow_inf_nan=False)] = Field(
        default=0.0, description="seconds to wait at most until nothing is in flight"
    )


class _ModelId(msgspec.Struct, gc=False):
    id: str


class Facets(msgspec.Struct, gc=False):
    """The part of an entry that filters look at."""

    id: str
    name: str
    kind: str
    base_url: str
    status: str
    health: str
    intent: str
    operations: list[str]
    transports: list[str]
    models: list[_ModelId]


facets_of: Final = msgspec.json.Decoder(Facets).decode
"""The facets in the JSON of an entry. Cost: a microsecond or two."""


@dataclass(frozen=True, slots=True)
class BackendFilter:
    """Which backends are wanted; an empty set wants all. Hashable, so that readers of the same filter share their events."""

    kinds: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()
    transports: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    healths: frozenset[str] = frozenset()
    intents: frozenset[str] = frozenset()
    text: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether it wants everything."""
        return self == _EVERYTHING

    def matches(self, facets: Facets) -> bool:
        """Whether this one is wanted."""
        alike = (
            (self.kinds, facets.kind),
            (self.statuses, facets.status),
            (self.healths, facets.health),
            (self.intents, facets.intent),
        )
        return (
            all(value in wanted for wanted, value in alike if wanted)
            and not (self.operations and facets.operations and self.operations.isdisjoint(facets.operations))
            and not (self.transports and self.transports.isdisjoint(facets.transports))
            and not (self.models and self.models.isdisjoint(model.id for model in facets.models))
            and (not self.text or self._found_in(facets))
        )

    def _found_in(self, facets: Facets) -> bool:
        places = (facets.id, facets.name, facets.base_url, *(model.id for model in facets.models))
        return any(self.text in place.casefold() for place in places)


_EVERYTHING: Final = BackendFilter()
