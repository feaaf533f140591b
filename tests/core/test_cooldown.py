"""Cool-down: an overloaded backend is left alone for a while, by the registry's clock."""

import threading

import pytest

from backend_registry import BackendStatus, HealthPolicy, NoBackendError, Outcome, ProbeResult, Registry
from tests.core.fleet import add, assert_sound, backend, changes, ids


def overload(registry, seconds, **options):
    """One request that the backend refuses for this long."""
    registry.acquire("m", **options).finish(Outcome.OVERLOADED, retry_after=seconds)


def test_backend_is_left_alone_until_its_time_is_over(registry, clock):
    (gpu,) = add(registry, "a")
    overload(registry, 30)
    assert (gpu.available, gpu.reason_code, gpu.status_reason) == (False, "ejected", "overloaded, left alone for 30.0 s")
    assert gpu.status is BackendStatus.UNKNOWN
    with pytest.raises(NoBackendError) as caught:
        registry.pick("m")
    assert caught.value.reasons == {"a": "ejected"}
    clock.advance(29.999)
    assert registry.candidates("m") == ()
    clock.advance(0.001)
    assert gpu.available
    assert registry.candidates("m") == (gpu,)
    assert (gpu.reason_code, gpu.record.ejected_until_ns) == ("", None)
    assert_sound(registry)


@pytest.mark.parametrize("look", ["candidates", "pick", "acquire", "explain"])
def test_whoever_looks_first_brings_it_back(registry, clock, look):
    (gpu,) = add(registry, "a")
    overload(registry, 5)
    clock.advance(5)
    getattr(registry, look)("m")
    assert gpu.record.ejected_until_ns is None
    assert gpu in registry.candidates("m")


def test_going_and_coming_back_are_changes(registry, clock):
    add(registry, "a", "b")
    watch = registry.watch()
    overload(registry, 5, exclude=["b"])
    overload(registry, 5, exclude=["a"])
    clock.advance(5)
    registry.candidates("m")
    seen = [[(entry.id, entry.after.ejected_until_ns is None) for entry in change.entries] for change in changes(watch)]
    assert seen == [[("a", False)], [("b", False)], [("a", True), ("b", True)]]


def test_the_longer_time_stands(registry, clock):
    (gpu,) = add(registry, "a")
    leases = [registry.acquire("m") for _ in range(3)]
    for lease, seconds in zip(leases, (10, 30, 5), strict=True):
        lease.finish(Outcome.OVERLOADED, retry_after=seconds)
    clock.advance(29)
    assert not gpu.available
    clock.advance(1)
    assert gpu.available


def test_time_is_cut_to_the_maximum(clock):
    strict = Registry(clock=clock, health_policy=HealthPolicy(max_cooldown_s=2))
    (gpu,) = add(strict, "a")
    overload(strict, 86_400)
    clock.advance(2)
    assert gpu.available


@pytest.mark.parametrize(
    ("outcome", "retry_after"), [("overloaded", None), ("overloaded", 0), ("failed", 30), ("ok", 30), ("cancelled", 30)]
)
def test_nothing_else_cools_down(registry, outcome, retry_after):
    (gpu,) = add(registry, "a")
    registry.acquire("m").finish(outcome, retry_after=retry_after)
    assert gpu.available


def test_probes_do_not_end_it_and_it_does_not_change_health(registry):
    (gpu,) = add(registry, "a")
    overload(registry, 30)
    registry.record_probe(gpu, ProbeResult(ok=True))
    assert (gpu.status, gpu.reason_code) == (BackendStatus.HEALTHY, "ejected")
    assert registry.get_healthy_backends() == (gpu,)
    assert registry.candidates("m") == ()


def test_each_comes_back_at_its_own_time(registry, clock):
    add(registry, "a", "b", "c")
    for name, seconds in (("a", 30), ("b", 10), ("c", 20)):
        overload(registry, seconds, exclude={"a", "b", "c"} - {name})
    seen = []
    for _ in range(4):
        seen.append(ids(registry.candidates("m")))
        clock.advance(10)
    assert seen == [[], ["b"], ["b", "c"], ["b", "c", "a"]]


def test_removed_backend_is_not_waited_for(registry, clock):
    (gpu,) = add(registry, "a")
    overload(registry, 10)
    registry.remove_backend("a")
    revision = registry.revision
    clock.advance(20)
    assert registry.candidates("m") == ()
    assert registry.revision == revision
    assert gpu.record.ejected_until_ns is not None
    add(registry, "a")
    assert_sound(registry)


def test_replaced_backend_leaves_its_cool_down_behind(registry):
    add(registry, "a")
    overload(registry, 10)
    registry.apply([new := backend("a", ["m", "n"], url="http://elsewhere")])
    assert registry.candidates("n") == (new,)


def test_two_that_find_it_due_end_it_once(registry, clock):
    add(registry, "a")
    overload(registry, 10)
    clock.advance(10)
    revision = registry.revision
    # Both have seen that it is due; the second finds nothing left to do.
    registry._end_what_is_due()
    registry._end_what_is_due()
    assert registry.revision == revision + 1


def test_reader_inside_a_write_of_its_own_thread_leaves_it_to_others(registry, clock):
    (gpu,) = add(registry, "a")
    overload(registry, 10)
    assert registry.candidates("m") == ()
    clock.advance(10)
    with registry._lock:
        assert registry.candidates("m") == ()
    assert registry.candidates("m") == (gpu,)


def test_cool_down_may_be_told_by_another_thread(registry):
    (gpu,) = add(registry, "a")
    lease = registry.acquire("m")
    thread = threading.Thread(target=lease.finish, args=("overloaded",), kwargs={"retry_after": 9})
    thread.start()
    thread.join()
    assert gpu.reason_code == "ejected"
