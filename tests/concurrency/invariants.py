"""What must be true of a registry whenever no write is under way, read from its private structures.

`check` derives every index anew from `_by_id` and compares, so it shares no code with what it checks. Call it when the
registry is at rest: no other thread in a write, nobody waiting.
"""

from typing import Any

from backend_registry import Backend, BackendStatus, Intent, Registry, Residency
from backend_registry._core.changes import Change
from backend_registry._core.index import COLD, LOADING, RESTING, SPECIAL, STANDBY
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
    _same("what is due next", registry._next_due_ns, min(registry._filed.due.values(), default=None))


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
        marks = {b: marked for b in serving if (marked := _marks(b, model_id, picked=b in ready))}
        _same(f"members of {model_id}", entry.members, serving)
        _same(f"selectable of {model_id}", entry.selectable, ready)
        _same(f"marks of {model_id}", entry.marks or {}, marks)
        if entry.published is not None:
            _check_published(registry, model_id, entry)


def _marks(backend: Backend, model_id: str, *, picked: bool) -> int:
    record = backend.record
    odd = record.max_pending is not None or record.weight != 100 or record.on_trial or record.warming_since_ns is not None
    standby = not picked and record.intent is Intent.ENABLED and record.missing_env is None
    where = record.residency.get(model_id)
    return (
        SPECIAL * odd
        + STANDBY * standby
        + RESTING * (record.ejection == "overloaded")
        + LOADING * (where is Residency.LOADING)
        + COLD * (where is Residency.ON_DISK)
    )


def _reserve(registry: Registry, entry: Any) -> dict[Backend, str]:
    """Who is a last resort, and as what, in the order in which they are used."""
    where = [(b, b.record.residency.get(model.id)) for b, model in entry.members.items()]
    loading = {b: "loading" for b, kind in where if kind is Residency.LOADING and b in entry.selectable}
    usable = [b for b in entry.members if b.record.intent is Intent.ENABLED and b.record.missing_env is None]
    policy = registry.ejection_policy
    threshold = policy.panic_threshold if policy is not None else 0
    if not usable or len(entry.selectable) >= threshold * len(usable):
        return loading
    bad = [b for b in usable if b not in entry.selectable and b.record.ejection != "overloaded"]
    return {**loading, **dict.fromkeys(bad, "panic")}


def _check_published(registry: Registry, model_id: str, entry: Any) -> None:
    published = entry.published
    _same(f"published members of {model_id}", published.everyone, tuple(entry.members))
    reserve = _reserve(registry, entry)
    ready = tuple(b for b in entry.selectable if b not in reserve)
    _same(f"published selectable of {model_id}", published.ready, ready)
    _same(f"published reserve of {model_id}", dict(published.reserve), reserve)
    marks = entry.marks or {}
    cold = sum(bool(marks.get(b, 0) & COLD) for b in ready)
    plain = not any(marked & SPECIAL for marked in marks.values()) and cold in (0, len(ready))
    _same(f"published plainness of {model_id}", published.alike is not None, plain)
    for demand, derived in published.derived.items():
        fits = [
            backend
            for backend, model in entry.selectable.items()
            if backend in ready
            and not demand.require & ~model.capabilities
            and model.context_length >= demand.min_context
            and (demand.operation is None or not backend.record.operations or demand.operation in backend.record.operations)
        ]
        _same(f"derived {demand} of {model_id}", derived.ready, tuple(fits))


def _check_small_indexes(registry: Registry, backends: list[Backend]) -> None:
    for b in backends:
        plain = b.record.max_pending is None and not b.record.on_trial and "loading" not in b.record.residency.values()
        picked = _may_be_picked(registry, b)
        _same(f"whether {b.id} may be picked", (b._ready, b._plain), (picked, picked and plain))
        _same(f"trial of {b.id}", b._trial is None or b.record.on_trial, True)
    _same("healthy", set(registry._filed.healthy), {b for b in backends if b.status is BackendStatus.HEALTHY})
    due = {b: b.record.due_ns for b in backends if b.record.due_ns is not None}
    _same("due", registry._filed.due, due)
    outliers = {b for b in backends if b.record.on_trial or b.record.ejection in ("consecutive_failures", "failure_share")}
    _same("outliers", set(registry._filed.outliers), outliers)
    urls: dict[str, set[str]] = {}
    for backend in backends:
        urls.setdefault(backend.url, set()).add(backend.id)
    found = {url: ids if isinstance(ids, set) else {ids} for url, ids in registry._filed.urls._ids.items()}
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
