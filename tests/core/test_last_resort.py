"""What is used when nothing better is left: backends that load the model, and in a panic those believed to be bad."""

from unittest import mock

import pytest

from backend_registry import EjectionPolicy, ModelNotFoundError, NoBackendError, ProbeResult, Registry, Residency
from tests.core.fleet import add, backend, ids
from tests.core.test_ejection import eject
from tests.core.test_reentrancy import during_next_write


@pytest.fixture
def registry(clock, monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    return Registry(clock=clock, ejection_policy=EjectionPolicy(consecutive_failures=2, panic_threshold=0.5))


def unhealthy(registry, *names):
    for name in names:
        registry.update_status(name, "unhealthy", "refused")


def loading(registry, name, model="m", kind=Residency.LOADING):
    registry.record_probe(registry.get_backend(name), ProbeResult(ok=True, residency={model: kind}))


# --- panic


def test_when_too_few_are_left_the_others_are_a_last_resort(registry):
    add(registry, "a", "b", "c")
    unhealthy(registry, "b", "c")
    lease = registry.acquire("m")
    assert (lease.backend.id, lease.last_resort) == ("a", "")
    second = registry.acquire("m", exclude=["a"])
    assert (second.backend.id in "bc", second.last_resort) == (True, "panic")
    assert second.finish()


def test_as_long_as_enough_are_left_there_is_no_panic(registry):
    add(registry, "a", "b")
    unhealthy(registry, "b")
    with pytest.raises(NoBackendError) as caught:
        registry.acquire("m", exclude=["a"])
    assert caught.value.reasons == {"a": "excluded", "b": "unhealthy"}


def test_better_ones_are_full_before_a_bad_one_is_asked(registry):
    add(registry, "a", max_pending=2)
    add(registry, "b", "c")
    unhealthy(registry, "b", "c")
    leases = [registry.acquire("m") for _ in range(4)]
    assert [lease.last_resort for lease in leases] == ["", "", "panic", "panic"]
    leases[0].finish()
    assert registry.acquire("m").backend.id == "a"


def test_candidates_are_the_last_resort_when_there_is_nothing_else(registry):
    add(registry, "a", "b")
    unhealthy(registry, "a", "b")
    assert ids(registry.candidates("m")) == ["a", "b"]
    assert registry.pick("m").id in "ab"
    registry.update_status("a", "healthy")
    assert ids(registry.candidates("m")) == ["a"]


def test_a_limit_holds_for_a_last_resort(registry):
    add(registry, "a", max_pending=1)
    unhealthy(registry, "a")
    lease = registry.acquire("m")
    assert lease.last_resort == "panic"
    with pytest.raises(NoBackendError) as caught:
        registry.acquire("m")
    assert caught.value.reasons == {"a": "unhealthy"}


@pytest.mark.parametrize("verb", ["drain", "disable"])
def test_who_was_taken_out_by_an_operator_is_no_last_resort(registry, verb):
    add(registry, "a", "b")
    unhealthy(registry, "a", "b")
    getattr(registry, verb)("b")
    assert ids(registry.candidates("m")) == ["a"]
    getattr(registry, verb)("a")
    with pytest.raises(NoBackendError):
        registry.acquire("m")


def test_who_lacks_credentials_is_no_last_resort_and_does_not_cause_a_panic(registry):
    add(registry, "a", "b", credential_env="NO_SUCH_KEY")
    add(registry, "c")
    with pytest.raises(NoBackendError):
        registry.acquire("m", exclude=["c"])
    unhealthy(registry, "a", "b")
    with pytest.raises(NoBackendError):
        registry.acquire("m", exclude=["c"])
    unhealthy(registry, "c")
    assert ids(registry.candidates("m")) == ["c"]


def test_who_asked_to_be_left_alone_is_left_alone(registry):
    add(registry, "a")
    registry.acquire("m").finish("overloaded", retry_after=9)
    with pytest.raises(NoBackendError) as caught:
        registry.acquire("m")
    assert caught.value.reasons == {"a": "ejected"}


def test_those_ejected_for_failures_and_those_nobody_has_checked_count(clock):
    registry = Registry(clock=clock, select_unknown=False, ejection_policy=EjectionPolicy(consecutive_failures=2))
    add(registry, "bad", "good", "new")
    registry.update_status("bad", "healthy")
    registry.update_status("good", "healthy")
    eject(registry, "bad")
    assert registry.acquire("m", exclude=["bad", "good"]).last_resort == "panic"
    assert registry.acquire("m", exclude=["new", "good"]).last_resort == "panic"


def test_an_answer_in_a_panic_does_not_end_an_ejection_and_a_failure_does_not_extend_it(registry, clock):
    add(registry, "bad", "good", "third")
    eject(registry, "bad")
    unhealthy(registry, "third")
    bad = registry.get_backend("bad")
    until_ns = bad.record.ejected_until_ns
    for outcome in ("ok", "failed", "failed"):
        lease = registry.acquire("m", exclude=["good", "third"])
        assert lease.last_resort == "panic"
        lease.finish(outcome)
    assert bad.record.ejected_until_ns == until_ns


@pytest.mark.parametrize("policy", [None, EjectionPolicy(panic_threshold=0)])
def test_panic_is_off_without_a_threshold(clock, policy):
    registry = Registry(clock=clock, ejection_policy=policy)
    add(registry, "a")
    unhealthy(registry, "a")
    assert registry.candidates("m") == ()


def test_demands_hold_for_a_last_resort(registry):
    add(registry, "a", operations=["embeddings"])
    add(registry, "b", operations=["chat"])
    unhealthy(registry, "a", "b")
    assert registry.acquire("m", operation="chat").backend.id == "b"
    with pytest.raises(NoBackendError):
        registry.acquire("m", operation="rerank")


def test_explain_says_who_is_a_last_resort(registry):
    add(registry, "a", "b", "c")
    unhealthy(registry, "a", "b", "c")
    registry.drain("c")
    said = {decision.backend_id: (decision.eligible, decision.code, decision.detail) for decision in registry.explain("m")}
    assert said == {
        "a": (False, "unhealthy", "refused; used if nothing better is left (panic)"),
        "b": (False, "unhealthy", "refused; used if nothing better is left (panic)"),
        "c": (False, "draining", "finishes what it has, gets nothing new"),
    }
    (decision, *_) = registry.explain("m", exclude=["a"])
    assert (decision.code, decision.detail) == ("unhealthy", "refused")


def test_a_policy_chooses_among_the_last_resorts_too(registry):
    add(registry, "a", "b")
    unhealthy(registry, "a", "b")

    class Last:
        def choose(self, candidates, request):
            return candidates[-1]

    lease = registry.acquire("m", policy=Last())
    assert (lease.backend.id, lease.last_resort) == ("b", "panic")


@pytest.mark.parametrize("others", [["b"], ["b", "c", "d"]])
def test_who_became_better_meanwhile_is_asked_first(registry, others):
    """The last resort is looked at again before the lease is made, whether or not the panic goes on."""
    a, *_ = add(registry, "a", *others)
    unhealthy(registry, "a", *others)

    class Recovery:
        def choose(self, candidates, request):
            registry.update_status("a", "healthy")
            return candidates[-1]

    lease = registry.acquire("m", policy=Recovery())
    assert (lease.backend, lease.last_resort) == (a, "")


def test_who_was_removed_meanwhile_is_not_leased(registry):
    a, b = add(registry, "a", "b")
    unhealthy(registry, "a", "b")

    class Removal:
        def choose(self, candidates, request):
            if len(candidates) > 1:
                registry.remove_backend("a")
            return candidates[0]

    assert registry.acquire("m", policy=Removal()).backend is b
    assert a.pending_requests == 0


# --- loading


def test_a_backend_that_loads_the_model_waits_behind_the_others(registry):
    add(registry, "a", "b", models=["m", "n"])
    loading(registry, "a")
    assert ids(registry.candidates("m")) == ["b"]
    assert ids(registry.candidates("n")) == ["a", "b"]
    assert {registry.pick("m").id for _ in range(20)} == {"b"}
    lease = registry.acquire("m", exclude=["b"])
    assert (lease.backend.id, lease.last_resort) == ("a", "loading")
    assert registry.acquire("n", exclude=["b"]).last_resort == ""
    loading(registry, "a", kind=Residency.IDLE)
    assert ids(registry.candidates("m")) == ["a", "b"]


def test_alone_it_is_used_at_once(registry):
    add(registry, "a")
    loading(registry, "a")
    assert ids(registry.candidates("m")) == ["a"]
    assert registry.acquire("m").last_resort == "loading"


def test_explain_says_that_it_loads(registry):
    add(registry, "a")
    loading(registry, "a")
    (decision,) = registry.explain("m")
    assert (decision.eligible, decision.code) == (False, "loading")
    assert decision.detail == "the model is on its way into memory; used if nothing better is left (loading)"
    assert registry.get_backend("a").available


def test_a_loading_one_is_better_than_a_bad_one(registry):
    add(registry, "a", max_pending=1)
    add(registry, "b", "c")
    unhealthy(registry, "b", "c")
    loading(registry, "a")
    leases = [registry.acquire("m"), registry.acquire("m")]
    assert [lease.last_resort for lease in leases] == ["loading", "panic"]


def test_a_backend_that_serves_the_model_no_more_is_not_leased_for_it(registry):
    add(registry, "a", models=["m", "n"])
    loading(registry, "a", model="n")

    class Vanishing:
        def choose(self, candidates, request):
            registry.update_models("a", ["n"])
            return candidates[0]

    with pytest.raises(ModelNotFoundError):
        registry.acquire("m", policy=Vanishing())
    assert registry.get_backend("a").pending_requests == 0


def test_inside_a_write_of_its_own_thread_a_lease_is_what_the_pick_saw(registry):
    """As from a signal handler: no waiting, no endless looking again for what the interrupted write has yet to store."""
    add(registry, "a", "b", models=["m", "n"])
    seen = during_next_write(
        registry, lambda: [registry.acquire("m", exclude=["b"]).last_resort, registry.acquire("n").last_resort]
    )
    loading(registry, "a")
    assert seen == [["loading", ""]]


@pytest.mark.parametrize("kind", [{"models": ["m"]}, {"models": ["m"], "max_pending": 1}])
def test_inside_the_write_that_adds_it_a_backend_can_be_leased(registry, kind):
    new = backend("new", **kind)
    leases = []
    become = type(new)._become

    def interrupted(self, after, *, selectable):
        leases.append(registry.acquire("m"))
        become(self, after, selectable=selectable)

    with mock.patch.object(type(new), "_become", interrupted):
        registry.add_backend(new)
    assert [lease.backend for lease in leases] == [new]
