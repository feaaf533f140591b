"""Leases: count and outcome in one object; the first finish wins, and nothing is left behind."""

import asyncio
import copy
import pickle

import pytest

from backend_registry import (
    BackendStatus,
    Capability,
    InvalidValueError,
    Model,
    NoBackendError,
    Outcome,
    Registry,
)
from tests.core.fleet import add, unchanged


class StatusError(Exception):
    """What HTTP clients raise."""

    def __init__(self, status_code):
        self.status_code = status_code


# --- outcomes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        ((100, 200, 204, 301, 399), "ok"),
        ((400, 401, 404, 422, 498, 428), "client_error"),
        ((429, 503), "overloaded"),
        ((499,), "cancelled"),
        ((500, 502, 504, 599), "failed"),
    ],
)
def test_status_codes_are_outcomes(codes, outcome):
    assert {Outcome.from_status(code) for code in codes} == {outcome}


@pytest.mark.parametrize("code", [99, 600, -1, True, "200", 200.0, None])
def test_what_is_no_status_code_is_refused(code):
    with pytest.raises(InvalidValueError, match=r"^code: is .*; pass an .* 100 to 599$"):
        Outcome.from_status(code)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ValueError(), "failed"),
        (TimeoutError(), "failed"),
        (KeyboardInterrupt(), "cancelled"),
        (GeneratorExit(), "cancelled"),
        (asyncio.CancelledError(), "cancelled"),
        (StatusError(404), "client_error"),
        (StatusError(503), "overloaded"),
        (StatusError(500), "failed"),
        (StatusError(200), "failed"),
        (StatusError("404"), "failed"),
        (StatusError(None), "failed"),
    ],
)
def test_exceptions_are_outcomes(error, outcome):
    assert Outcome.from_exception(error) == outcome


@pytest.mark.parametrize(
    ("outcome", "samples", "failed"),
    [
        (Outcome.OK, 1, 0),
        (Outcome.FAILED, 0, 1),
        (Outcome.OVERLOADED, 0, 0),
        ("ok", 1, 0),
        ("failed", 0, 1),
        ("client_error", 0, 0),
        ("cancelled", 0, 0),
    ],
)
def test_only_ok_feeds_the_average_and_only_failed_counts_as_fault(registry, clock, outcome, samples, failed):
    (gpu,) = add(registry, "a")
    lease = registry.acquire("m")
    clock.advance(0.05)
    assert lease.finish(outcome)
    tally = gpu.tally
    assert (tally.total_requests, tally.latency_samples, tally.failed_requests) == (1, samples, failed)
    assert gpu.avg_latency_ms == 50 * samples
    assert gpu.status is BackendStatus.UNKNOWN


# --- finish --------------------------------------------------------------------------------------------------------------


def test_first_finish_wins(registry):
    (gpu,) = add(registry, "a")
    lease = registry.acquire("m")
    assert lease.active
    assert lease.finish(Outcome.FAILED)
    assert not lease.active
    with unchanged(registry):
        assert not lease.finish()
        assert not lease.finish(Outcome.OVERLOADED, retry_after=5)
    assert (gpu.pending_requests, gpu.tally.failed_requests) == (0, 1)


def test_latency_may_be_given(registry):
    (gpu,) = add(registry, "a")
    registry.acquire("m").finish(latency_ms=123)
    assert gpu.avg_latency_ms == 123


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"outcome": "fine"}, "outcome"),
        ({"outcome": None}, "outcome"),
        ({"outcome": 5}, "outcome"),
        ({"retry_after": -1}, "retry_after"),
        ({"retry_after": "5"}, "retry_after"),
        ({"retry_after": float("nan")}, "retry_after"),
        ({"latency_ms": float("inf")}, "latency_ms"),
        ({"latency_ms": True}, "latency_ms"),
    ],
)
def test_bad_finish_is_refused_and_the_request_goes_on(registry, arguments, field):
    (gpu,) = add(registry, "a")
    lease = registry.acquire("m")
    with unchanged(registry), pytest.raises(InvalidValueError, match=rf"^{field}: "):
        lease.finish(**arguments)
    assert (lease.active, gpu.pending_requests) == (True, 1)
    assert lease.finish()


