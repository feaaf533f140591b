"""Asynchronous exceptions: at every point of every verb, and in storms of real signals."""

import gc
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from unittest import mock

import pytest

from backend_registry import BackendNotFoundError, DuplicateBackendError, Registry
from backend_registry._core.lock import InterruptSafeLock
from tests.concurrency.fleet import make_backend, make_registry, small_heap
from tests.concurrency.interrupts import InterruptedHereError, interrupt_at
from tests.concurrency.invariants import check
from tests.concurrency.operations import OPERATIONS, small_fleet
from tests.concurrency.report import report

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::RuntimeWarning")


def settle(registry: Registry) -> None:
    """What the next caller of anything does: no lock is held, a writer completes the write, readers see it, lines are tidy."""
    gc.collect()
    assert not registry._lock._is_owned(), "the topology lock is stuck"
    assert not any(backend._lock._is_owned() for backend in registry), "a counter lock is stuck"
    registry.add_backend(make_backend("next", "m"))
    registry.remove_backend("next")
    for topic in tuple(registry._lines.topics):
        registry._lines.wake(topic)
    registry.snapshot()
    registry.clock.advance(400)
    registry.pick("m")
    check(registry)


def _leases(registry: Registry) -> list[object]:
    return [ticket for backend in registry for ticket in backend._tickets if not isinstance(ticket, int)]


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_interrupt_at_any_point_of_a_verb_leaves_nothing_wrong(name):
    points = 0
    # The first run of a function may not be seen by the trace function that is set while it starts.
    OPERATIONS[name](small_fleet())
    interrupt_at(10**9, lambda: OPERATIONS[name](small_fleet()))
    with small_heap():
        while _survives(name, points + 1):
            points += 1
    report(f"[interrupts] {name}: {points} points")
    # From 3.12 on a trace function sees too little of the shortest verbs.
    assert points or sys.version_info >= (3, 12)


def _survives(name: str, point: int) -> bool:
    """Whether there was such a point; raises if anything is wrong after an interrupt there."""
    registry = small_fleet()
    before = [backend.pending_requests for backend in registry]
    where = interrupt_at(point, lambda: OPERATIONS[name](registry))
    settle(registry)
    assert not _leases(registry), f"a lease leaked when interrupted at {where}"
    counted = sum(backend.pending_requests for backend in registry)
    assert counted in (sum(before), sum(before) + 1, sum(before) - 1, 0, before[0], before[1]), where
    return where is not None


def test_an_interrupted_decrement_has_either_happened_or_not():
    for point in range(1, 20):
        registry = small_fleet()
        where = interrupt_at(point, lambda registry=registry: registry.decrement_pending("a"))
        if where is None:
            assert point > 1 or sys.version_info >= (3, 12)
            return
        seen = registry.get_backend("a").pending_requests
        assert registry.decrement_pending("a") == seen - 1
    pytest.fail("a decrement has more points than expected")


@pytest.mark.parametrize("interrupted", ["acquire_async", "drain_async", "watch in vain"])
def test_who_waits_after_an_interrupted_waiter_is_served(interrupted):
    point, where = 0, "not yet"
    with small_heap():
        while where is not None:
            point += 1
            registry = small_fleet()
            where = interrupt_at(point, lambda registry=registry: OPERATIONS[interrupted](registry))
            gc.collect()
            registry.enable("b")
            OPERATIONS["acquire_async"](registry)
            OPERATIONS["watch in vain"](registry)
            assert registry.revision


class _TwiceInterruptedLock(InterruptSafeLock):
    """One interrupt as soon as it is taken, another after whatever is called next, but for the release."""

    def acquire(self) -> bool:
        super().acquire()
        raise InterruptedHereError

    def _is_owned(self) -> bool:
        raise InterruptedHereError


def test_two_interrupts_in_a_row_do_not_leave_a_lock_taken():
    lock = _TwiceInterruptedLock()
    with suppress(InterruptedHereError), lock:
        pytest.fail("the lock was not interrupted")
    assert not InterruptSafeLock._is_owned(lock)


class Storm:
    """A timer signal whose handler raises, again and again, wherever inside `step` the main thread happens to be."""

    def __init__(self, step: Callable[[], object]) -> None:
        self.raised = 0
        self._step = step
        self._striking = False

    def _strike(self, number: int, frame: FrameType | None) -> None:
        # On a busy machine signals come faster than they are handled, and would pile up.
        if self._striking:
            return
        self._striking = True
        try:
            self._raise_in_step(frame)
        finally:
            self._striking = False

    def _raise_in_step(self, frame: FrameType | None) -> None:
        while frame is not None and frame.f_code is not self._step.__code__:
            frame = frame.f_back
        if frame is not None:
            self.raised += 1
            raise InterruptedHereError

    def rage(self, interrupts: int, at_most_s: float) -> None:
        before = signal.signal(signal.SIGALRM, self._strike)
        end = time.monotonic() + at_most_s
        # The hook of the test runner is Python: an interrupt of it would fail the test. `id` ignores what it is given.
        with mock.patch.object(sys, "unraisablehook", id):
            signal.setitimer(signal.ITIMER_REAL, 31e-6, 31e-6)
            try:
                while self.raised < interrupts and time.monotonic() < end:
                    with suppress(InterruptedHereError):
                        self._step()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)


def _with_block(registry: Registry) -> None:
    for _ in range(20):
        with registry.acquire("m") as lease:
            lease.first_byte()


def _acquire_and_finish(registry: Registry) -> None:
    for _ in range(20):
        registry.acquire("m").finish(latency_ms=3)


def _count(registry: Registry) -> None:
    for _ in range(20):
        registry.increment_pending("a")
        registry.decrement_pending("a")
        registry.update_latency("a", 5)


def _write(registry: Registry) -> None:
    with suppress(DuplicateBackendError):
        registry.add_backend(make_backend("c", "m", "o"))
    registry.update_models("a", ["o", "m"])
    registry.apply([make_backend("a", "m", url=f"http://{registry.revision % 2}"), make_backend("b", "m", "n")])
    registry.update_models("a", ["m", "n"])
    with suppress(BackendNotFoundError):
        registry.remove_backend("c")


def _lock(registry: Registry) -> None:
    for _ in range(50):
        with registry._lock:
            pass


STORMS = {
    "with block": _with_block,
    "acquire and finish": _acquire_and_finish,
    "counters": _count,
    "writes": _write,
    "lock": _lock,
}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer signals on this system")
@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals reach the main thread only")
@pytest.mark.parametrize("name", STORMS)
def test_a_storm_of_interrupts_leaks_no_lease_and_sticks_no_lock(name, effort):
    registry = make_registry(make_backend("a", "m", "n"), make_backend("b", "m", max_pending=50))
    storm = Storm(lambda: STORMS[name](registry))
    for _ in range(10):
        # A last signal may be handled on the way out.
        with suppress(InterruptedHereError):
            storm.rage(interrupts=5_000 * effort, at_most_s=4 * effort)
    settle(registry)
    leases = _leases(registry)
    report(f"[interrupts] storm over {name}: {storm.raised} interrupts, {len(leases)} leases lost")
    assert not leases
    assert storm.raised >= 1_000
    for backend in registry:
        assert registry.increment_pending(backend.id) == backend.pending_requests
