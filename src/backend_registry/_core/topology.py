"""The heart of the registry: which backends there are, and the one way in which that changes.

A write is data. A verb decides under the topology lock what each backend's record shall become, as `Edit`s, and hands them to
`_commit`. Nothing fallible is left then: marking entries dirty, storing in dicts, counting the revision. Every step of a commit
is idempotent and the commit is noted down before its first step, so one that an exception from a signal handler cut short is
completed by the next writer, or by the next reader that finds a dirty entry.

Order of publication: (1) mark dirty every entry that will change, (2) records, (3) `_by_id`, (4) index, (5) journal and
revision. A reader that looks up an id sees step 3 as the instant of the write. A reader that asks for a model either has the
tuple from before (1), or finds the mark and waits for the lock. So no reader sees an index entry without its backend.

Lock order: topology, then a backend's counters; never the reverse. No callback, logging, waking or I/O happens under either:
a verb returns from the lock with what remains to be done, and does it after.
"""

import contextlib
import itertools
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from backend_registry._core.backend import Backend
from backend_registry._core.changes import Change, Entry, Journal, Snapshot
from backend_registry._core.clock import Clock
from backend_registry._core.demand import NO_DEMAND, Demand
from backend_registry._core.ejection import EjectionPolicy
from backend_registry._core.filed import Filed
from backend_registry._core.forking import guard
from backend_registry._core.health import BackendStatus, HealthPolicy
from backend_registry._core.index import ModelEntry, ModelIndex, Published
from backend_registry._core.latency import ENDED
from backend_registry._core.limits import check_count, check_text, shown
from backend_registry._core.lock import WriterLock
from backend_registry._core.noted import Edit, View, as_noted, models_of, published_of
from backend_registry._core.reasons import standing
from backend_registry._core.record import BackendRecord
from backend_registry._core.waiting import Lines
from backend_registry.errors import BackendOwnershipError, InvalidValueError

if TYPE_CHECKING:
    from backend_registry._core.lease import Ticket

__all__ = ("Edit", "Topology")


_Value = TypeVar("_Value")


class Cell(Generic[_Value]):
    """One published value: `fresh` is what readers take, None after a write; `make` makes it anew."""

    __slots__ = ("fresh", "make", "scan")

    def __init__(self, make: Callable[[], _Value], scan: Callable[[], _Value]) -> None:
        self.fresh: _Value | None = None
        self.make = make
        # For readers inside a write of their own thread.
        self.scan = scan


