"""Signal handlers, finalizers and forks that arrive in the middle of something."""

import gc
import multiprocessing
import os
import signal
import threading
import time

import pytest

from backend_registry import BackendStatus, NoBackendError, Outcome, ReentrantWriteError, Registry
from tests.concurrency.fleet import make_backend, make_registry, small_heap
from tests.concurrency.histories import run_together
from tests.concurrency.invariants import check
from tests.concurrency.operations import OPERATIONS, small_fleet
from tests.concurrency.report import report


def _read_everything(registry: Registry) -> None:
    """Every reading verb; those that choose may find nothing, none may block or fail."""
    registry.snapshot()
    registry.get_all_backends()
    registry.get_healthy_backends()
    registry.model_count()
    registry.has_backend_url("http://a:8000")
    for model in ("m", "n"):
        registry.get_backends_for_model(model)
        registry.candidates(model, min_context=1)
        registry.explain(model)
        try:
            registry.pick(model)
        except NoBackendError:
            continue
    for backend in registry:
        assert backend.pending_requests >= 0
        assert backend.tally


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer signals on this system")
def test_a_signal_handler_may_read_in_the_middle_of_any_write():
    registry = small_fleet()
    handled = []

    def read(*_: object) -> None:
        handled.append(_read_everything(registry))
        # Only now the next, or on a slow machine they would pile up inside each other.
        signal.setitimer(signal.ITIMER_REAL, 2e-4)

    before = signal.signal(signal.SIGALRM, read)
    end = time.monotonic() + 10
    signal.setitimer(signal.ITIMER_REAL, 2e-4)
    try:
        while len(handled) < 1_000 and time.monotonic() < end:
            registry.add_backend(make_backend("c", "m", "n"))
            registry.update_models("c", ["n"])
            registry.update_status("a", BackendStatus.UNHEALTHY)
            registry.update_status("a", BackendStatus.HEALTHY)
            registry.increment_pending("a")
            registry.acquire("m").finish()
            registry.remove_backend("c")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    report(f"[reentry] {len(handled)} reads of everything by a signal handler")
    assert len(handled) >= 100
    check(registry)


def test_a_write_inside_a_write_is_refused_instead_of_deadlocking():
    registry = small_fleet()
    with registry._lock, pytest.raises(ReentrantWriteError):
        registry.drain("a")
    assert registry.get_backend("a").status is BackendStatus.HEALTHY


class _FinishesWhenCollected:
    """A careless application object: it ends its request in `__del__`, wherever that runs, and then starts another."""

    def __init__(self, registry: Registry, generations: int, ran: list[int]) -> None:
        self.registry, self.generations, self.ran = registry, generations, ran
        self.lease = registry.acquire("m")
        self.itself = self

    def __del__(self) -> None:
        self.ran.append(self.generations)
        self.lease.finish(Outcome.CANCELLED)
        self.lease.backend.update_latency(3)
        if self.generations:
            _FinishesWhenCollected(self.registry, self.generations - 1, self.ran)


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_finalizer_may_end_and_start_requests_wherever_the_collector_runs(name):
    registry = make_registry(make_backend("anchor", "m"))
    registry.apply([*registry, *(backend.replace() for backend in small_fleet())])
    registry.increment_pending("a")
    # Inside a write of its own thread a reader gets what was published last, so something has to be.
    _read_everything(registry)
    ran: list[int] = []

    def scene() -> None:
        thresholds = gc.get_threshold()
        _FinishesWhenCollected(registry, 30, ran)
        gc.set_threshold(1, 1, 1)
        try:
            OPERATIONS[name](registry)
        finally:
            gc.set_threshold(*thresholds)
        for _ in range(40):
            gc.collect()

    with small_heap():
        run_together(scene, timeout_s=20)
    assert ran == list(range(30, -1, -1)), "a finalizer failed"
    assert not any(len(backend._tickets) - backend._raw for backend in registry)
    check(registry)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_forked_while_threads_hold_locks_can_do_everything():
    registry = small_fleet()
    held = registry.acquire("m")
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            registry.add_backend(make_backend("c", "m", "n"))
            registry.acquire("m").finish()
            registry.update_latency("c", 5)
            registry.remove_backend("c")

    threads = [threading.Thread(target=churn, daemon=True) for _ in range(1)]
    for thread in threads:
        thread.start()
    try:
        codes = [_in_a_child(registry, held) for _ in range(20)]
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    assert codes == [0] * 20
    assert held.finish()
    check(registry)


def _in_a_child(registry: Registry, held) -> int:
    """Fork, use the registry in the child, and say how it exited; 99 if it hung."""
    process = multiprocessing.get_context("fork").Process(target=_use_in_child, args=(registry, held, registry.epoch))
    process.start()
    process.join(20)
    if process.is_alive():
        process.kill()
        return 99
    return process.exitcode


def _use_in_child(registry: Registry, held, parents_epoch: str) -> None:
    assert registry.epoch != parents_epoch
    assert all(backend.pending_requests == 0 for backend in registry)
    assert not held.finish()
    registry.add_backend(make_backend("d", "m"))
    with registry.acquire("m") as lease:
        assert lease.backend.pending_requests == 1
    registry.remove_backend("d")
    check(registry)
