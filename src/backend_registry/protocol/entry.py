"""`Entry`: one backend as its node reports it, and the one spelling of it that both sides digest.

An entry has two planes, what a backend is and how it stands. Load is a third one, which is in no entry: it changes with every
request, and may be lost.
"""

from itertools import pairwise
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

__all__ = ("ENTRY_LIMIT", "Entry", "ModelEntry", "canonical", "ordered")

ENTRY_LIMIT: Final = 2_000
"""Backends of one node, at most."""

_ID: Final = 256
_COUNT: Final = 2**53 - 1
"""What every JSON reader holds exactly."""

Id = Annotated[str, Meta(min_length=1, max_length=_ID)]
Word = Annotated[str, Meta(min_length=1, max_length=_ID)]
Text = Annotated[str, Meta(max_length=_ID)]
Count = Annotated[int, Meta(ge=0, le=_COUNT)]
Words = Annotated[tuple[Word, ...], Meta(max_length=64)]


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One model of a backend."""

    id: Id
    name: Text = ""
    context_length: Count = 0
    max_output_tokens: Count | None = None
    residency: Word | None = None
    """Where the backend has it, such as `loaded`; None if that is not known."""
    supports_json_mode: bool = False
    supports_tools: bool = False
    supports_vision: bool = False


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One backend of one node.

    Times are in no field, or each look at a backend would be another state of it.
    """

    id: Id
    """What the node calls it; no two entries of a node have the same."""
    name: Word
    """With `kind`, what the cluster calls it."""
    kind: Word
    base_url: Annotated[str, Meta(max_length=2048)] = ""
    operations: Words = ()
    features: Words = ()
    transports: Words = ()
    models: Annotated[tuple[ModelEntry, ...], Meta(max_length=1024)] = ()
    weight: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 1
    priority: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)] = 0
    instance_id: Text | None = None
    discovery_source: Word = "static"
    metadata: Annotated[dict[Word, Text], Meta(max_length=64)] = {}
    status: Literal["available", "unavailable"] = "unavailable"
    status_reason: Text = ""
    health: Literal["healthy", "unhealthy", "unknown"] = "unknown"
    intent: Literal["enabled", "draining", "disabled"] = "enabled"
    ejection: Word | None = None
    """Why the node leaves it alone for a while; None if it does not."""
    generation: Count = 0
    """The newest wish of an operator at the hub that the node has dealt with; 0 if there was none."""


_encoder: Final = msgspec.json.Encoder(order="sorted")


def canonical(entry: Entry) -> bytes:
    """The one spelling of an entry that `ordered` has put in order: JSON in UTF-8, every field present, keys sorted, no space.

    >>> canonical(Entry(id="a", name="a", kind="vllm"))[:62]
    b'{"base_url":"","discovery_source":"static","ejection":null,"fe'
    """
    return _encoder.encode(entry)


def ordered(entry: Entry) -> Entry:
    """The entry with what is a set sorted and without repetitions, and its models sorted by id; itself if it is so already.

    Raises:
        ValueError: two models have the same id.
    """
    models = tuple(sorted(entry.models, key=_model_id)) if len(entry.models) > 1 else entry.models
    for before, after in pairwise(models):
        if before.id == after.id:
            raise ValueError("two models have the same id")
    operations, features, transports = map(_as_set, (entry.operations, entry.features, entry.transports))
    if (operations, features, transports, models) == (entry.operations, entry.features, entry.transports, entry.models):
        return entry
    return msgspec.structs.replace(entry, operations=operations, features=features, transports=transports, models=models)


def _as_set(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(words))) if len(words) > 1 else words


def _model_id(model: ModelEntry) -> str:
    return model.id
