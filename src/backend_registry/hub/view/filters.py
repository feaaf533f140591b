"""`ClusterFilter`: which entries of the cluster somebody wants."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from backend_registry.hub.view.row import Facets

__all__ = ("ClusterFilter", "has_tag")


@dataclass(frozen=True, slots=True)
class ClusterFilter:
    """Which entries are wanted; an empty set wants all. Hashable, so that readers of the same filter share their events.

    Attributes:
        kinds: any of them.
        operations: any of them; an entry of which a backend lists none offers all.
        transports: any of them.
        models: ids; any of them.
        nodes: ids; on any of them. The other nodes of an entry are shown as well.
        tags: `key=value`, or a key alone, which may have any value; any of them.
        intents: any of them, on at least one node.
        statuses: `available` is on at least one node, `degraded` is that and not on all, `unavailable` is on none.
        words: case-folded; each stands in the name, the kind or a model's id.
    """

    kinds: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()
    transports: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    nodes: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    intents: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it wants everything."""
        return self == _EVERYTHING

    def matches(self, facets: Facets) -> bool:
        """Whether this one is wanted."""
        words = facets.words
        return (
            not (self.kinds and facets.kind not in self.kinds)
            and not (self.statuses and self.statuses.isdisjoint(facets.statuses))
            and not (self.transports and self.transports.isdisjoint(words.transports))
            and not (self.models and self.models.isdisjoint(words.models))
            and not (self.operations and not words.offers_all and self.operations.isdisjoint(words.operations))
            and not (self.nodes and self.nodes.isdisjoint(node.node_id for node in facets.nodes))
            and not (self.intents and self.intents.isdisjoint(facets.intents))
            and not (self.tags and not has_tag(words.tags, self.tags))
            and all(_is_found(word, facets) for word in self.words)
        )


def has_tag(tags: Iterable[str], wanted: AbstractSet[str]) -> bool:
    """Whether one of these tags, each `key=value`, is wanted, as it is or for its key."""
    return any(tag in wanted or tag.partition("=")[0] in wanted for tag in tags)


def _is_found(word: str, facets: Facets) -> bool:
    places = (facets.name, facets.kind.casefold(), *(model.casefold() for model in facets.words.models))
    return any(word in place for place in places)


_EVERYTHING: Final = ClusterFilter()
