"""What a hub is told of a backend: its entry, without secrets and without times, and its load beside it."""

import logging
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Final, Literal, NamedTuple

from backend_registry import Backend, BackendInfo, BackendRecord, BackendStatus, Clock
from backend_registry.protocol import ENTRY_LIMIT, Entry, Load, ModelEntry, ordered
from backend_registry.views import ModelView, is_secret_name, public_text, redacted

__all__ = ("ReportedEntries", "entry_of", "load_of")

logger: Final = logging.getLogger("backend_registry.node")

_TEXT_MOST: Final = 256
_COUNT_MOST: Final = 2**53 - 1
_HEALTH: Final[Mapping[BackendStatus, Literal["healthy", "unhealthy", "unknown"]]] = {
    BackendStatus.HEALTHY: "healthy",
    BackendStatus.UNHEALTHY: "unhealthy",
    BackendStatus.UNKNOWN: "unknown",
}


def entry_of(backend: Backend, *, clock: Clock, generation: int = 0) -> Entry:
    """The entry of a backend as it is now, in the order that digests take.

    Args:
        backend: one that is in a registry.
        clock: the clock of that registry.
        generation: the newest wish about it that has been dealt with.

    Cost: about 100 microseconds.
    """
    while True:
        record = backend.record
        info = BackendInfo.from_backend(backend, clock=clock)
        if backend.record is record:
            return ordered(_entry(record, info, generation))


def _entry(record: BackendRecord, info: BackendInfo, generation: int) -> Entry:
    return Entry(
        id=info.id,
        name=_cut(info.name),
        kind=info.kind.value,
        base_url=info.base_url,
        operations=info.operations,
        features=tuple(map(_cut, info.features)),
        transports=info.transports,
        models=tuple(map(_model, info.models)),
        weight=info.weight,
        priority=info.priority,
        instance_id=None if info.instance_id is None else _cut(info.instance_id),
        discovery_source=info.discovery_source.value,
        metadata=_public_metadata(record),
        status=info.status,
        status_reason=_cut(_timeless(info)),
        health=_HEALTH[info.health],
        intent=info.intent.value,
        ejection=None if info.ejection is None else info.ejection.value,
        generation=generation,
    )


def _model(model: ModelView) -> ModelEntry:
    return ModelEntry(
        id=model.id,
        name=_cut(model.name),
        context_length=model.context_length,
        max_output_tokens=model.max_output_tokens,
        residency=None if model.residency is None else model.residency.value,
        supports_json_mode=model.supports_json_mode,
        supports_tools=model.supports_tools,
        supports_vision=model.supports_vision,
    )


def _public_metadata(record: BackendRecord) -> dict[str, str]:
    return {key: _cut(redacted(value, record.url)) for key, value in record.metadata.items() if not is_secret_name(key)}


def _timeless(info: BackendInfo) -> str:
    """The reason without the seconds that are left of an ejection: each look would find another state."""
    return info.status_reason if info.ejection is None else info.status_reason.partition(", left alone for ")[0]


def _cut(text: str) -> str:
    """A text without secrets, as long as reports may have it. What is left after the cut must not look like one either."""
    most = _TEXT_MOST
    while len(text) > _TEXT_MOST:
        # Blanking out may make it longer again, by less than this.
        most -= 8
        text = public_text(f"{text[:most]}…")
    return text


def load_of(backends: Iterable[Backend]) -> dict[str, Load]:
    """Backend id to requests in flight, average latency in milliseconds, and requests in all. Cost: a microsecond for each."""
    return {backend.id: _load(backend) for backend in backends}


def _load(backend: Backend) -> Load:
    tally = backend.tally
    return backend.pending_requests, (tally.ema_us or 0) // 1000, min(tally.total_requests, _COUNT_MOST)


class _Kept(NamedTuple):
    """An entry, and all that it was made of."""

    record: BackendRecord
    left_alone: bool
    generation: int
    entry: Entry


class ReportedEntries:
    """The entries of all backends, each made once for what it is made of. For one event loop.

    Args:
        clock: the clock of the registry.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock: Final = clock
        self._kept: dict[str, _Kept] = {}
        self._too_many = False

    def of(self, backends: Iterable[Backend], generations: Mapping[str, int]) -> tuple[Entry, ...]:
        """The entries, of the first 2,000 backends by id if there are more.

        Args:
            backends: live ones, in any order.
            generations: backend id to the newest wish that has been dealt with.

        Cost: half a microsecond for each that has not changed since the last look.
        """
        present = list(backends)
        self._say_if_too_many(len(present))
        if len(present) > ENTRY_LIMIT:
            present = sorted(present, key=attrgetter("id"))[:ENTRY_LIMIT]
        now_ns = self._clock.monotonic_ns()
        kept = {backend.id: self._looked_at(backend, generations.get(backend.id, 0), now_ns) for backend in present}
        self._kept = kept
        return tuple(one.entry for one in kept.values())

    def _looked_at(self, backend: Backend, generation: int, now_ns: int) -> _Kept:
        record = backend.record
        # An ejection ends by time, and nobody needs to notice for the record to stay as it is.
        left_alone = record.ejected_until_ns is not None and record.ejected_until_ns > now_ns
        kept = self._kept.get(backend.id)
        if kept is not None and kept.record is record and (kept.left_alone, kept.generation) == (left_alone, generation):
            return kept
        return _Kept(record, left_alone, generation, entry_of(backend, clock=self._clock, generation=generation))

    def _say_if_too_many(self, count: int) -> None:
        too_many = count > ENTRY_LIMIT
        if too_many and not self._too_many:
            logger.warning("a node may report %d backends; those after them by id are not reported", ENTRY_LIMIT)
        self._too_many = too_many