# --- blocks --------------------------------------------------------------------------------------------------------------


def test_block_without_exception_is_ok(registry, clock):
    (gpu,) = add(registry, "a")
    with registry.acquire("m") as lease:
        clock.advance(0.02)
        assert gpu.pending_requests == 1
    assert (lease.active, gpu.pending_requests, gpu.avg_latency_ms) == (False, 0, 20)


def test_block_with_exception_is_its_outcome_and_the_exception_goes_on(registry):
    (gpu,) = add(registry, "a")
    with pytest.raises(OSError), registry.acquire("m"):
        raise OSError
    with pytest.raises(KeyboardInterrupt), registry.acquire("m"):
        raise KeyboardInterrupt
    assert (gpu.pending_requests, gpu.tally.total_requests, gpu.tally.failed_requests) == (0, 2, 1)


def test_finish_inside_of_the_block_is_the_one_that_counts(registry):
    (gpu,) = add(registry, "a")
    with registry.acquire("m") as lease:
        lease.finish(Outcome.FAILED)
    assert (gpu.tally.total_requests, gpu.tally.failed_requests, gpu.latency_samples) == (1, 1, 0)


def test_async_block(registry):
    (gpu,) = add(registry, "a")

    async def main():
        async with registry.acquire("m") as lease:
            assert gpu.pending_requests == 1
        assert not lease.active
        with pytest.raises(asyncio.CancelledError):
            async with registry.acquire("m"):
                raise asyncio.CancelledError

    asyncio.run(main())
    assert (gpu.pending_requests, gpu.tally.total_requests, gpu.tally.failed_requests) == (0, 2, 0)


# --- identity ------------------------------------------------------------------------------------------------------------


def test_lease_belongs_to_the_object_and_not_to_the_id(registry):
    (old,) = add(registry, "a")
    lease = registry.acquire("m")
    registry.remove_backend("a")
    (new,) = add(registry, "a")
    fresh = registry.acquire("m")
    lease.finish()
    assert (old.pending_requests, new.pending_requests) == (0, 1)
    fresh.finish()


def test_lease_of_a_removed_backend_does_not_cool_down_its_successor(registry):
    add(registry, "a")
    lease = registry.acquire("m")
    registry.remove_backend("a")
    (new,) = add(registry, "a")
    with unchanged(registry):
        lease.finish(Outcome.OVERLOADED, retry_after=60)
    assert new.available


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_lease_refuses_to_be_copied_with_a_hint(registry, duplicate):
    add(registry, "a")
    with (
        registry.acquire("m") as lease,
        pytest.raises(TypeError, match=r"a Lease cannot be pickled or copied; pass lease"),
    ):
        duplicate(lease)


def test_repr_says_model_backend_and_state(registry):
    add(registry, "a")
    lease = registry.acquire("m")
    assert repr(lease) == "<Lease 'm' on 'a' active>"
    lease.finish()
    assert repr(lease) == "<Lease 'm' on 'a' finished>"


# --- first byte ----------------------------------------------------------------------------------------------------------


def test_first_byte_is_measured_once_and_apart_from_latency(registry, clock):
    (gpu,) = add(registry, "a")
    with registry.acquire("m") as lease:
        clock.advance(0.1)
        lease.first_byte()
        clock.advance(0.1)
        lease.first_byte()
    lease.first_byte()
    assert (gpu.tally.first_byte_us, gpu.avg_latency_ms) == (100_000, 200)


def test_first_byte_counts_even_when_the_stream_fails(registry, clock):
    (gpu,) = add(registry, "a")
    lease = registry.acquire("m")
    clock.advance(0.1)
    lease.first_byte()
    lease.finish(Outcome.FAILED)
    assert (gpu.tally.first_byte_us, gpu.latency_samples) == (100_000, 0)


