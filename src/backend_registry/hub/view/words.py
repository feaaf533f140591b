"""`Words`: what the entries of a row say of themselves, together. Rows that say the same have the same object."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from backend_registry.protocol import Entry, ModelEntry
from backend_registry.views import is_secret_name, public_text

__all__ = ("TAG_LENGTH_MOST", "Words", "describes_alike", "with_words", "words_of")

TAG_LENGTH_MOST: Final = 128
"""Characters of a tag; metadata that would make a longer one make none."""
TAGS_MOST: Final = 64
VALUES_MOST: Final = 16
"""Values that one key may have in a row; of a key with more there is one tag, `key=*`."""
_ANYTHING: Final = "*"

Set = tuple[str, ...]
"""Sorted, each word once."""
Numbers = tuple[int, ...]
"""Sorted, each number once."""


class Words(NamedTuple):
    """The words of some entries.

    Attributes:
        operations: of all of them together; likewise `features`, `transports`, and `models`, which are ids.
        tags: `key=value` of their metadata, as much of it as is public and short, 64 at most.
        weights: of all of them; likewise `priorities`.
        offers_all: whether one of them lists no operations, which means all.
        alike: whether each of them says all of this.
    """

    operations: Set = ()
    features: Set = ()
    transports: Set = ()
    models: Set = ()
    tags: Set = ()
    weights: Numbers = ()
    priorities: Numbers = ()
    offers_all: bool = False
    alike: bool = True


def words_of(entries: Sequence[Entry]) -> Words:
    """What these entries say together. Cost: a microsecond for one, and half of one for each further one."""
    if len(entries) == 1:
        return _words_of_one(entries[0])
    operations = {entry.operations for entry in entries}
    features = {entry.features for entry in entries}
    transports = {entry.transports for entry in entries}
    # By identity first: most have the very same models and metadata, and it takes long to hash them.
    models = set(map(_ids, {id(entry.models): entry.models for entry in entries}.values()))
    tags = {_tags(tuple(one.items())) for one in {id(entry.metadata): entry.metadata for entry in entries}.values()}
    weights = {entry.weight for entry in entries}
    priorities = {entry.priority for entry in entries}
    different = (operations, features, transports, models, tags, weights, priorities)
    return _shared(
        Words(
            _union(operations),
            _union(features),
            _union(transports),
            _union(models),
            _union_of_tags(tags),
            tuple(sorted(weights)),
            tuple(sorted(priorities)),
            () in operations,
            all(len(some) <= 1 for some in different),
        )
    )


def with_words(words: Words, entry: Entry) -> Words | None:
    """What an entry and some others, at least one, say together; None if that takes a look at all of them.

    Args:
        words: what the others say.
        entry: one more.

    Cost: two microseconds, however many the others are.
    """
    one = _words_of_one(entry)
    if one == words:
        return words
    # What was left out for want of room is not in the words, but may have room by now.
    return _together(words, one) if len(words.tags) < TAGS_MOST else None


def describes_alike(one: Entry, other: Entry) -> bool:
    """Whether two entries say the same of themselves."""
    return (
        one.operations == other.operations
        and one.transports == other.transports
        and one.features == other.features
        and one.models == other.models
        and one.weight == other.weight
        and one.priority == other.priority
        and (one.metadata is other.metadata or one.metadata == other.metadata)
    )


def _words_of_one(entry: Entry) -> Words:
    return _shared(
        Words(
            entry.operations,
            entry.features,
            entry.transports,
            _ids(entry.models),
            _tags(tuple(entry.metadata.items())) if entry.metadata else (),
            (entry.weight,),
            (entry.priority,),
            not entry.operations,
        )
    )


@lru_cache(4096)
def _shared(words: Words) -> Words:
    """One and the same object for all that are equal."""
    return words


@lru_cache(4096)
def _together(some: Words, others: Words) -> Words:
    return _shared(
        Words(
            _union({some.operations, others.operations}),
            _union({some.features, others.features}),
            _union({some.transports, others.transports}),
            _union({some.models, others.models}),
            _union_of_tags({some.tags, others.tags}),
            tuple(sorted({*some.weights, *others.weights})),
            tuple(sorted({*some.priorities, *others.priorities})),
            some.offers_all or others.offers_all,
            alike=False,
        )
    )


@lru_cache(4096)
def _ids(models: tuple[ModelEntry, ...]) -> Set:
    return tuple(model.id for model in models)


def _union(different: set[Set]) -> Set:
    return next(iter(different)) if len(different) == 1 else tuple(sorted({word for one in different for word in one}))


# --- tags --------------------------------------------------------------------------------------------------------------


@lru_cache(4096)
def _tags(metadata: tuple[tuple[str, str], ...]) -> Set:
    """The tags of one entry."""
    public = (f"{key}={public_text(value)}" for key, value in metadata if not is_secret_name(key))
    return tuple(sorted(tag for tag in public if len(tag) <= TAG_LENGTH_MOST))


def _union_of_tags(different: set[Set]) -> Set:
    if len(different) == 1:
        return next(iter(different))
    kept: set[str] = set()
    for key, tags in groupby(_union(different), _key):
        values = list(tags)
        wide = len(values) > VALUES_MOST or f"{key}={_ANYTHING}" in values
        kept.update([f"{key}={_ANYTHING}"] if wide else values)
    return tuple(sorted(kept)[:TAGS_MOST])


def _key(tag: str) -> str:
    return tag.partition("=")[0]
