"""Every policy: one of the candidates, whatever they are; fair where it promises to be; ties never by position."""

import random
import threading
from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_registry import (
    P2C,
    InvalidValueError,
    LeastPending,
    PeakEwma,
    PickRequest,
    PriorityTiers,
    Random,
    Rendezvous,
    RoundRobin,
    SmartScore,
    SmoothWeighted,
)
from tests.core.fleet import add, backend, ids

POLICIES = [LeastPending, P2C, PeakEwma, PriorityTiers, Random, Rendezvous, RoundRobin, SmartScore, SmoothWeighted]
BY_TIES = [LeastPending, P2C, PeakEwma, PriorityTiers, SmartScore]


def ask(seed=1, model="m", affinity=None, now_ns=0):
    """What a policy is told."""
    return PickRequest(model, affinity, random.Random(seed), now_ns)


def loaded(*loads, **fields):
    """Candidates b0, b1, ... with these numbers of requests in flight."""
    made = tuple(backend(f"b{number}", **fields) for number in range(len(loads)))
    for each, load in zip(made, loads, strict=True):
        for _ in range(load):
            each.increment_pending()
    return made


def counts(policy, candidates, picks, request=None):
    """How often each candidate was chosen."""
    request = request or ask()
    return Counter(policy.choose(candidates, request).id for _ in range(picks))


