"""Half-open: after an ejection for failures a backend gets one request at a time, until one has shown how it is."""

import asyncio
import contextlib
import gc
import threading

import pytest

from backend_registry import EjectionPolicy, NoBackendError, Outcome, ProbeResult, Registry
from tests.core.fleet import add, assert_sound
from tests.core.test_ejection import eject, end

POLICY = EjectionPolicy(consecutive_failures=2, base_s=10, panic_threshold=0)


@pytest.fixture
def registry(clock):
    return Registry(clock=clock, ejection_policy=POLICY)


@pytest.fixture
def tried(registry, clock):
    """A backend on trial, beside one that is fine."""
    bad, _ = add(registry, "bad", "good")
    eject(registry, "bad")
    clock.advance(10)
    assert bad in registry.candidates("m")
    return bad


def trial(registry):
    return registry.acquire("m", exclude=["good"])


def reasons(registry):
    """Why the backend cannot be had, or the empty text if it can."""
    return next(decision.code for decision in registry.explain("m") if decision.backend_id == "bad")


def test_it_may_be_picked_and_says_that_it_is_on_trial(registry, tried):
    assert (tried.available, tried.on_trial, tried.reason_code, tried.ejection) == (True, True, "", None)
    assert_sound(registry)


def test_it_gets_one_request_at_a_time(registry, tried):
    lease = trial(registry)
    assert lease.backend is tried
    for _ in range(20):
        registry.acquire("m").finish("cancelled")
        assert tried.pending_requests == 1
    with pytest.raises(NoBackendError) as caught:
        trial(registry)
    assert caught.value.reasons == {"bad": "on_trial", "good": "excluded"}
    (decision,) = (decision for decision in registry.explain("m") if not decision.eligible)
    assert (decision.code, decision.detail) == ("on_trial", "its one trial request is in flight")


def test_what_was_in_flight_before_does_not_take_the_slot(registry, clock):
    bad, _ = add(registry, "bad", "good")
    old = [trial(registry) for _ in range(3)]
    eject(registry, "bad")
    clock.advance(10)
    lease = trial(registry)
    assert (lease.backend, bad.pending_requests) == (bad, len(old) + 1)


def test_a_good_answer_ends_the_trial(registry, tried):
    with trial(registry):
        pass
    assert not tried.on_trial
    leases = [trial(registry) for _ in range(3)]
    assert tried.pending_requests == 3
    del leases


def test_a_failure_ejects_again_for_longer(registry, tried, clock):
    trial(registry).finish("failed")
    assert tried.reason_code == "ejected"
    assert tried.record.ejected_until_ns - clock.monotonic_ns() == 20 * 10**9


def test_an_asynchronous_block_counts_too(registry, tried):
    async def main():
        async with await registry.acquire_async("m", exclude=["good"]):
            assert tried.pending_requests == 1

    asyncio.run(main())
    assert not tried.on_trial


@pytest.mark.parametrize("neutral", [Outcome.CLIENT_ERROR, Outcome.CANCELLED, Outcome.OVERLOADED])
def test_a_neutral_outcome_frees_the_slot(registry, tried, neutral):
    for _ in range(3):
        trial(registry).finish(neutral)
    assert tried.on_trial
    trial(registry).finish()
    assert not tried.on_trial


def test_an_interrupt_frees_the_slot(registry, tried):
    with pytest.raises(KeyboardInterrupt), trial(registry):
        raise KeyboardInterrupt
    assert tried.on_trial
    assert reasons(registry) == ""


def test_a_forgotten_trial_frees_the_slot(registry, tried):
    trial(registry)
    gc.collect()
    assert trial(registry).backend is tried
    gc.collect()
    assert registry.leaked_leases == 2


def test_a_request_from_before_is_not_the_trial(registry, clock):
    bad, _ = add(registry, "bad", "good")
    old = [trial(registry) for _ in range(2)]
    eject(registry, "bad")
    clock.advance(10)
    lease = trial(registry)
    old[0].finish()
    assert bad.on_trial
    old[1].finish("failed")
    assert bad.on_trial
    lease.finish()
    assert not bad.on_trial


def test_a_trial_from_before_the_last_ejection_decides_nothing(registry, tried, clock):
    slow = trial(registry)
    registry.record_probe(tried, ProbeResult(ok=True))
    eject(registry, "bad")
    clock.advance(60)
    assert tried in registry.candidates("m")
    slow.finish()
    assert tried.on_trial


def test_a_trial_that_ends_after_the_backend_has_gone_changes_nothing(registry, tried):
    good, bad = trial(registry), tried
    registry.remove_backend("bad")
    revision = registry.revision
    assert good.finish()
    assert (registry.revision, bad.on_trial) == (revision, True)
    add(registry, "bad")
    assert trial(registry).last_resort == ""


def test_a_good_trial_inside_a_write_of_its_own_thread_leaves_the_verdict_to_the_next_one(registry, tried):
    lease = trial(registry)
    with registry._lock:
        assert lease.finish()
    assert tried.on_trial
    trial(registry).finish()
    assert not tried.on_trial


def test_a_passed_probe_ends_the_trial(registry, tried):
    lease = trial(registry)
    registry.record_probe(tried, ProbeResult(ok=True))
    assert not tried.on_trial
    lease.finish("failed")
    assert tried.available, "one failure after a new start is one failure"


def test_a_failed_trial_of_the_last_one_leaves_it_on_trial(registry, tried):
    registry.update_status("good", "unhealthy")
    trial(registry).finish("failed")
    assert (tried.available, tried.on_trial) == (True, True)
    assert trial(registry).backend is tried


def test_one_that_is_overloaded_in_its_trial_rests_and_is_tried_again(registry, tried, clock):
    trial(registry).finish("overloaded", retry_after=5)
    assert tried.status_reason == "overloaded, left alone for 5.0 s"
    clock.advance(5)
    assert trial(registry).backend is tried
    assert tried.on_trial


def test_a_limit_holds_in_a_trial(registry, clock):
    (bad,) = add(registry, "bad", max_pending=2)
    add(registry, "good")
    old = [trial(registry) for _ in range(2)]
    for lease in old:
        lease.finish("failed")
    clock.advance(10)
    raw = [registry.increment_pending("bad") for _ in range(2)]
    assert raw == [1, 2]
    assert reasons(registry) == "at_max_pending"
    registry.decrement_pending("bad")
    assert trial(registry).backend is bad


def test_who_waits_is_woken_when_the_trial_is_over(registry, tried):
    async def main():
        lease = trial(registry)
        waiting = [asyncio.create_task(registry.acquire_async("m", exclude=["good"])) for _ in range(2)]
        await asyncio.sleep(0)
        lease.finish()
        async with asyncio.timeout(5):
            assert {(await each).backend for each in waiting} == {tried}

    asyncio.run(main())


def test_of_many_threads_one_gets_the_slot(registry, tried):
    start, got = threading.Barrier(8), []

    def race():
        start.wait()
        with contextlib.suppress(NoBackendError):
            got.append(trial(registry))

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    got[0].finish()
    assert not tried.on_trial


def test_time_spent_on_trial_is_no_ejection(registry, tried, clock):
    clock.advance(1000)
    assert tried in registry.candidates("m")
    end(registry, "bad", "ok")
    assert tried.record.ejections == 1
