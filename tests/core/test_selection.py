"""`candidates`, `pick`, `acquire`, `explain`: who may be chosen, and why the others may not."""

import pytest

from backend_registry import (
    REASON_CODES,
    BackendStatus,
    Capability,
    Decision,
    InvalidValueError,
    Model,
    ModelNotFoundError,
    NoBackendError,
    PickRequest,
    ProbeResult,
    Registry,
    RoundRobin,
)
from tests.core.fleet import add, backend, ids, unchanged


class Recording:
    """A policy that remembers what it was asked and takes the last candidate."""

    def __init__(self):
        self.asked = []

    def choose(self, candidates, request):
        self.asked.append((candidates, request))
        return candidates[-1]


# --- candidates ----------------------------------------------------------------------------------------------------------


def test_candidates_are_the_available_ones(registry):
    add(registry, "healthy", "unknown", "unhealthy", "draining", "disabled")
    registry.update_status("healthy", "healthy")
    registry.update_status("unhealthy", "unhealthy")
    registry.drain("draining")
    registry.disable("disabled")
    assert ids(registry.candidates("m")) == ["healthy", "unknown"]
    assert registry.candidates("other") == registry.candidates("other", min_context=1) == ()


def test_unprobed_backend_is_no_candidate_where_a_probe_is_demanded():
    strict = Registry(select_unknown=False)
    (gpu,) = add(strict, "a")
    assert strict.candidates("m") == ()
    strict.record_probe(gpu, ProbeResult(ok=True))
    assert strict.candidates("m") == (gpu,)


# --- pick ----------------------------------------------------------------------------------------------------------------


def test_pick_does_not_count(registry):
    (gpu,) = add(registry, "a")
    with unchanged(registry):
        assert registry.pick("m") is gpu


def test_nobody_serves_the_model(registry):
    add(registry, "a")
    for verb in (registry.pick, registry.acquire):
        with unchanged(registry), pytest.raises(ModelNotFoundError, match=r"^model not found: other$") as caught:
            verb("other")
        assert (caught.value.model, caught.value.reasons) == ("other", {})
    assert registry.explain("other") == ()


@pytest.mark.parametrize("options", [{}, {"min_context": 1}])
def test_nobody_may_be_picked_and_the_error_says_why(registry, options):
    add(registry, "a", "b")
    registry.drain("a")
    registry.update_status("b", "unhealthy", "refused")
    with unchanged(registry), pytest.raises(NoBackendError) as caught:
        registry.pick("m", **options)
    assert caught.value.reasons == {"a": "draining", "b": "unhealthy"}
    assert str(caught.value) == "no backend available for model 'm' (a: draining, b: unhealthy)"


def test_demands_and_exclusion_narrow_the_choice(registry):
    add(registry, "plain")
    add(registry, "sees", "sees-too", models=[Model("m", supports_vision=True)])
    assert {registry.pick("m", require=Capability.VISION).id for _ in range(20)} == {"sees", "sees-too"}
    assert registry.pick("m", require=Capability.VISION, exclude=["sees"]).id == "sees-too"
    with pytest.raises(NoBackendError) as caught:
        registry.pick("m", require=Capability.VISION, exclude={"sees", "sees-too"})
    assert caught.value.reasons == {"plain": "lacks_capability", "sees": "excluded", "sees-too": "excluded"}


def test_affinity_meets_the_same_backend(registry):
    add(registry, *(f"b{n}" for n in range(20)))
    for session in ("s1", "s2", "s3"):
        assert len({registry.pick("m", affinity=session).id for _ in range(10)}) == 1
    assert len({registry.pick("m", affinity=f"s{n}").id for n in range(60)}) > 10


def test_policy_sees_the_filtered_candidates_and_the_request(registry, clock):
    add(registry, "a", "b", "c", "d")
    registry.drain("b")
    policy = Recording()
    assert registry.pick("m", policy=policy, affinity="s", exclude=["d"]).id == "c"
    ((candidates, request),) = policy.asked
    assert (type(candidates), ids(candidates)) == (tuple, ["a", "c"])
    assert request == PickRequest("m", "s", registry.rng, clock.monotonic_ns())


def test_policy_may_call_any_method(registry):
    add(registry, "a", "b")

    class Busy:
        def choose(self, candidates, request):
            registry.add_backend(backend("c"))
            registry.update_status("a", "unhealthy")
            registry.explain("m")
            registry.acquire("m").finish()
            registry.remove_backend("c")
            registry.snapshot()
            return candidates[0]

    assert registry.pick("m", policy=Busy()).id == "a"
    assert registry.get_backend("a").status is BackendStatus.UNHEALTHY


@pytest.mark.parametrize("answer", [None, "a", backend("a")])
def test_policy_that_returns_something_else_is_told_so(registry, answer):
    add(registry, "a")

    class Wrong:
        def choose(self, candidates, request):
            return answer

    with (
        unchanged(registry),
        pytest.raises(InvalidValueError, match=r"^policy: Wrong.choose returned .*; return one of the cand"),
    ):
        registry.acquire("m", policy=Wrong())


def test_exception_of_a_policy_goes_to_the_caller_and_nothing_is_counted(registry):
    add(registry, "a")

    class Broken:
        def choose(self, candidates, request):
            raise ZeroDivisionError

    with unchanged(registry), pytest.raises(ZeroDivisionError):
        registry.acquire("m", policy=Broken())


# --- acquire -------------------------------------------------------------------------------------------------------------