CANDIDATES = st.lists(
    st.tuples(st.integers(0, 6), st.integers(1, 1000), st.integers(-3, 200), st.none() | st.integers(0, 2**32 - 1)),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("kind", POLICIES)
@given(facts=CANDIDATES, affinity=st.none() | st.text(), seed=st.integers(0, 2**32), now_ns=st.integers(0, 2**62))
def test_every_policy_returns_one_of_its_candidates(kind, facts, affinity, seed, now_ns):
    candidates = []
    for number, (load, weight, priority, latency_ms) in enumerate(facts):
        each = backend(f"b{number}", weight=weight, priority=priority)
        for _ in range(load):
            each.increment_pending()
        if latency_ms is not None:
            each.update_latency(latency_ms)
        candidates.append(each)
    before = [(each.pending_requests, each.tally) for each in candidates]
    policy, request = kind(), ask(seed, affinity=affinity, now_ns=now_ns)
    for _ in range(3):
        assert policy.choose(tuple(candidates), request) in candidates
    # Choosing reads and never writes.
    assert [(each.pending_requests, each.tally) for each in candidates] == before


@pytest.mark.parametrize("kind", POLICIES)
def test_every_policy_works_in_a_registry(registry, kind):
    add(registry, "a", "b", "c")
    policy = kind()
    leases = [registry.acquire("m", policy=policy) for _ in range(30)]
    assert sum(each.pending_requests for each in registry) == 30
    for lease in leases:
        lease.finish()


@pytest.mark.parametrize("kind", BY_TIES)
@pytest.mark.parametrize("count", [2, 3, 8, 20])
def test_ties_are_broken_evenly(kind, count):
    seen = counts(kind(), loaded(*[0] * count), 300 * count)
    assert len(seen) == count
    assert all(200 <= number <= 400 for number in seen.values())


@pytest.mark.parametrize("kind", BY_TIES)
def test_same_seed_makes_the_same_choices(kind):
    candidates = loaded(*[0] * 5)
    runs = [[each.id for each in (kind().choose(candidates, ask(seed)) for seed in range(30))] for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("kind", [LeastPending, P2C])
def test_least_loaded_is_chosen(kind):
    assert counts(kind(), loaded(2, 1, 3, 1), 100).keys() == {"b1", "b3"}


@pytest.mark.parametrize("kind", [LeastPending, P2C])
def test_load_is_compared_by_weight(kind):
    light, heavy = backend("light", weight=100), backend("heavy", weight=300)
    assert counts(kind(), (light, heavy), 20).keys() == {"heavy"}
    heavy.increment_pending()
    heavy.increment_pending()
    assert counts(kind(), (light, heavy), 100).keys() == {"light", "heavy"}
    heavy.increment_pending()
    assert counts(kind(), (light, heavy), 20).keys() == {"light"}


def test_least_pending_compares_all_and_p2c_two():
    candidates = loaded(0, *[1] * 19)
    assert counts(LeastPending(), candidates, 100).keys() == {"b0"}
    assert 60 <= counts(P2C(), candidates, 1_000)["b0"] <= 150


def test_p2c_never_compares_one_with_itself():
    candidates = loaded(9, *[0] * 8)
    assert "b0" not in counts(P2C(), candidates, 2_000)


def test_random_follows_the_weights():
    candidates = (backend("a", weight=100), backend("b", weight=300))
    seen = counts(Random(), candidates, 4_000)
    assert 870 <= seen["a"] <= 1_130


def test_round_robin_takes_turns():
    candidates = loaded(5, 0, 3)
    policy, request = RoundRobin(), ask()
    order = [policy.choose(candidates, request).id for _ in range(9)]
    assert order[:3] == order[3:6] == order[6:]
    assert sorted(order[:3]) == ["b0", "b1", "b2"]


def test_round_robin_starts_anywhere():
    assert {RoundRobin().choose(loaded(0, 0, 0), ask(seed)).id for seed in range(40)} == {"b0", "b1", "b2"}


def test_round_robin_counts_each_model_apart():
    candidates = loaded(0, 0)
    policy = RoundRobin()
    order = {model: [] for model in ("x", "y")}
    for _ in range(4):
        for model, seen in order.items():
            seen.append(policy.choose(candidates, ask(model=model)).id)
    assert all(seen[0] == seen[2] != seen[1] == seen[3] for seen in order.values())


def test_round_robin_never_gives_two_threads_the_same_turn():
    candidates = loaded(*[0] * 7)
    policy, request = RoundRobin(), ask()
    seen = [Counter() for _ in range(4)]

    def take(mine):
        for _ in range(700):
            mine[policy.choose(candidates, request).id] += 1

    threads = [threading.Thread(target=take, args=(mine,)) for mine in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(sum(seen, Counter()).values()) == {400}


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 3))
def test_smooth_weighted_gives_each_exactly_its_weight(weights, rounds):
    candidates = tuple(backend(f"b{number}", weight=weight) for number, weight in enumerate(weights))
    policy, request = SmoothWeighted(), ask()
    for _ in range(rounds):
        seen = Counter(policy.choose(candidates, request).id for _ in range(sum(weights)))
        assert seen == {f"b{number}": weight for number, weight in enumerate(weights)}


def test_smooth_weighted_makes_no_bursts():
    a, b, c = backend("a", weight=5), backend("b", weight=1), backend("c", weight=1)
    policy, request = SmoothWeighted(), ask()
    order = "".join(policy.choose((a, b, c), request).id for _ in range(7))
    assert order in {"aabacaa", "aacabaa"}


def test_smooth_weighted_goes_on_when_candidates_change():
    a, b = backend("a"), backend("b")
    policy, request = SmoothWeighted(), ask()
    assert {policy.choose((a,), request).id for _ in range(5)} == {"a"}
    seen = Counter(policy.choose((a, b), request).id for _ in range(100))
    assert seen == {"a": 50, "b": 50}


def test_smooth_weighted_forgets_backends_that_are_gone():
    policy, request = SmoothWeighted(), ask()
    for number in range(20):
        policy.choose((backend(f"b{number}"), backend(f"c{number}")), request)
    assert sum(map(len, policy._credit.values())) <= 2


# --- peak EWMA -----------------------------------------------------------------------------------------------------------

S = 1_000_000_000


def measured(id, latency_ms, clock, registry):
    (each,) = add(registry, id)
    each.update_latency(latency_ms)
    return each


def test_peak_ewma_prefers_the_faster(registry, clock):
    fast, slow = measured("fast", 10, clock, registry), measured("slow", 200, clock, registry)
    assert counts(PeakEwma(), (fast, slow), 20, ask(now_ns=clock.now_ns)).keys() == {"fast"}


def test_peak_ewma_weighs_latency_by_load(registry, clock):
    fast, slow = measured("fast", 10, clock, registry), measured("slow", 45, clock, registry)
    for _ in range(4):
        fast.increment_pending()
    assert counts(PeakEwma(), (fast, slow), 20, ask(now_ns=clock.now_ns)).keys() == {"slow"}


def test_peak_ewma_reacts_to_one_bad_request_and_forgives_it_with_time(registry, clock):
    steady, bad = measured("steady", 50, clock, registry), measured("bad", 10, clock, registry)
    bad.update_latency(5_000)
    tally = bad.tally
    assert counts(PeakEwma(), (steady, bad), 20, ask(now_ns=clock.now_ns)).keys() == {"steady"}
    for _ in range(10):
        clock.advance(10)
        steady.update_latency(50)
    assert counts(PeakEwma(), (steady, bad), 20, ask(now_ns=clock.now_ns)).keys() == {"bad"}
    assert bad.tally == tally


def test_peak_ewma_does_not_flood_a_new_backend(registry, clock):
    known, new = measured("known", 300, clock, registry), backend("new")
    request = ask(now_ns=clock.now_ns)
    assert counts(PeakEwma(), (known, new), 20, request).keys() == {"known"}
    assert counts(PeakEwma(unknown_ms=100), (known, new), 20, request).keys() == {"new"}


def test_peak_ewma_spreads_over_backends_whose_peak_has_faded(registry, clock):
    both = measured("a", 10, clock, registry), measured("b", 20, clock, registry)
    for _ in range(3):
        both[0].increment_pending()
    clock.advance(3_600)
    assert counts(PeakEwma(), both, 20, ask(now_ns=clock.now_ns)).keys() == {"b"}


# --- priority tiers ------------------------------------------------------------------------------------------------------


def tiers(*loads):
    made = [backend(f"t{tier}", priority=tier) for tier in range(len(loads))]
    for each, load in zip(made, loads, strict=True):
        for _ in range(load):
            each.increment_pending()
    # The order of the candidates says nothing about their tier.
    return tuple(reversed(made))


@pytest.mark.parametrize(
    ("loads", "chosen"),
    [((0, 0, 0), {"t0"}), ((1, 0, 0), {"t0"}), ((2, 0, 0), {"t1"}), ((2, 2, 0), {"t2"}), ((2, 3, 2), {"t0", "t2"})],
)
def test_next_tier_joins_in_when_the_one_before_is_busy(loads, chosen):
    assert counts(PriorityTiers(overflow_at=2), tiers(*loads), 60).keys() == chosen


def test_tier_overflows_by_its_mean():
    a, b, spare = backend("a"), backend("b"), backend("spare", priority=1)
    for _ in range(3):
        a.increment_pending()
    assert counts(PriorityTiers(overflow_at=2), (a, b, spare), 20).keys() == {"b"}
    b.increment_pending()
    assert counts(PriorityTiers(overflow_at=2), (a, b, spare), 20).keys() == {"spare"}


def test_policy_inside_of_the_tiers_sees_one_tier_or_all():
    asked = []

    class Recording:
        def choose(self, candidates, request):
            asked.append((ids(candidates), request))
            return candidates[0]

    request = ask()
    for loads in ((0, 0), (1, 1)):
        PriorityTiers(overflow_at=1, within=Recording()).choose(tiers(*loads), request)
    assert asked == [(["t0"], request), (["t1", "t0"], request)]


# --- smart score ---------------------------------------------------------------------------------------------------------


def test_smart_score_chooses_the_highest():
    near, far = backend("near", priority=1), backend("far", priority=40)
    assert counts(SmartScore(), (near, far), 20).keys() == {"near"}
    for _ in range(80):
        near.increment_pending()
    assert counts(SmartScore(), (near, far), 20).keys() == {"far"}


def test_smart_score_weights_may_be_chosen():
    assert SmartScore(priority=0, load=0, latency=100).score(99, 99, 500) == 50
    assert SmartScore(0, 100, 0).score(99, 30, 500) == 70


@given(st.integers(-(2**31), 2**31), st.integers(0, 10**6), st.integers(0, 2**32))
def test_smart_score_is_a_percentage(priority, pending, latency_ms):
    assert 0 <= SmartScore().score(priority, pending, latency_ms) <= 100


# --- arguments -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: PeakEwma(0), "unknown_ms"),
        (lambda: PeakEwma(float("inf")), "unknown_ms"),
        (lambda: PeakEwma(float("nan")), "unknown_ms"),
        (lambda: PeakEwma("1"), "unknown_ms"),
        (lambda: PeakEwma(True), "unknown_ms"),
        (lambda: PeakEwma(10**400), "unknown_ms"),
        (lambda: PeakEwma(-(10**5000)), "unknown_ms"),
        (lambda: PriorityTiers(10**400), "overflow_at"),
        (lambda: PriorityTiers(10**5000), "overflow_at"),
        (lambda: PriorityTiers(within=P2C), "within"),
        (lambda: PriorityTiers(within="P2C"), "within"),
        (lambda: PriorityTiers(within=SimpleNamespace(choose=1)), "within"),
        (lambda: PriorityTiers(0), "overflow_at"),
        (lambda: PriorityTiers(-1), "overflow_at"),
        (lambda: PriorityTiers(float("nan")), "overflow_at"),
        (lambda: PriorityTiers(None), "overflow_at"),
        (lambda: Rendezvous(0.9), "bound"),
        (lambda: Rendezvous(float("inf")), "bound"),
        (lambda: Rendezvous("2"), "bound"),
        (lambda: SmartScore(50, 30, 21), "weights"),
        (lambda: SmartScore(-10, 90, 20), "weights"),
        (lambda: SmartScore(50.0, 30, 20), "weights"),
        (lambda: SmartScore(True, 79, 20), "weights"),
        (lambda: SmartScore(10**5000, 30, 20), "weights"),
        (lambda: SmartScore("50", 30, 20), "weights"),
    ],
)
def test_bad_arguments_are_refused_by_name(make, field):
    with pytest.raises(InvalidValueError) as caught:
        make()
    assert caught.value.field == field
    assert caught.value.remedy.startswith("pass ")
    assert len(str(caught.value)) < 200


def test_huge_numbers_that_a_float_can_hold_are_floats_from_then_on():
    assert type(PriorityTiers(10**300)._overflow_at) is float
    assert PeakEwma(10**300).choose(loaded(0, 0), ask()).id in {"b0", "b1"}
