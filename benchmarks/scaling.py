"""How much more two threads do than one: run by a free-threaded interpreter, prints JSON. Needs the package on its path only.

Each thread is pinned to a core of its own where that is possible, and a round counts only if each thread had its core nearly to
itself: CPU time at least 0.96 of the wall time of the round. Rounds in which a thread waited for a lock are dropped by the same
rule, so a row that waits gets no figure (0) rather than a flattering one. A round takes a few milliseconds, less than a
neighbour's turn on the core.
"""

import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable

from backend_registry import Backend, Registry

_SHARE = 0.96
_WANTED = 9
_PATIENCE_S = 15.0

Work = Callable[[int], None]


def _pin(core: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[core % len(cores)]})


def _wall_ns(works: list[Work], times: int) -> float | None:
    """Wall time of all works side by side; None if somebody was disturbed."""
    gate = threading.Barrier(len(works))
    spans: list[tuple[int, int, int]] = []

    def run(work: Work, core: int) -> None:
        _pin(core)
        gate.wait()
        started_ns, cpu_ns = time.perf_counter_ns(), time.thread_time_ns()
        work(times)
        spans.append((started_ns, time.perf_counter_ns(), time.thread_time_ns() - cpu_ns))

    threads = [threading.Thread(target=run, args=(work, core)) for core, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if any(cpu_ns < _SHARE * (end_ns - start_ns) for start_ns, end_ns, cpu_ns in spans):
        return None
    return max(end for _, end, _ in spans) - min(start for start, _, _ in spans)


def _scaling(works: list[Work], times: int, patience_s: float) -> float:
    """Throughput of two threads by that of one; 0 if no round was undisturbed."""
    found: list[float] = []
    end_s = time.monotonic() + patience_s
    while time.monotonic() < end_s and len(found) < _WANTED:
        alone = [_wall_ns([work], times) for work in works]
        both = _wall_ns(works, times)
        if both is not None and None not in alone:
            found.append(sum(filter(None, alone)) / both)
    return statistics.median(found) if found else 0.0


def _repeat(operation: Callable[[], object]) -> Work:
    def work(times: int) -> None:
        for _ in range(times):
            operation()

    return work


def _handle(backend: Backend) -> Work:
    def work(times: int) -> None:
        increment, decrement = backend.increment_pending, backend.decrement_pending
        for _ in range(times // 100):
            for _ in range(100):
                increment()
            for _ in range(100):
                decrement()

    return work


def _by_id(registry: Registry, backend_id: str) -> Work:
    def work(times: int) -> None:
        for _ in range(times // 2):
            registry.increment_pending(backend_id)
            registry.decrement_pending(backend_id)

    return work


def _lease(registry: Registry, model: str) -> Work:
    def once() -> None:
        with registry.acquire(model):
            pass

    return _repeat(once)


def _arithmetic(times: int) -> None:
    total = 0.0
    for _ in range(times):
        total = total * 0.5 + 1.0


def _main() -> None:
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        print(json.dumps("the interpreter that PYTHON_FT names has a global interpreter lock"))
        return
    if (os.cpu_count() or 1) < 2:
        print(json.dumps("one core only"))
        return
    patience_s = 0.2 if "smoke" in sys.argv else _PATIENCE_S
    registry = Registry()
    for i in range(2):
        registry.add_backend(Backend(f"b{i}", f"http://10.0.0.1:{i + 1}", models=["both", f"model-{i}"]))
    first, second = registry
    figures = {
        "control": _scaling([_arithmetic, _arithmetic], 80_000, patience_s),
        "handle": _scaling([_handle(first), _handle(second)], 5_000, patience_s),
        "by id": _scaling([_by_id(registry, "b0"), _by_id(registry, "b1")], 8_000, patience_s),
        "lease": _scaling([_lease(registry, "model-0"), _lease(registry, "model-1")], 1_000, patience_s),
        "lease, same": _scaling([_lease(registry, "both"), _lease(registry, "both")], 1_000, patience_s),
    }
    print(json.dumps({**figures, "one thread": 1.0}))


if __name__ == "__main__":
    _main()
