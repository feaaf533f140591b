"""Slow start: a backend that has recovered gets its share of traffic back little by little."""

import random
from collections import Counter

import pytest

from backend_registry import (
    BackendStatus,
    EjectionPolicy,
    InvalidValueError,
    LeastPending,
    PeakEwma,
    ProbeResult,
    Random,
    Registry,
    SmoothWeighted,
)
from tests.core.fleet import add, assert_sound, backend
from tests.core.test_ejection import eject, end

OK, BAD = ProbeResult(ok=True), ProbeResult(ok=False)


@pytest.fixture
def registry(clock):
    return Registry(
        clock=clock, rng=random.Random(5), ejection_policy=EjectionPolicy(consecutive_failures=2, base_s=10, panic_threshold=0)
    )


@pytest.fixture
def back(registry):
    """A backend that was unhealthy a moment ago."""
    backends = add(registry, "back", "other", warmup_s=10)
    registry.update_status("back", "unhealthy")
    registry.update_status("back", "healthy")
    return backends[0]


def test_weight_grows_from_a_tenth_to_the_whole(back, clock):
    seen = []
    for _ in range(6):
        seen.append(back.effective_weight())
        clock.advance(2)
    assert seen == pytest.approx([10, 20, 40, 60, 80, 100])
    assert back.weight == 100


def test_cost_follows(back, clock):
    assert (back.cost(), back.cost("m", clock.monotonic_ns() + 5 * 10**9)) == (10.0, 2.0)


def test_it_gets_less_than_the_others_and_then_as_much(registry, back, clock):
    leases = [registry.acquire("m") for _ in range(9)]
    assert Counter(lease.backend.id for lease in leases) == {"other": 9}
    clock.advance(10)
    assert registry.pick("m") is back
    assert back.record.warming_since_ns is None
    assert_sound(registry)


def test_its_end_is_a_change_and_brings_the_fast_road_back(registry, back, clock):
    assert registry._entry_of("m").published is None or registry._entry_of("m").published.alike is None
    revision = registry.revision
    clock.advance(10)
    registry.pick("m")
    assert registry.revision == revision + 1
    assert registry._entry_of("m").published.alike is not None


@pytest.mark.parametrize(
    ("policy", "lowest", "highest"), [(SmoothWeighted(), 8, 12), (Random(), 2, 25), (LeastPending(), 0, 0), (PeakEwma(), 0, 0)]
)
def test_policies_by_weight_and_cost_hold_to_it(registry, back, policy, lowest, highest):
    picks = Counter(registry.pick("m", policy=policy).id for _ in range(110))
    assert lowest <= picks["back"] <= highest


def test_affinity_moves_keys_back_little_by_little(registry, back, clock):
    def at_home():
        return sum(registry.pick("m", affinity=str(key)) is back for key in range(200))

    few = at_home()
    clock.advance(5)
    some = at_home()
    clock.advance(5)
    assert few < some < at_home()


def test_a_new_backend_is_not_slowed_down(registry):
    (new,) = add(registry, "new", warmup_s=10)
    registry.record_probe(new, OK)
    assert new.effective_weight() == 100
    (dead,) = add(registry, "dead", warmup_s=10)
    registry.record_probe(dead, BAD)
    registry.record_probe(dead, OK)
    assert dead.effective_weight() == 100
    registry.record_probe(dead, OK)
    assert (dead.status, dead.effective_weight()) == (BackendStatus.HEALTHY, 10)


def test_without_warmup_it_is_back_at_once(registry):
    (gpu,) = add(registry, "a")
    registry.update_status("a", "unhealthy")
    registry.update_status("a", "healthy")
    assert (gpu.record.warming_since_ns, gpu.cost()) == (None, 1.0)


def test_it_ends_when_the_backend_falls_ill_again(registry, back):
    registry.update_status("back", "unhealthy")
    assert back.record.warming_since_ns is None
    registry.update_status("back", "unknown")
    assert back.record.warming_since_ns is None


def test_after_a_passed_trial_it_warms_up(registry, clock):
    bad, _ = add(registry, "bad", "good", warmup_s=10)
    eject(registry, "bad")
    clock.advance(10)
    registry.candidates("m")
    assert bad.effective_weight() == 100, "a trial is one request at a time anyway"
    end(registry, "bad", "ok")
    assert bad.effective_weight() == 10


def test_after_a_probe_has_ended_an_ejection_it_warms_up(registry):
    bad, _ = add(registry, "bad", "good", warmup_s=10)
    eject(registry, "bad")
    registry.record_probe(bad, OK)
    assert bad.effective_weight() == 10
    end(registry, "bad", "failed", "failed")
    assert (bad.reason_code, bad.record.warming_since_ns) == ("ejected", None)


def test_a_rest_goes_by_without_slow_start(registry, clock):
    tired, _ = add(registry, "tired", "good", warmup_s=10)
    end(registry, "tired", "ok")
    registry.acquire("m", exclude=["good"]).finish("overloaded", retry_after=5)
    clock.advance(5)
    registry.candidates("m")
    assert tired.effective_weight() == 100


def test_a_rest_during_the_warm_up_does_not_stop_it(registry, back, clock):
    registry.acquire("m", exclude=["other"]).finish("overloaded", retry_after=5)
    clock.advance(5)
    registry.candidates("m")
    assert back.effective_weight() == pytest.approx(50)
    clock.advance(5)
    registry.candidates("m")
    assert back.record.warming_since_ns is None


def test_a_configuration_without_it_ends_it(registry, back, clock):
    registry.apply([backend("back", ["m"]), registry.get_backend("other")])
    assert back.effective_weight() == 100
    registry.pick("m")
    assert back.record.warming_since_ns is None


@pytest.mark.parametrize("wrong", [-1, "5", float("inf"), True, None])
def test_what_is_no_time_is_refused(wrong):
    with pytest.raises(InvalidValueError, match=r"^warmup_s: "):
        backend(warmup_s=wrong)
