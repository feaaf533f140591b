"""Bugs, planted one at a time into the real thing. Each is a mistake that somebody has made in a registry like this one.

A mutant replaces one function of the core.
"""

import asyncio
import itertools
import weakref
from collections import deque
from typing import Any

from backend_registry import BackendOwnershipError, DuplicateBackendError
from backend_registry._core import backend as backend_module
from backend_registry._core import index as index_module
from backend_registry._core import operations as operations_module
from backend_registry._core import resting as resting_module
from backend_registry._core.backend import Backend
from backend_registry._core.changes import Journal
from backend_registry._core.ejection import ejected
from backend_registry._core.index import STANDBY, ModelEntry, ModelIndex, marks_of
from backend_registry._core.latency import ENDED, UNCOUNTED, Tally, fold
from backend_registry._core.lease import ConditionalLease, Lease, Ticket
from backend_registry._core.lock import InterruptSafeLock
from backend_registry._core.operations import Applied, Operations
from backend_registry._core.selection import Selection
from backend_registry._core.topology import Edit, Topology
from backend_registry._core.waiting import Lines
from backend_registry._core.watch import Watch

__all__ = ("MUTANTS",)

_update, _carry_out, _publish, _put = operations_module._update, Topology._carry_out, ModelEntry.publish, ModelEntry.put
_join, _index_drop, _init_lease = Lines.join, ModelIndex.drop, Lease.__init__


# --- counters and locks


def lost_update(self: Any, backend_id: str) -> int:
    backend = self._registered(backend_id)
    raw = backend._raw
    backend._tickets[raw + 1] = 0
    backend._raw = raw + 1
    return raw + 1


def negative_count(self: Any) -> int:
    with self._lock:
        if not self._raw:
            self._underflows += 1
            return -1
        self._tickets.pop(self._raw)
        self._raw -= 1
        return len(self._tickets)


def fold_zero_as_none(tally: Tally, samples: Any) -> Tally:
    return fold(tally._replace(ema_us=tally.ema_us or None), samples)


