"""Forking: the child has the same backends, working locks, no request in flight and an identity of its own."""

import gc
import json
import os
import runpy
import threading
import warnings
import weakref

import pytest

from backend_registry import Registry
from backend_registry._core import forking
from tests.core.fleet import add, assert_sound

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def in_child(work):
    """What `work` returns in a forked child, as JSON."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Other tests may have left idle threads; the child uses none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        try:
            answer = work()
        except BaseException as error:  # noqa: BLE001 -- whatever it is, the parent has to hear of it
            answer = repr(error)
        try:
            os.write(writing, json.dumps(answer).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = json.load(pipe)
    os.waitpid(child, 0)
    return answer


@needs_fork
def test_child_starts_anew_with_the_same_backends(registry):
    (gpu,) = add(registry, "a")
    lease = registry.acquire("m")
    registry.increment_pending("a")
    registry.update_latency("a", 40)

    def work():
        seen = [registry.epoch, gpu.pending_requests, gpu.avg_latency_ms, len(registry), registry.snapshot().epoch]
        ended = lease.finish()
        lease.first_byte()
        with registry.acquire("m"):
            inside = gpu.pending_requests
        add(registry, "b")
        assert_sound(registry)
        return [*seen, ended, inside, registry.increment_pending("a"), registry.leaked_leases]

    epoch, pending, latency, count, snapshot_epoch, ended, inside, raw, leaked = in_child(work)
    assert epoch == snapshot_epoch != registry.epoch
    assert (pending, latency, count, ended, inside, raw, leaked) == (0, 40, 1, False, 1, 1, 0)
    assert gpu.pending_requests == 2
    assert lease.finish()


@needs_fork
def test_child_is_not_blocked_by_locks_that_other_threads_held(registry):
    (gpu,) = add(registry, "a")
    inside, over = threading.Event(), threading.Event()

    def hold():
        with gpu._lock:
            inside.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    assert in_child(lambda: [registry.increment_pending("a"), add(registry, "b") != []]) == [1, True]
    over.set()
    thread.join()
    assert registry.increment_pending("a") == 1


@needs_fork
def test_watch_ends_in_the_child_and_goes_on_in_the_parent(registry):
    watch = registry.watch()

    def work():
        add(registry, "b")
        return [watch.closed, watch.poll(), watch.next()]

    assert in_child(work) == [True, None, None]
    add(registry, "a")
    assert watch.next(timeout=0).revision == 1


def test_lease_of_the_parent_has_no_effect_in_the_child(registry):
    (gpu,) = add(registry, "a")
    lease = registry.acquire("m")
    registry._after_fork_in_child()
    lease.first_byte()
    assert not lease.finish()
    assert (gpu.pending_requests, gpu.total_requests, lease.active) == (0, 0, False)


def test_new_epoch_is_in_the_next_snapshot(registry):
    before = registry.snapshot()
    registry._after_fork_in_child()
    after = registry.snapshot()
    assert before.epoch != after.epoch == registry.epoch
    assert before.revision == after.revision


class Recorded:
    """Takes part in forks and remembers in what order it was told."""

    def __init__(self):
        self.told = []

    def _before_fork(self):
        self.told.append("before")

    def _after_fork_in_parent(self):
        self.told.append("parent")

    def _after_fork_in_child(self):
        self.told.append("child")


@pytest.mark.parametrize("side", ["parent", "child"])
def test_every_registry_is_told_before_and_after(monkeypatch, side):
    one, other = Recorded(), Recorded()
    monkeypatch.setattr(forking, "_guarded", {one, other})
    forking._before()
    assert forking._lock._is_owned()
    {"parent": forking._in_parent, "child": forking._in_child}[side]()
    assert one.told == other.told == ["before", side]
    assert not forking._lock._is_owned()
    assert forking._held == []


def test_system_without_fork_needs_no_hooks(monkeypatch):
    monkeypatch.delattr(os, "register_at_fork", raising=False)
    assert runpy.run_path(forking.__file__)["guard"](Registry()) is None


def test_writers_wait_while_a_fork_is_under_way(registry):
    registry._before_fork()
    added = []
    thread = threading.Thread(target=lambda: added.extend(add(registry, "a")))
    thread.start()
    assert added == []
    registry._after_fork_in_parent()
    thread.join()
    assert len(registry) == 1


def test_registry_does_not_live_longer_for_being_guarded():
    made = Registry()
    gone = weakref.ref(made)
    assert made in forking._guarded
    del made
    gc.collect()
    assert gone() is None