class Topology:
    """The set of backends, its index, its history, and who waits for it. Base of `Registry`."""

    def __init__(  # noqa: PLR0913 -- one argument per thing that a registry is told once; all by name
        self,
        *,
        clock: Clock = time,
        rng: random.Random | None = None,
        journal_size: int = 1024,
        health_policy: HealthPolicy | None = None,
        select_unknown: bool = True,
        ejection_policy: EjectionPolicy | None = None,
    ) -> None:
        if ejection_policy is not None and not isinstance(ejection_policy, EjectionPolicy):
            raise InvalidValueError("ejection_policy", f"is a {type(ejection_policy).__name__}", "pass an EjectionPolicy")
        if health_policy is not None and not isinstance(health_policy, HealthPolicy):
            raise InvalidValueError("health_policy", f"is a {type(health_policy).__name__}", "pass a HealthPolicy")
        check_count("journal_size", journal_size, least=1, most=2**20)
        _check_sources(clock, rng, select_unknown)
        self.clock: Final = clock
        self.rng: Final = random.Random() if rng is None else rng
        self.health_policy: Final = health_policy or HealthPolicy()
        self.select_unknown: Final = select_unknown
        self.ejection_policy: Final = ejection_policy
        self._now_ns: Final = clock.monotonic_ns
        self._draw: Final = self.rng.getrandbits
        self._rotation: Final = itertools.count(self._draw(16))
        self._by_id: dict[str, Backend] = {}
        self._index = ModelIndex()
        self._entry_of = self._index.get
        self._filed = Filed()
        self._next_due_ns: int | None = None
        self._revision = 0
        self._journal = Journal(journal_size)
        self._unfinished: tuple[Change, Sequence[Edit]] | None = None
        # One byte per leaked lease: appending is atomic on every build, `+= 1` is not, and a reader may not take a lock.
        self._leaks = bytearray()
        self._start_epoch()
        self._all = Cell(lambda: tuple(self._by_id.values()), self._scan_all)
        self._all_healthy = Cell(lambda: tuple(self._filed.healthy), self._scan_healthy)
        self._model_total = Cell(lambda: len(self._index), lambda: len(models_of(self._as_noted())))
        self._snapshots = Cell(self._take_snapshot, self._scan_snapshot)
        guard(self)

    def _start_epoch(self) -> None:
        """New identity, working locks and nobody waiting: at birth, and in a forked child."""
        self._epoch = os.urandom(8).hex()
        self._lock = WriterLock()
        self._lines = Lines()
        self._waiting = self._lines.topics
        self._abandoned: list[Ticket] = []
        self._note_abandoned = self._abandoned.append

    def _before_fork(self) -> None:
        """Stop writers; called by the at-fork hook."""
        self._lock.acquire()

    def _after_fork_in_parent(self) -> None:
        """Let writers go on; called by the at-fork hook."""
        self._lock.release()

    def _after_fork_in_child(self) -> None:
        """Start a new epoch with no request in flight; called by the at-fork hook."""
        self._start_epoch()
        self._snapshots.fresh = None
        for backend in self._by_id.values():
            backend._start_counting()

    def __repr__(self) -> str:
        """Sizes and revision."""
        return f"<Registry {len(self)} backends, revision {self._revision}, epoch {self._epoch}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Refuses: locks, leases and watchers cannot leave the process."""
        message = "a Registry cannot be pickled or copied; send registry.snapshot() or views.RegistryView instead"
        raise TypeError(message)

    # --- reading -------------------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> str:
        """Sixteen hex digits that name this registry in this process; a forked child has its own."""
        return self._epoch

    @property
    def revision(self) -> int:
        """Number of commits that are complete; a write that changes nothing makes none."""
        return self._revision

    @property
    def leaked_leases(self) -> int:
        """Leases that were forgotten and taken back from the garbage collector: bugs in the calling router."""
        self._reclaim_abandoned()
        return len(self._leaks)

    def __len__(self) -> int:
        """Number of backends."""
        return len(self._by_id)

    def __contains__(self, backend_id: object) -> bool:
        """Whether a backend of this id is registered."""
        return backend_id in self._by_id

    def __iter__(self) -> Iterator[Backend]:
        """The backends of one instant, in the order in which they were added."""
        return iter(self.get_all_backends())

    def get_all_backends(self) -> tuple[Backend, ...]:
        """All backends of one instant, in the order in which they were added. Free when nothing changed."""
        return self._all.fresh or self._read(self._all)

    def get_healthy_backends(self) -> tuple[Backend, ...]:
        """The backends whose status is healthy: unknown, unhealthy and draining ones are not among them."""
        return self._all_healthy.fresh or self._read(self._all_healthy)

    def snapshot(self) -> Snapshot:
        """Records, index and revision of one instant. Free when nothing changed; else about 1 microsecond per backend."""
        return self._snapshots.fresh or self._read(self._snapshots)

    def _take_snapshot(self) -> Snapshot:
        records = tuple(backend.record for backend in self._by_id.values())
        return Snapshot(self._epoch, self._revision, records, MappingProxyType(self._index.members()))

    def _entry(self, model: str) -> ModelEntry | None:
        """The entry of a model, None if nobody serves it."""
        try:
            entry = self._entry_of(model)
        except TypeError:
            entry = None
        if entry is None and not isinstance(model, str):
            check_text("model", model)
        return entry

    def _read(self, cell: "Cell[_Value]") -> _Value:
        """The cell's value, made anew if a writer has emptied it."""
        fresh = cell.fresh
        if fresh is not None:
            return fresh
        if self._lock.held_by_me:
            return cell.scan()
        with self._lock:
            self._carry_out()
            if cell.fresh is None:
                cell.fresh = cell.make()
            return cell.fresh

    def _publish(self, entry: ModelEntry, model: str) -> Published:
        """What readers of a model see now, rebuilt if a writer has marked it; the same rules as `_read`."""
        if self._lock.held_by_me:
            return self._scan(model, NO_DEMAND)
        with self._lock:
            self._carry_out()
            return entry.published or entry.publish(self._panic_threshold)

    # For readers inside a write of their own thread; see `noted`.

    def _as_noted(self) -> View:
        return as_noted(self._by_id.values(), self._unfinished[1] if self._unfinished is not None else ())

    def _scan_all(self) -> tuple[Backend, ...]:
        return tuple(backend for backend, _ in self._as_noted())

    def _scan_healthy(self) -> tuple[Backend, ...]:
        return tuple(backend for backend, record in self._as_noted() if record.status is BackendStatus.HEALTHY)

    def _scan_snapshot(self) -> Snapshot:
        view = self._as_noted()
        revision = self._unfinished[0].revision if self._unfinished is not None else self._revision
        return Snapshot(self._epoch, revision, tuple(record for _, record in view), MappingProxyType(models_of(view)))

    def _scan(self, model_id: str, demand: Demand) -> Published:
        return published_of(self._as_noted(), model_id, demand, self._selectable, self._panic_threshold)

    # --- writing -------------------------------------------------------------------------------------------------------

    @property
    def _panic_threshold(self) -> float:
        # Not an attribute of the object; see `filed`.
        return 0.0 if self.ejection_policy is None else self.ejection_policy.panic_threshold

    def _selectable(self, record: BackendRecord) -> bool:
        # An ejection lasts until a commit ends it, because the sets know no time.
        if record.ejected_until_ns is not None:
            return False
        return not standing(record, now_ns=0, select_unknown=self.select_unknown)[0]

    def _commit(self, edits: Sequence[Edit]) -> Change | None:
        """Make `edits` the truth, as one revision. Caller holds the lock and has checked everything; None if no edits.

        Raises:
            BackendOwnershipError: a backend to be added has an owner; nothing has changed.
        """
        if not edits:
            return None
        change = Change(self._revision + 1, self.clock.time_ns(), tuple(map(_entry, edits)))
        self._claim(edit.backend for edit in edits if edit.before is None)
        self._unfinished = (change, edits)
        self._carry_out()
        return change

    def _claim(self, backends: Iterable[Backend]) -> None:
        """Become the owner of all of `backends` or of none; caller holds the topology lock."""
        claimed: list[Backend] = []
        for backend in backends:
            # Two registries may be offered the same object at once, and their topology locks are not the same lock.
            with backend._lock:
                free = backend._owner is None
                if free:
                    backend._owner = self
            if not free:
                for other in claimed:
                    other._owner = None
                raise BackendOwnershipError(backend.id)
            claimed.append(backend)

    def _carry_out(self) -> None:
        """Do what is noted down, if anything; caller holds the lock. Doing a part of it twice does no harm."""
        if self._unfinished is None:
            return
        change, edits = self._unfinished
        self._mark_dirty(edits)
        for backend, _, after in edits:
            backend._become(after, selectable=after is not None and self._selectable(after))
        self._store(edits)
        for backend, before, after in edits:
            if after is not None:
                self._index.put(backend, after, selectable=backend._ready)
            self._filed.put(backend, before, after)
        # Last, for all backends: dropping one may delete an entry that another of this commit has just come into.
        for edit in edits:
            self._index.drop(*edit)
        self._next_due_ns = self._filed.next_due_ns() if self._filed.due else None
        self._journal.append(change)
        self._revision = change.revision
        self._unfinished = None

    def _mark_dirty(self, edits: Sequence[Edit]) -> None:
        self._snapshots.fresh = self._all_healthy.fresh = self._model_total.fresh = None
        for _, before, after in edits:
            if before is None or after is None:
                self._all.fresh = None
            if before is not None and (after is None or before.models is not after.models):
                self._index.mark_dirty(before)
            if after is not None:
                self._index.mark_dirty(after)

    def _store(self, edits: Sequence[Edit]) -> None:
        if all(before is not None and after is not None for _, before, after in edits):
            return
        # Several backends change under one revision: readers must see all of them or none, hence a new dict.
        by_id = self._by_id if len(edits) == 1 else dict(self._by_id)
        for backend, _, after in edits:
            if after is not None:
                by_id[backend.id] = backend
            elif by_id.get(backend.id) is backend:
                del by_id[backend.id]
        self._by_id = by_id

    # --- what follows a write or a release, outside of every lock ------------------------------------------------------

    def _announce(self, change: Change | None) -> None:
        """Wake whoever waits for what this change may have brought."""
        if change is None or not self._waiting:
            return
        self._lines.wake(Change)
        for entry in change.entries:
            for record in (entry.before, entry.after):
                self._wake_models(record)

    def _released(self, backend: Backend) -> None:
        """Wake whoever waits for this backend to have room, or to be empty. Called when `waiting` is not empty."""
        self._lines.wake(backend)
        self._wake_models(backend.record)

    def _wake_models(self, record: BackendRecord | None) -> None:
        for model in record.models if record is not None else ():
            if model.id in self._waiting:
                self._lines.wake(model.id)

    def _reclaim_abandoned(self) -> None:
        """Take back the tickets of leases that the garbage collector found; exactly once each, without a lock."""
        abandoned = self._abandoned
        for ticket in abandoned[:]:
            # First the ticket, then the note of it: cut short between the two, the next caller finds nothing left to do.
            if ticket.backend._tickets.pop(ticket, None) is not None:
                self._leaks.append(0)
                ticket.backend._log.append((self._now_ns(), None, None, ENDED))
            with contextlib.suppress(ValueError):
                abandoned.remove(ticket)


def _check_sources(clock: object, rng: object, select_unknown: object) -> None:
    if not all(callable(getattr(clock, name, None)) for name in ("monotonic_ns", "time_ns")):
        raise InvalidValueError("clock", f"is {shown(clock)}", "pass an object with monotonic_ns() and time_ns()")
    if rng is not None and not isinstance(rng, random.Random):
        raise InvalidValueError("rng", f"is {shown(rng)}", "pass a random.Random")
    if not isinstance(select_unknown, bool):
        raise InvalidValueError("select_unknown", f"is {shown(select_unknown)}", "pass True or False")


def _entry(edit: Edit) -> Entry:
    kind: Literal["added", "updated", "removed"] = "updated"
    if edit.before is None:
        kind = "added"
    elif edit.after is None:
        kind = "removed"
    return Entry(kind, edit.backend.id, edit.before, edit.after)