def fold_in_milliseconds(tally: Tally, samples: Any) -> Tally:
    folded = fold(tally, samples)
    return folded._replace(ema_us=None if folded.ema_us is None else folded.ema_us // 1000 * 1000)


def fold_twice(self: Any, *more: Any) -> Tally:
    with self._lock:
        tally = fold(self._log[0], [*self._log[1:], *more])
        self._log[:1] = (tally,)
        return tally


def fold_and_lose(self: Any, *more: Any) -> Tally:
    with self._lock:
        tally = fold(self._log[0], [*self._log[1:], *more])
        self._log[:] = (tally,)
        return tally


def decrement_pops_first(self: Any) -> int:
    with self._lock:
        if self._raw:
            self._tickets.pop(self._raw, None)
            self._raw = self._raw - 1
        else:
            self._underflows += 1
        return len(self._tickets)


def lock_asks_before_it_releases(self: Any) -> bool:
    try:
        return self.acquire()
    except BaseException:
        if self._is_owned():
            self.release()
        raise


# --- leases


def lease_without_finalizer(self: Any, registry: Any, backend: Backend, model: str, options: Any) -> None:
    _init_lease(self, registry, backend, model, options)
    started_ns = backend._tickets.pop(self._ticket)
    self._ticket = Ticket(self)
    self._ticket.backend = backend
    backend._tickets[self._ticket] = started_ns


def lease_by_id(self: Any, outcome: Any, latency_us: int | None = None, retry_after: float | None = None) -> bool:
    ticket, self._ticket = self._ticket, None
    backend = self._registry._by_id.get(self.backend.id)
    if ticket is None or backend is None:
        return False
    if backend._tickets.pop(ticket, None) is None and backend._tickets:
        backend._tickets.popitem()
    backend._log.append((0, latency_us, None, ENDED))
    return True


def finish_counts_twice(self: Any, outcome: Any, latency_us: int | None = None, retry_after: float | None = None) -> bool:
    ticket = self._ticket
    if ticket is None:
        return False
    self.backend._tickets.pop(ticket, None)
    self.backend._log.append((0, latency_us, None, ENDED))
    self._ticket = None
    return True


def reclaim_twice(self: Any) -> None:
    for ticket in self._abandoned[:]:
        ticket.backend._tickets.pop(ticket, None)
        self._leaks.append(0)
        ticket.backend._log.append((0, None, None, ENDED))
        if ticket in self._abandoned:
            self._abandoned.remove(ticket)


async def await_before_giving_back(self: Any, kind: Any, error: Any, trace: Any) -> None:
    await asyncio.sleep(0)
    self._end("ok")


# --- choosing


def admit_without_lock(self: Any, model: str, **options: Any) -> Lease:
    while True:
        backend = self.pick(model, **options)
        if backend._has_room():
            return Lease(self, backend, model, options)


def count_after_drain(self: Any, model: str, **options: Any) -> Lease:
    backend = self.pick(model, **options)
    with backend._lock:
        return Lease(self, backend, model, options)


def first_of_the_tied(self: Any, model: str, **options: Any) -> Backend:
    return min(self.candidates(model, **options), key=lambda backend: len(backend._tickets))


def everything_selectable(self: Any, record: Any) -> bool:
    return True


def no_cool_down_ends(self: Any) -> None:
    return None


# --- ejection


def any_number_is_ejected(policy: Any, members: int) -> int:
    return members


def the_last_one_is_ejected(self: Any, backend: Backend) -> bool:
    return True


def trial_slot_is_never_given_back(self: Any) -> bool:
    record = self._record
    full = record.max_pending is not None and len(self._tickets) >= record.max_pending
    return not full and (not record.on_trial or self._trial is None)


def trial_slot_is_taken_without_the_lock(self: Any, backend: Backend, model: str, options: Any) -> Any:
    resort = self._resort(backend, model, options)
    if resort is None or not backend._has_room():
        return None
    lease = ConditionalLease(self, backend, model, options, resort)
    backend._trial = lease._ticket
    return lease


def a_panic_uses_whom_an_operator_took_out(record: Any, *, selectable: bool) -> int:
    return marks_of(record, selectable=selectable) | (0 if selectable else STANDBY)


def good_time_is_not_remembered(record: Any, cause: Any, policy: Any, *, ended_ns: int, now_ns: int) -> Any:
    return ejected(record, cause, policy, ended_ns=now_ns, now_ns=now_ns)


# --- topology


def add_checks_outside_the_lock(self: Any, backend: Backend) -> None:
    if backend.id in self._by_id:
        raise DuplicateBackendError(backend.id)
    with self._lock:
        self._carry_out()
        self._claim([backend])
        change = self._commit([Edit(backend, None, backend.record)])
    self._announce(change)


def claim_without_lock(self: Any, backends: Any) -> None:
    for backend in backends:
        if backend._owner is not None:
            raise BackendOwnershipError(backend.id)
        backend._owner = self


def remove_with_a_gap(self: Any, backend_id: str) -> Backend:
    self._lock.acquire()
    try:
        self._carry_out()
        backend = self._registered(backend_id)
        self._commit([Edit(backend, backend.record, None)])
    finally:
        self._lock.release()
    return backend


def index_keeps_the_removed(self: Any, backend: Any, before: Any, after: Any) -> None:
    if after is not None:
        _index_drop(self, backend, before, after)


def refresh_moves_to_the_end(self: Any, backend: Any, model: Any, *, selectable: bool, marks: int) -> None:
    self.members.pop(backend, None)
    _put(self, backend, model, selectable=selectable, marks=marks)


def derived_outlives_its_parent(self: Any, panic_threshold: float) -> Any:
    published = _publish(self, panic_threshold)
    published.derived = _kept.setdefault(id(self), published.derived)
    return published


_kept: dict[int, Any] = {}


def empty_entries_stay(self: Any) -> None:
    edits = self._unfinished[1] if self._unfinished else ()
    _carry_out(self)
    for _, before, after in edits:
        if after is None:
            for model in before.models:
                self._index._entries.setdefault(model.id, ModelEntry())


def commit_is_not_noted_down(self: Any) -> None:
    """Carries out a commit as usual, but what is cut short is forgotten, not completed."""
    noted, self._unfinished = self._unfinished, None
    if noted is not None:
        self._unfinished = noted
        try:
            _carry_out(self)
        finally:
            self._unfinished = None


_numbers = itertools.count(1)


def journal_with_gaps(self: Any, change: Any) -> None:
    if next(_numbers) % 5:
        self._ring[change.revision % len(self._ring)] = change


def every_write_is_a_change(backend: Any, after: Any) -> list[Edit]:
    return _update(backend, after) or [Edit(backend, backend.record, after)]


def apply_in_steps(self: Any, desired: Any) -> Applied:
    wanted = {backend.id: backend for backend in desired}
    gone = tuple(backend.id for backend in self if backend.id not in wanted)
    for backend_id in gone:
        self.remove_backend(backend_id)
    new = tuple(backend_id for backend_id in wanted if backend_id not in self)
    for backend_id in new:
        self.add_backend(wanted[backend_id])
    return Applied(new, (), gone, tuple(set(wanted) - set(new)))


def update_models_in_steps(self: Any, backend_id: str, models: Any) -> None:
    listed = tuple(operations_module.check_models(models))
    self._edit(backend_id, lambda record: record._replace(models=()))
    self._edit(backend_id, lambda record: record._replace(models=listed))


# --- waiting and watching


def nobody_is_told(self: Any, change: Any) -> None:
    return None


def last_come_first_served(self: Any, topic: Any, group: Any, waiter: Any, *, urgent: bool = False) -> None:
    _join(self, topic, group, waiter, urgent=urgent)
    rank = self.topics[topic][group][not urgent]
    rank.insert(0, rank.pop())


def the_urgent_wait_like_others(self: Any, topic: Any, group: Any, waiter: Any, *, urgent: bool = False) -> None:
    _join(self, topic, group, waiter)


def join_leaves_a_topic_without_lines(self: Any, topic: Any, group: Any, waiter: Any, *, urgent: bool = False) -> None:
    with self._lock:
        line = self.topics.setdefault(topic, {}).setdefault(group, (deque(), deque()))
        line[not urgent].append(weakref.ref(waiter))


def nobody_leaves(self: Any, topic: Any, group: Any, waiter: Any) -> None:
    return None


def skip_what_was_missed(self: Any) -> Any:
    now = self._registry.revision
    while self.revision < now:
        self.revision += 1
        change = self._registry._journal.get(self.revision)
        if change is not None:
            return change
    return None


def child_inherits_requests(self: Any) -> None:
    self._start_epoch()
    self._snapshots.fresh = None


MUTANTS: dict[str, tuple[Any, str, Any]] = {
    "lost update": (Operations, "increment_pending", lost_update),
    "negative count": (Backend, "decrement_pending", negative_count),
    "decrement in the wrong order": (Backend, "decrement_pending", decrement_pops_first),
    "zero means no sample": (backend_module, "fold", fold_zero_as_none),
    "average in milliseconds": (backend_module, "fold", fold_in_milliseconds),
    "fold twice": (Backend, "_compact", fold_twice),
    "fold and lose": (Backend, "_compact", fold_and_lose),
    "lock asks before it releases": (InterruptSafeLock, "__enter__", lock_asks_before_it_releases),
    "lease without finalizer": (Lease, "__init__", lease_without_finalizer),
    "lease by id": (Lease, "_end", lease_by_id),
    "finish counts twice": (Lease, "_end", finish_counts_twice),
    "reclaim twice": (Topology, "_reclaim_abandoned", reclaim_twice),
    "await before giving back": (Lease, "__aexit__", await_before_giving_back),
    "admit without lock": (Selection, "acquire", admit_without_lock),
    "count after drain": (Selection, "acquire", count_after_drain),
    "first of the tied": (Selection, "pick", first_of_the_tied),
    "everything selectable": (Topology, "_selectable", everything_selectable),
    "no cool-down ends": (Operations, "_end_what_is_due", no_cool_down_ends),
    "any number is ejected": (resting_module, "most_ejected", any_number_is_ejected),
    "the last one is ejected": (ModelEntry, "has_another", the_last_one_is_ejected),
    "trial slot is never given back": (Backend, "_has_room", trial_slot_is_never_given_back),
    "trial slot is taken without the lock": (Selection, "_lease", trial_slot_is_taken_without_the_lock),
    "a panic uses the drained": (index_module, "marks_of", a_panic_uses_whom_an_operator_took_out),
    "good time is not remembered": (resting_module, "ejected", good_time_is_not_remembered),
    "no new start": (backend_module, "_NEW_START", (0, None, None, UNCOUNTED)),
    "add checks outside the lock": (Operations, "add_backend", add_checks_outside_the_lock),
    "claim without lock": (Operations, "_claim", claim_without_lock),
    "remove with a gap": (Operations, "remove_backend", remove_with_a_gap),
    "index keeps the removed": (ModelIndex, "drop", index_keeps_the_removed),
    "refresh moves to the end": (ModelEntry, "put", refresh_moves_to_the_end),
    "derived outlives its parent": (ModelEntry, "publish", derived_outlives_its_parent),
    "empty entries stay": (Topology, "_carry_out", empty_entries_stay),
    "cut short and forgotten": (Topology, "_carry_out", commit_is_not_noted_down),
    "journal with gaps": (Journal, "append", journal_with_gaps),
    "every write is a change": (operations_module, "_update", every_write_is_a_change),
    "apply in steps": (Operations, "apply", apply_in_steps),
    "update_models in steps": (Operations, "update_models", update_models_in_steps),
    "nobody is told": (Topology, "_announce", nobody_is_told),
    "last come first served": (Lines, "join", last_come_first_served),
    "the urgent wait like others": (Lines, "join", the_urgent_wait_like_others),
    "a topic without lines": (Lines, "join", join_leaves_a_topic_without_lines),
    "nobody leaves": (Lines, "leave", nobody_leaves),
    "skip what was missed": (Watch, "poll", skip_what_was_missed),
    "child inherits requests": (Topology, "_after_fork_in_child", child_inherits_requests),
}
