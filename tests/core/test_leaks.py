"""Forgotten leases: given back by the garbage collector, exactly once, and counted."""

import gc

import pytest

from tests.core.fleet import add, assert_sound


def forget(registry, count=1):
    """Acquire and lose leases."""
    for _ in range(count):
        registry.acquire("m")
    gc.collect()


@pytest.mark.parametrize(
    "look",
    [
        lambda registry: registry.get_backend("a").pending_requests,
        lambda registry: registry.leaked_leases,
        lambda registry: registry.candidates("m"),
        lambda registry: registry.pick("m"),
        lambda registry: registry.acquire("m").finish(),
    ],
    ids=["pending_requests", "leaked_leases", "candidates", "pick", "acquire"],
)
def test_forgotten_leases_are_taken_back_by_whoever_looks_next(registry, look):
    (gpu,) = add(registry, "a")
    leases = [registry.acquire("m") for _ in range(3)]
    del leases
    gc.collect()
    look(registry)
    assert len(gpu._tickets) == 0
    assert registry.leaked_leases == 3
    assert_sound(registry)


def test_a_leak_counts_as_an_ended_request_without_latency(registry):
    (gpu,) = add(registry, "a")
    forget(registry, 2)
    assert (gpu.pending_requests, gpu.total_requests, gpu.latency_samples) == (0, 2, 0)


def test_finished_leases_are_no_leaks(registry):
    add(registry, "a")
    for _ in range(3):
        registry.acquire("m").finish()
    gc.collect()
    assert registry.leaked_leases == 0


def test_lease_in_a_cycle_is_found_by_the_collector(registry):
    (gpu,) = add(registry, "a")
    cycle = [registry.acquire("m")]
    cycle.append(cycle)
    del cycle
    gc.collect()
    assert (gpu.pending_requests, registry.leaked_leases) == (0, 1)


def test_lease_of_a_removed_backend_is_taken_back_too(registry):
    (gpu,) = add(registry, "a")
    lease = registry.acquire("m")
    registry.remove_backend("a")
    del lease
    gc.collect()
    assert (gpu.pending_requests, registry.leaked_leases) == (0, 1)


def test_two_that_take_back_the_same_lease_count_it_once(registry):
    (gpu,) = add(registry, "a")
    forget(registry)
    # What the other one sees that copied the list a moment earlier.
    registry._abandoned *= 2
    registry._note_abandoned = registry._abandoned.append
    assert (gpu.pending_requests, registry.leaked_leases, gpu.total_requests) == (0, 1, 1)
    assert registry._abandoned == []


def test_full_backend_gets_room_again(registry):
    add(registry, "a", max_pending=1)
    forget(registry)
    with registry.acquire("m"):
        assert registry.leaked_leases == 1
