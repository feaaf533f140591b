"""What changed, in order: the commits of a registry, and the bounded journal that watchers read.

The journal is a ring indexed by revision. A reader takes one element and looks at its revision: the one it wanted, or a newer
one that has overwritten it, in which case it is told to resynchronise. No lock, no iteration over something that moves.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from backend_registry._core.record import BackendRecord

__all__ = ("Change", "Entry", "Journal", "Resync", "Snapshot")


class Entry(NamedTuple):
    """One backend in a change; `before` is None when it was added, `after` when it was removed."""

    kind: Literal["added", "updated", "removed"]
    id: str
    before: BackendRecord | None
    after: BackendRecord | None


class Change(NamedTuple):
    """One commit: everything that one call changed, under one revision; `time_ns` is wall-clock time for display."""

    revision: int
    time_ns: int
    entries: tuple[Entry, ...]


class Snapshot(NamedTuple):
    """A registry at one revision. Immutable; counters are not part of it, since they change without a revision.

    Attributes:
        epoch: names this registry in this process; a restart or a fork has another.
        revision: number of commits so far in this epoch.
        backends: one record per backend, in the order in which they were added.
        models: model id to the ids of the backends that serve it.
    """

    epoch: str
    revision: int
    backends: tuple[BackendRecord, ...]
    models: Mapping[str, tuple[str, ...]]

    def __reduce__(self) -> tuple[Any, ...]:
        # A read-only view of a dict cannot be pickled; what it shows can.
        return _revived, (self.epoch, self.revision, self.backends, dict(self.models))


def _revived(epoch: str, revision: int, backends: tuple[BackendRecord, ...], models: dict[str, tuple[str, ...]]) -> Snapshot:
    return Snapshot(epoch, revision, backends, MappingProxyType(models))


class Resync(NamedTuple):
    """Told to a watcher that has missed changes: start again from `snapshot`; changes after it follow."""

    snapshot: Snapshot


class Journal:
    """The last `size` changes. Written under the topology lock, read by anyone."""

    __slots__ = ("_ring",)

    def __init__(self, size: int) -> None:
        self._ring: Final[list[Change | None]] = [None] * size

    def append(self, change: Change) -> None:
        """Store a change in place of the one `size` revisions older."""
        self._ring[change.revision % len(self._ring)] = change

    def get(self, revision: int) -> Change | None:
        """The change of that revision, or None if it is overwritten or still to come."""
        change = self._ring[revision % len(self._ring)]
        return change if change is not None and change.revision == revision else None
