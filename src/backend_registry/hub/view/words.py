"""`Words`: what the entries of a row say of themselves, together. Rows that say the same have the same object."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from backend_registry.protocol import Entry, ModelEntry

__all__ = ("Words", "describes_alike", "words_of")

Set = tuple[str, ...]
"""Sorted, each word once."""


class Words(NamedTuple):
    """The words of some entries.

    Attributes:
        operations: of all of them together; likewise `features`, `transports`, and `models`, which are ids.
        offers_all: whether one of them lists no operations, which means all.
        alike: whether each of them says all of this.
    """

    operations: Set = ()
    features: Set = ()
    transports: Set = ()
    models: Set = ()
    offers_all: bool = False
    alike: bool = True


def words_of(entries: Sequence[Entry]) -> Words:
    """What these entries say together. Cost: half a microsecond for one, and as much for each further one."""
    if len(entries) == 1:
        (entry,) = entries
        words = Words(entry.operations, entry.features, entry.transports, _ids(entry.models), not entry.operations)
        return _shared(words)
    operations = {entry.operations for entry in entries}
    features = {entry.features for entry in entries}
    transports = {entry.transports for entry in entries}
    # By identity first: most have the very same models, and it takes long to hash them.
    models = set(map(_ids, {id(entry.models): entry.models for entry in entries}.values()))
    alike = all(len(different) <= 1 for different in (operations, features, transports, models))
    union = Words(_union(operations), _union(features), _union(transports), _union(models), () in operations, alike)
    return _shared(union)


def describes_alike(one: Entry, other: Entry) -> bool:
    """Whether two entries say the same of themselves."""
    return (
        one.operations == other.operations
        and one.transports == other.transports
        and one.features == other.features
        and one.models == other.models
    )


@lru_cache(4096)
def _shared(words: Words) -> Words:
    """One and the same object for all that are equal."""
    return words


@lru_cache(4096)
def _ids(models: tuple[ModelEntry, ...]) -> Set:
    return tuple(model.id for model in models)


def _union(different: set[Set]) -> Set:
    return next(iter(different)) if len(different) == 1 else tuple(sorted({word for one in different for word in one}))