# --- next ----------------------------------------------------------------------------------------------------------------


def test_next_goes_through_all_others_once_and_then_says_why_not(registry):
    add(registry, "a", "b", "c")
    lease = registry.acquire("m")
    seen = [lease.backend.id]
    for _ in range(2):
        lease = lease.next()
        seen.append(lease.backend.id)
    assert sorted(seen) == ["a", "b", "c"]
    assert lease.tried == {"a", "b", "c"}
    with pytest.raises(NoBackendError) as caught:
        lease.next()
    assert set(caught.value.reasons.values()) == {"excluded"}
    assert sum(each.pending_requests for each in registry) == 0
    assert [each.tally.failed_requests for each in registry] == [1, 1, 1]


def test_next_keeps_the_demands_and_the_exclusion(registry):
    add(registry, "plain")
    add(registry, "s1", "s2", "s3", models=[Model("m", supports_vision=True)])
    first = registry.acquire("m", require=Capability.VISION, exclude=["s3"])
    second = first.next(Outcome.OVERLOADED)
    assert {first.backend.id, second.backend.id} == {"s1", "s2"}
    assert second.tried == {"s1", "s2", "s3"}
    assert first.backend.tally.failed_requests == 0
    second.finish()


def test_next_after_finish_keeps_the_outcome_given_first(registry):
    add(registry, "a", "b")
    first = registry.acquire("m")
    first.finish(Outcome.CLIENT_ERROR)
    first.next().finish()
    assert first.backend.tally.failed_requests == 0


# --- many ----------------------------------------------------------------------------------------------------------------


def test_many_leases_leave_exact_counts(registry, clock):
    (gpu,) = add(registry, "a")
    leases = [registry.acquire("m") for _ in range(200)]
    assert gpu.pending_requests == 200
    clock.advance(0.001)
    for number, lease in enumerate(leases):
        lease.finish(list(Outcome)[number % 5])
    assert (gpu.pending_requests, gpu.total_requests) == (0, 200)
    assert (gpu.latency_samples, gpu.tally.failed_requests) == (40, 40)


def test_default_clock_measures():
    plain = Registry()
    (gpu,) = add(plain, "a")
    with plain.acquire("m"):
        pass
    assert gpu.latency_samples == 1
    assert gpu.tally.ema_us >= 0


# --- what happens between the choice and the count


class Meddler:
    """A clock that does something when it is read next: when the lease that is being made notes the time."""

    def __init__(self):
        self.call = None

    def monotonic_ns(self):
        call, self.call = self.call, None
        if call is not None:
            call()
        return 5

    def time_ns(self):
        return 5


@pytest.mark.parametrize("verb", ["drain", "disable", "remove_backend"])
@pytest.mark.parametrize("limit", [None, 3])
def test_a_backend_that_goes_while_it_is_being_leased_is_not_leased(verb, limit):
    clock = Meddler()
    registry = Registry(clock=clock)
    gone, _ = add(registry, "gone", "stays", max_pending=limit)
    registry.increment_pending("stays")
    clock.call = lambda: getattr(registry, verb)("gone")
    lease = registry.acquire("m")
    assert lease.backend.id == "stays"
    assert (gone.pending_requests, gone.total_requests) == (0, 0)


def test_who_waits_is_woken_by_a_lease_that_is_withdrawn():
    clock = Meddler()
    registry = Registry(clock=clock)
    add(registry, "gone", "stays")
    registry.increment_pending("stays")
    bell = Bell()
    registry._lines.join("m", "group", bell)
    clock.call = lambda: (registry.drain("gone"), bell.__dict__.update(rung=0))
    lease = registry.acquire("m")
    assert (lease.backend.id, bell.rung) == ("stays", 1)
    registry._lines.leave("m", "group", bell)


class Bell:
    """A waiter that counts how often it was woken."""

    def __init__(self):
        self.rung = 0

    def wake(self):
        self.rung += 1
