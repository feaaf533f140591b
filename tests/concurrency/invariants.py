"""What must be true of a registry whenever no write is under way, read from its private structures.

`check` derives every index anew from `_by_id` and compares, so it shares no code with what it checks. Call it when the
registry is at rest: no other thread in a write, nobody waiting.
"""

from typing import Any

from backend_registry import Backend, BackendStatus, Intent, Registry
from backend_registry._core.changes import Change
from backend_registry._core.lease import Ticket

__all__ = ("BrokenInvariantError", "check")


class BrokenInvariantError(AssertionError):
    """A registry's structures contradict each other."""


def check(registry: Registry, *, waiters: bool = False) -> None:
    """Raise if any structure contradicts another; `waiters` says that somebody is expected to stand in line."""
    _same("an interrupted commit is left", registry._unfinished, None)
    backends = list(registry._by_id.values())
    _same("keys of _by_id", list(registry._by_id), [backend.id for backend in backends])
    for backend in backends:
        _same(f"owner of {backend.id}", backend._owner, registry)
        _check_tickets(backend)
    _check_index(registry, backends)
    _check_small_indexes(registry, backends)
    _check_cells(registry)
    _check_journal(registry)
    if not waiters:
        _same("lines while nobody waits", registry._lines.topics, {})
    _same("selectable_at is due", registry._next_return_ns, min(registry._ejected.values(), default=None))


def _same(what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise BrokenInvariantError(f"{what}: found {found!r:.400}, expected {expected!r:.400}")


def _may_be_picked(registry: Registry, backend: Backend) -> bool:
    record = backend.record
    known = (BackendStatus.HEALTHY, BackendStatus.UNKNOWN) if registry.select_unknown else (BackendStatus.HEALTHY,)
    fit = record.missing_env is None and record.ejected_until_ns is None and record.health in known
    return fit and record.intent is Intent.ENABLED


def _check_index(registry: Registry, backends: list[Backend]) -> None:
    expected: dict[str, dict[Backend, Any]] = {}
    for backend in backends:
        ids = [model.id for model in backend.models]
        _same(f"duplicate models of {backend.id}", len(ids), len(set(ids)))
        for model in backend.models:
            expected.setdefault(model.id, {})[backend] = model
    entries = registry._index._entries
    _same("models in the index", set(entries), set(expected))
    for model_id, entry in entries.items():
        serving = expected[model_id]
        ready = {backend: model for backend, model in serving.items() if _may_be_picked(registry, backend)}
        special = {b for b in serving if b.record.max_pending is not None or b.record.weight != 100}
        _same(f"members of {model_id}", entry.members, serving)
        _same(f"selectable of {model_id}", entry.selectable, ready)
        _same(f"special of {model_id}", entry.special or set(), special)
        if entry.published is not None:
            _check_published(model_id, entry)


def _check_published(model_id: str, entry: Any) -> None:
    published = entry.published
    _same(f"published members of {model_id}", published.everyone, tuple(entry.members))
    _same(f"published selectable of {model_id}", published.ready, tuple(entry.selectable))
    _same(f"published plainness of {model_id}", published.alike is not None, not entry.special)
    for demand, derived in published.derived.items():
        fits = [
            backend
            for backend, model in entry.selectable.items()
            if not demand.require & ~model.capabilities
            and model.context_length >= demand.min_context
            and (demand.operation is None or not backend.record.operations or demand.operation in backend.record.operations)
        ]
        _same(f"derived {demand} of {model_id}", derived.ready, tuple(fits))


def _check_small_indexes(registry: Registry, backends: list[Backend]) -> None:
    _same("healthy", set(registry._healthy), {b for b in backends if b.status is BackendStatus.HEALTHY})
    ejected = {b: b.record.ejected_until_ns for b in backends if b.record.ejected_until_ns is not None}
    _same("ejected", registry._ejected, ejected)
    urls: dict[str, set[str]] = {}
    for backend in backends:
        urls.setdefault(backend.url, set()).add(backend.id)
    found = {url: ids if isinstance(ids, set) else {ids} for url, ids in registry._urls._ids.items()}
    _same("urls", found, urls)


def _check_cells(registry: Registry) -> None:
    for name in ("_all", "_all_healthy", "_model_total", "_snapshots"):
        cell = getattr(registry, name)
        if cell.fresh is not None:
            _same(f"published {name}", cell.fresh, cell.make())


def _check_journal(registry: Registry) -> None:
    """Revisions without a gap, and what one change left is what the next one found."""
    revision, size = registry.revision, len(registry._journal._ring)
    last: dict[str, Any] = {}
    for number in range(max(1, revision - size + 1), revision + 1):
        change = registry._journal.get(number)
        if not isinstance(change, Change) or change.revision != number:
            raise BrokenInvariantError(f"journal has a gap at revision {number} of {revision}")
        for entry in change.entries:
            if entry.id in last:
                _same(f"history of {entry.id} at {number}", entry.before, last[entry.id])
            last[entry.id] = entry.after
            if entry.before == entry.after:
                raise BrokenInvariantError(f"revision {number} changes nothing")
    for backend_id, record in last.items():
        backend = registry._by_id.get(backend_id)
        _same(f"last change of {backend_id}", backend and backend.record, record)
    _same("journal is ahead", registry._journal.get(revision + 1), None)


def _check_tickets(backend: Backend) -> None:
    raw = {ticket for ticket in backend._tickets if isinstance(ticket, int)}
    # A ticket may be missing where an increment or decrement was interrupted; none may be too many.
    _same(f"raw tickets of {backend.id}", raw - set(range(1, backend._raw + 1)), set())
    for ticket in backend._tickets:
        if isinstance(ticket, Ticket):
            _same(f"a ticket's backend on {backend.id}", ticket.backend, backend)
    _same(f"pending of {backend.id}", backend.pending_requests, len(backend._tickets))