def test_acquire_picks_and_counts_in_one_step(registry):
    (gpu,) = add(registry, "a")
    lease = registry.acquire("m")
    assert (lease.backend, lease.model, lease.url, gpu.pending_requests) == (gpu, "m", gpu.url, 1)
    lease.finish()


def test_loads_spread_while_leases_are_held(registry):
    add(registry, "a", "b", "c")
    leases = [registry.acquire("m") for _ in range(9)]
    assert [each.pending_requests for each in registry] == [3, 3, 3]
    for lease in leases:
        lease.finish()


def test_max_pending_is_never_exceeded(registry):
    (gpu,) = add(registry, "a", max_pending=2)
    leases = [registry.acquire("m"), registry.acquire("m")]
    with unchanged(registry), pytest.raises(NoBackendError) as caught:
        registry.acquire("m")
    assert caught.value.reasons == {"a": "at_max_pending"}
    leases[0].finish()
    with registry.acquire("m"):
        assert gpu.pending_requests == 2
    leases[1].finish()


def test_place_that_was_taken_meanwhile_is_looked_for_elsewhere(registry):
    a, b = add(registry, "a", "b", max_pending=1)

    class Late:
        """Another request takes the place between the choice and the count."""

        def choose(self, candidates, request):
            if not a.pending_requests:
                a.increment_pending()
                return a
            return candidates[0]

    with registry.acquire("m", policy=Late()) as lease:
        assert lease.backend is b
    assert (a.pending_requests, b.pending_requests) == (1, 0)


def test_exclusion_holds_for_every_look(registry):
    a, b, c = add(registry, "a", "b", "c", max_pending=1)

    class Late:
        def choose(self, candidates, request):
            if not b.pending_requests:
                b.increment_pending()
                return b
            return candidates[0]

    with registry.acquire("m", policy=Late(), exclude=["a"]) as lease:
        assert lease.backend is c
    assert a.total_requests == 0


# --- explain -------------------------------------------------------------------------------------------------------------


def decision(registry, **options):
    (only,) = registry.explain("m", **options)
    return only


def test_explain_says_for_each_backend_whether_and_why(registry, clock):
    add(registry, "fine", "drains", "waits", weight=50)
    registry.drain("drains")
    registry.acquire("m", exclude=["fine"]).finish("overloaded", retry_after=30)
    registry.increment_pending("fine")
    clock.advance(10)
    assert registry.explain("m") == (
        Decision("fine", True, "", "", 4.0, None),
        Decision("drains", False, "draining", "finishes what it has, gets nothing new", 2.0, None),
        Decision("waits", False, "ejected", "overloaded, left alone for 20.0 s", 2.0, 20.0),
    )


@pytest.mark.parametrize(
    ("options", "code", "detail"),
    [
        ({}, "", ""),
        ({"require": Capability.TOOLS}, "lacks_capability", "tools"),
        ({"min_context": 5_000}, "context_too_small", "4096 tokens, 5000 demanded"),
        ({"operation": "chat"}, "lacks_operation", "chat is not among embeddings"),
        ({"exclude": ["a"]}, "excluded", "the caller asked not to pick it"),
    ],
)
def test_explain_takes_the_options_of_pick(registry, options, code, detail):
    add(registry, "a", operations=["embeddings"])
    assert decision(registry, **options)[1:4] == (not code, code, detail)
    assert not code or code in REASON_CODES


def test_explain_says_when_a_backend_is_full(registry):
    (gpu,) = add(registry, "a", max_pending=1)
    gpu.increment_pending()
    assert decision(registry) == Decision("a", False, "at_max_pending", "1 requests in flight", 2.0, None)


def test_explain_agrees_with_pick(registry):
    add(registry, *(f"b{n}" for n in range(6)))
    for number, status in enumerate(["healthy", "unhealthy", "draining", "unknown"]):
        registry.update_status(f"b{number}", status)
    eligible = {each.backend_id for each in registry.explain("m") if each.eligible}
    policy = RoundRobin()
    assert eligible == set(ids(registry.candidates("m"))) == {registry.pick("m", policy=policy).id for _ in range(6)}


def test_every_reason_of_an_error_is_a_known_code(registry, clock):
    add(registry, "a")
    registry.acquire("m").finish("overloaded", retry_after=1)

    start_ns = clock.monotonic_ns()
    moments = iter([start_ns, start_ns + 2_000_000_000])
    # The cool-down ends between the look for candidates and the look for reasons.
    registry._now_ns = lambda: next(moments)
    with pytest.raises(NoBackendError) as caught:
        registry.pick("m")
    assert set(caught.value.reasons.values()) <= set(REASON_CODES)


def test_explain_does_not_count_a_lease_that_was_forgotten(registry):
    add(registry, "a", max_pending=1)
    registry.acquire("m")
    assert [decision.eligible for decision in registry.explain("m")] == [True]


def test_policy_that_removes_what_it_chooses_gets_no_lease_on_it(registry):
    add(registry, "a", "b")

    class Removing:
        def choose(self, candidates, request):
            if candidates[0].id == "a":
                registry.remove_backend("a")
            return candidates[0]

    assert registry.acquire("m", policy=Removing()).backend.id == "b"


def test_affinity_key_has_a_limit(registry):
    add(registry, "a")
    with pytest.raises(InvalidValueError, match=r"^affinity: has 2049 characters; pass at most 2048"):
        registry.pick("m", affinity="k" * 2049)
