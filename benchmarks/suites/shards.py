"""Locks by shard against a lock for each backend: what one counter increment and one query of a model cost."""

import threading
import time
from collections.abc import Callable
from typing import Any

from backend_registry import Registry
from benchmarks.fleet import MODEL, idle
from benchmarks.measure import Case, Effort, lower_quartile, side_by_side

__all__ = ("TITLE", "table")

TITLE = "Locks by shard against a lock for each backend"

_SHARDS = (1, 16, 64)
_BACKENDS = 100
_THREADS = 4


class _Sharded:
    """Counters in shards, each under a plain lock; a query takes each backend's shard, to read a count that is not torn."""

    def __init__(self, shards: int) -> None:
        self._shards: list[tuple[threading.Lock, dict[str, int]]] = [(threading.Lock(), {}) for _ in range(shards)]
        self._ids = [f"b{i}" for i in range(_BACKENDS)]
        for backend_id in self._ids:
            self._shards[hash(backend_id) % shards][1][backend_id] = 0

    def increment_pending(self, backend_id: str) -> int:
        lock, counts = self._shards[hash(backend_id) % len(self._shards)]
        with lock:
            counts[backend_id] = count = counts[backend_id] + 1
            return count

    def get_backends_for_model(self, _model: str) -> list[tuple[str, int]]:
        found = []
        for backend_id in self._ids:
            lock, counts = self._shards[hash(backend_id) % len(self._shards)]
            with lock:
                found.append((backend_id, counts[backend_id]))
        return found


def _designs() -> dict[str, Any]:
    designs: dict[str, Any] = {"a lock for each backend (this package)": idle(_BACKENDS)}
    designs |= {f"a plain lock, {count} shard{'s' * (count > 1)}": _Sharded(count) for count in _SHARDS}
    try:
        from benchmarks.peers.seed_port import Record, SeedRegistry
    except ModuleNotFoundError:
        return designs
    for count in _SHARDS:
        title = f"a reader-writer lock, {count} shard{'s' * (count > 1)} (first design)"
        designs[title] = SeedRegistry(count, copied=Record.clone).fill(_BACKENDS, [MODEL])
    return designs


def _together(increment: Callable[[str], int], times: int) -> float:
    """Nanoseconds of wall time per increment when four threads count on different backends."""
    gate = threading.Barrier(_THREADS + 1)

    def work(backend_id: str) -> None:
        gate.wait()
        for _ in range(times):
            increment(backend_id)

    threads = [threading.Thread(target=work, args=(f"b{i * 7}",)) for i in range(_THREADS)]
    for thread in threads:
        thread.start()
    gate.wait()
    started_ns = time.perf_counter_ns()
    for thread in threads:
        thread.join()
    return (time.perf_counter_ns() - started_ns) / (times * _THREADS)


def _settled(design: Any) -> None:
    """Take back what was counted, where that is possible and a large count would slow things down."""
    if isinstance(design, Registry):
        for backend in design:
            while backend.pending_requests:
                backend.decrement_pending()


def table(effort: Effort) -> dict[str, Any]:
    """The comparison as a table of plain data."""
    designs = _designs()
    cases = {}
    for title, design in designs.items():
        names = {"design": design, "key": "b7", "model": MODEL}
        cases[f"increment {title}"] = Case(
            "design.increment_pending(key)", names, after=lambda _, design=design: _settled(design), most=100
        )
        cases[f"query {title}"] = Case("design.get_backends_for_model(model)", names, most=2_000)
    taken = side_by_side(cases, effort)
    times = 50 if effort.smoke else 2_000
    crowded: dict[str, list[float]] = {title: [] for title in designs}
    for _ in range(min(effort.rounds, 9)):
        for title, design in designs.items():
            crowded[title].append(_together(design.increment_pending, times))
            _settled(design)
    rows = [
        [
            title,
            *(f"{ns:,.0f} ns" for ns in (taken[f"increment {title}"], lower_quartile(crowded[title]), taken[f"query {title}"])),
        ]
        for title in designs
    ]
    return {
        "title": TITLE,
        "columns": [
            "counters and queries under",
            "increment",
            f"increment, {_THREADS} threads",
            f"query, {_BACKENDS} backends",
        ],
        "rows": rows,
        "notes": (
            "Increments are by id. With several threads it is wall time, and with a global interpreter lock no design gains "
            "from a second thread; what differs is how often they stand in each other's way. A query of the first design "
            "copies its answer by hand-written code; that of plain locks reads one count under a lock for each backend; ours "
            "returns the published tuple."
        ),
    }
