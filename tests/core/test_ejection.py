"""Passive ejection: what counts, when it is enough, for how long, and how many at most."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_registry import (
    BackendStatus,
    EjectionCause,
    EjectionPolicy,
    InvalidValueError,
    Outcome,
    ProbeResult,
    Registry,
)
from backend_registry.testing import ManualClock
from tests.concurrency.invariants import check
from tests.core.fleet import add, assert_sound, changes, ids

STRICT = EjectionPolicy(consecutive_failures=3, base_s=10, max_s=35, panic_threshold=0)


@pytest.fixture
def strict(clock):
    """A registry that ejects after three failures in a row, for ten seconds at first."""
    return Registry(clock=clock, ejection_policy=STRICT, rng=random.Random(1))


def others(registry, name):
    return [each.id for each in registry if each.id != name]


def end(registry, name, *outcomes, model="m"):
    """Requests of one backend that end like this, one after the other."""
    for outcome in outcomes:
        registry.acquire(model, exclude=others(registry, name)).finish(outcome)


def eject(registry, name, model="m"):
    end(registry, name, *["failed"] * registry.ejection_policy.consecutive_failures, model=model)
    assert registry.get_backend(name).reason_code == "ejected"


# --- what ejects


def test_failures_in_a_row_eject(strict, clock):
    bad, good = add(strict, "bad", "good")
    end(strict, "bad", "failed", "failed")
    assert bad.available
    end(strict, "bad", "failed")
    assert (bad.reason_code, bad.ejection) == ("ejected", EjectionCause.FAILURES)
    assert bad.status_reason == "too many failures in a row, left alone for 10.0 s"
    assert bad.record.ejected_until_ns == clock.monotonic_ns() + 10 * 10**9
    assert strict.candidates("m") == (good,)
    (decision,) = (decision for decision in strict.explain("m") if not decision.eligible)
    assert (decision.backend_id, decision.code, decision.until_s) == ("bad", "ejected", 10.0)
    assert_sound(strict)


def test_a_good_answer_ends_the_streak(strict):
    bad, _ = add(strict, "bad", "good")
    end(strict, "bad", *["failed", "failed", "ok"] * 5)
    assert bad.available
    assert bad.tally.failed_requests == 10


@pytest.mark.parametrize("neutral", [Outcome.CLIENT_ERROR, Outcome.CANCELLED, Outcome.OVERLOADED])
def test_neutral_outcomes_neither_end_the_streak_nor_add_to_it(strict, neutral):
    bad, _ = add(strict, "bad", "good")
    end(strict, "bad", *[neutral] * 20)
    assert bad.available
    end(strict, "bad", "failed", neutral, "failed", neutral)
    assert bad.available
    end(strict, "bad", "failed")
    assert not bad.available


def test_an_exception_in_a_with_block_counts_as_a_failure(strict):
    bad, _ = add(strict, "bad", "good")
    for _ in range(3):
        with pytest.raises(OSError, match="reset"), strict.acquire("m", exclude=["good"]):
            raise ConnectionResetError("reset")
    assert not bad.available


def test_without_a_policy_nothing_is_ejected(registry):
    bad, _ = add(registry, "bad", "good")
    end(registry, "bad", *["failed"] * 50)
    assert bad.available


SHARE = EjectionPolicy(consecutive_failures=1000, failure_share=0.5, min_requests=10, window_s=10, panic_threshold=0)


def test_a_large_share_of_failures_ejects(clock):
    registry = Registry(clock=clock, ejection_policy=SHARE)
    bad, _ = add(registry, "bad", "good")
    end(registry, "bad", *["ok", "failed"] * 5)
    assert bad.available, "exactly half is not more than half"
    end(registry, "bad", "failed")
    assert bad.ejection is EjectionCause.SHARE
    assert bad.status_reason == "too large a share of failures, left alone for 30.0 s"


def test_a_share_of_few_requests_says_nothing(clock):
    registry = Registry(clock=clock, ejection_policy=SHARE)
    bad, _ = add(registry, "bad", "good")
    end(registry, "bad", *["failed"] * 9)
    assert bad.available
    end(registry, "bad", *[Outcome.CANCELLED] * 9)
    assert bad.available, "neutral outcomes are not among the requests that count"
    end(registry, "bad", "failed")
    assert not bad.available


def test_what_is_older_than_the_window_does_not_count(clock):
    registry = Registry(clock=clock, ejection_policy=SHARE)
    bad, _ = add(registry, "bad", "good")
    end(registry, "bad", *["failed"] * 9)
    clock.advance(10)
    end(registry, "bad", *["failed"] * 9)
    assert bad.available
    clock.advance(9)
    end(registry, "bad", "failed")
    assert not bad.available


def test_good_requests_of_other_seconds_keep_the_share_small(clock):
    registry = Registry(clock=clock, ejection_policy=SHARE)
    bad, _ = add(registry, "bad", "good")
    for _ in range(5):
        end(registry, "bad", *["ok"] * 40)
        clock.advance(1)
    end(registry, "bad", *["failed"] * 200)
    assert bad.available
    end(registry, "bad", "failed")
    assert not bad.available


# --- who may be ejected


def test_the_last_that_may_be_picked_is_not_ejected(strict):
    (only,) = add(strict, "only")
    end(strict, "only", *["failed"] * 20)
    assert only.available
    (other,) = add(strict, "other")
    strict.update_status("other", "unhealthy")
    end(strict, "only", "failed")
    assert only.available
    strict.update_status("other", "healthy")
    end(strict, "only", "failed")
    assert strict.candidates("m") == (other,)


@pytest.mark.parametrize(
    ("members", "share", "most"),
    [(2, 0.1, 1), (10, 0.1, 1), (20, 0.1, 2), (29, 0.1, 2), (4, 0.5, 2), (9, 1, 8), (100, 0.29, 29)],
)
def test_only_so_many_of_a_model_are_ejected(clock, members, share, most):
    policy = EjectionPolicy(consecutive_failures=1, max_share=share, panic_threshold=0)
    registry = Registry(clock=clock, ejection_policy=policy)
    for each in add(registry, *map(str, range(members))):
        end(registry, each.id, "failed")
    assert sum(not each.available for each in registry) == most


def test_a_backend_that_one_of_its_models_needs_is_not_ejected(strict):
    add(strict, "both", models=["m", "alone"])
    add(strict, "good")
    end(strict, "both", *["failed"] * 9)
    assert strict.get_backend("both").available
    add(strict, "more", models=["alone"])
    end(strict, "both", "failed")
    assert not strict.get_backend("both").available


def test_an_overloaded_backend_takes_no_place_among_the_ejected(strict):
    add(strict, "bad", "tired", "good")
    strict.acquire("m", exclude=["bad", "good"]).finish("overloaded", retry_after=60)
    eject(strict, "bad")
    assert ids(strict.candidates("m")) == ["good"]


def test_a_backend_that_serves_nothing_any_more_may_fail(strict):
    bad, _ = add(strict, "bad", "good")
    leases = [strict.acquire("m", exclude=["good"]) for _ in range(3)]
    strict.update_models("bad", [])
    for lease in leases:
        lease.finish("failed")
    assert bad.reason_code == "ejected"


@pytest.mark.parametrize("verb", ["drain", "disable", "remove_backend"])
def test_a_backend_that_is_out_already_is_not_ejected(strict, verb):
    bad, _ = add(strict, "bad", "good")
    leases = [strict.acquire("m", exclude=["good"]) for _ in range(5)]
    getattr(strict, verb)("bad")
    for lease in leases:
        lease.finish("failed")
    assert bad.record.ejected_until_ns is None


# --- for how long


def test_each_time_lasts_longer_up_to_a_limit(strict, clock):
    bad, _ = add(strict, "bad", "good")
    seen = []
    eject(strict, "bad")
    for _ in range(5):
        left_ns = bad.record.ejected_until_ns - clock.monotonic_ns()
        seen.append(left_ns / 1e9)
        clock.advance(left_ns / 1e9)
        end(strict, "bad", "failed")
    assert seen == [10, 20, 30, 35, 35]
    assert bad.record.ejections == 6


def test_good_time_is_remembered(strict, clock):
    bad, _ = add(strict, "bad", "good")
    eject(strict, "bad")
    clock.advance(10)
    end(strict, "bad", "failed")
    clock.advance(20)
    end(strict, "bad", "ok")
    assert bad.record.ejections == 2
    clock.advance(9.9)
    eject(strict, "bad")
    assert bad.record.ejections == 3
    clock.advance(30)
    end(strict, "bad", "ok")
    clock.advance(20)
    eject(strict, "bad")
    assert bad.record.ejections == 2
    assert bad.record.ejected_until_ns - clock.monotonic_ns() == 20 * 10**9
    clock.advance(20)
    end(strict, "bad", "ok")
    clock.advance(10_000)
    eject(strict, "bad")
    assert bad.record.ejections == 1


def test_a_request_from_before_does_not_extend_it(strict, clock):
    bad, _ = add(strict, "bad", "good")
    old = [strict.acquire("m", exclude=["good"]) for _ in range(9)]
    eject(strict, "bad")
    until_ns = bad.record.ejected_until_ns
    clock.advance(5)
    for lease in old[:3]:
        lease.finish("failed")
    assert bad.record.ejected_until_ns == until_ns
    clock.advance(5)
    old[3].finish("failed")
    assert bad.available, "what began before the ejection is not the trial"
    end(strict, "bad", "ok")
    for lease in old[4:]:
        lease.finish("failed")
    assert bad.available
    assert bad.tally.failed_requests == 12, "but it is counted as what it was"


def test_failures_from_before_do_not_eject_at_once_again(strict, clock):
    bad, _ = add(strict, "bad", "good")
    eject(strict, "bad")
    strict.record_probe(bad, ProbeResult(ok=True))
    assert bad.available
    clock.advance(1)
    end(strict, "bad", "failed", "failed")
    assert bad.available
    end(strict, "bad", "failed")
    assert not bad.available


def test_ejection_is_a_change_that_watchers_see(strict):
    add(strict, "bad", "good")
    with strict.watch() as watch:
        eject(strict, "bad")
        ((entry,),) = (change.entries for change in changes(watch))
    assert (entry.id, entry.after.ejection, entry.after.ejections) == ("bad", "consecutive_failures", 1)


# --- probes and operators


def test_a_passed_probe_ends_it_whatever_the_thresholds_of_health(strict):
    bad, _ = add(strict, "bad", "good")
    strict.update_status("bad", "healthy")
    eject(strict, "bad")
    strict.record_probe(bad, ProbeResult(ok=False))
    assert bad.reason_code == "ejected"
    strict.record_probe(bad, ProbeResult(ok=True))
    assert (bad.available, bad.on_trial, bad.ejection) == (True, False, None)
    assert_sound(strict)


def test_a_probe_that_ends_it_early_makes_failures_count_from_then_on(strict, clock):
    bad, _ = add(strict, "bad", "good")
    eject(strict, "bad")
    clock.advance(1)
    strict.record_probe(bad, ProbeResult(ok=True))
    eject(strict, "bad")
    assert bad.record.ejections == 2


def test_an_operator_who_says_healthy_ends_it(strict):
    bad, _ = add(strict, "bad", "good")
    eject(strict, "bad")
    strict.update_status("bad", BackendStatus.UNKNOWN)
    assert bad.reason_code == "ejected"
    strict.update_status("bad", BackendStatus.HEALTHY)
    assert bad.available


def test_a_passed_probe_does_not_end_the_rest_of_an_overloaded_backend(strict):
    bad, _ = add(strict, "bad", "good")
    held = strict.acquire("m", exclude=["good"])
    eject(strict, "bad")
    held.finish("overloaded", retry_after=60)
    assert (bad.ejection, bad.on_trial) == (EjectionCause.OVERLOADED, True)
    strict.record_probe(bad, ProbeResult(ok=True))
    assert (bad.reason_code, bad.ejection, bad.on_trial) == ("ejected", EjectionCause.OVERLOADED, False)


def test_one_that_is_overloaded_while_ejected_still_has_to_prove_itself(strict, clock):
    bad, _ = add(strict, "bad", "good")
    held = strict.acquire("m", exclude=["good"])
    eject(strict, "bad")
    held.finish("overloaded", retry_after=60)
    clock.advance(60)
    assert bad in strict.candidates("m")
    assert bad.on_trial


def test_failures_while_overloaded_are_looked_at_when_it_is_back(strict, clock):
    bad, _ = add(strict, "bad", "good")
    held = [strict.acquire("m", exclude=["good"]) for _ in range(5)]
    held[0].finish("overloaded", retry_after=5)
    for lease in held[1:4]:
        lease.finish("failed")
    assert bad.ejection is EjectionCause.OVERLOADED
    clock.advance(5)
    strict.candidates("m")
    held[4].finish("failed")
    assert bad.ejection is EjectionCause.FAILURES


# --- from awkward places


def test_a_failure_inside_a_write_of_its_own_thread_leaves_the_verdict_to_the_next_one(strict):
    bad, _ = add(strict, "bad", "good")
    leases = [strict.acquire("m", exclude=["good"]) for _ in range(4)]
    with strict._lock:
        for lease in leases[:3]:
            assert lease.finish("failed")
    assert bad.available
    leases[3].finish("failed")
    assert not bad.available


def test_the_same_failure_seen_by_two_ejects_once(strict):
    bad, _ = add(strict, "bad", "good")
    eject(strict, "bad")
    revision = strict.revision
    strict._eject(bad, EjectionCause.FAILURES, STRICT, object())
    assert strict.revision == revision


def test_a_failure_that_is_not_the_trial_ejects_nobody_who_is_on_trial(strict, clock):
    bad, _ = add(strict, "bad", "good")
    eject(strict, "bad")
    clock.advance(10)
    strict.candidates("m")
    strict._eject(bad, EjectionCause.FAILURES, STRICT, object())
    assert bad.on_trial


@pytest.mark.parametrize(
    "wrong",
    [
        {"consecutive_failures": 0},
        {"failure_share": 1.1},
        {"min_requests": 0},
        {"window_s": 0},
        {"window_s": 31},
        {"base_s": 0},
        {"max_s": -1},
        {"max_share": -0.1},
        {"max_share": True},
        {"panic_threshold": float("nan")},
    ],
)
def test_a_policy_refuses_what_makes_no_sense(wrong):
    with pytest.raises(InvalidValueError) as caught:
        EjectionPolicy(**wrong)
    assert caught.value.field in wrong


def test_a_registry_wants_a_policy_object():
    with pytest.raises(InvalidValueError, match=r"^ejection_policy: is a dict; pass an EjectionPolicy$"):
        Registry(ejection_policy={})


# --- properties


class Fleet:
    """Five backends of overlapping models, under random outcomes, with the promises checked after every step."""

    def __init__(self, policy, seed):
        self.clock = ManualClock()
        self.policy = policy
        self.registry = Registry(clock=self.clock, ejection_policy=policy, rng=random.Random(seed))
        for number in range(5):
            add(self.registry, f"b{number}", models=["m", "n"] if number % 2 else ["m"], max_pending=3 if number == 4 else None)
        self.leases = []

    def check(self):
        for model in ("m", "n"):
            members = self.registry.get_backends_for_model(model)
            out = [each for each in members if each.record.is_outlier]
            assert len(out) <= max(1, int(self.policy.max_share * len(members)))
            assert [each for each in members if each.available and not each.on_trial], "the last one was ejected"
        check(self.registry)

    def step(self, action, number):
        if action == "acquire":
            self.leases.append(self.registry.acquire("mn"[number % 2]))
        elif action == "wait":
            self.clock.advance(number)
            self.registry.candidates("m")
        elif self.leases:
            self.leases.pop(number % len(self.leases)).finish(action)
        self.check()


ACTIONS = st.sampled_from([*["acquire"] * 4, *["failed"] * 4, "ok", "cancelled", "wait"])
POLICIES = st.builds(
    EjectionPolicy,
    consecutive_failures=st.integers(1, 2),
    max_share=st.sampled_from([0.1, 0.5, 1]),
    base_s=st.just(7),
    max_s=st.just(30),
    min_requests=st.just(4),
    failure_share=st.sampled_from([0.3, 0.85]),
    panic_threshold=st.sampled_from([0, 0.5]),
)


# Long ones, since it takes several failures of several backends to reach a cap.
STEPS = st.lists(st.tuples(ACTIONS, st.integers(0, 40)), min_size=40, max_size=80)


@settings(max_examples=60, deadline=None)
@given(policy=POLICIES, steps=STEPS, seed=st.integers(0, 9))
def test_caps_hold_and_everybody_comes_back(policy, steps, seed):
    live_through(policy, steps, seed)


def live_through(policy, steps, seed):
    """A random history, and then the end of every ejection."""
    fleet = Fleet(policy, seed)
    for action, number in steps:
        fleet.step(action, number)
    for lease in fleet.leases:
        lease.finish("cancelled")
    fleet.clock.advance(30)
    for each in fleet.registry:
        # With its trial passed, each has its full place again.
        fleet.registry.acquire("m", exclude=others(fleet.registry, each.id)).finish()
        assert (each.available, each.on_trial) == (True, False)
