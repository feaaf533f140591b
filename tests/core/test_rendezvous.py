"""Affinity: the same key meets the same backend, few keys move when the fleet changes, and nobody is drowned."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_registry import PickRequest, Rendezvous
from tests.core.fleet import backend

KEYS = [f"session-{number}" for number in range(2_000)]


def fleet(count, **fields):
    return tuple(backend(f"b{number}", **fields) for number in range(count))


WHATEVER_THE_LOAD = Rendezvous(bound=1e9)


def home(key, candidates, policy=WHATEVER_THE_LOAD):
    """Where a key goes; by default whatever the load."""
    return policy.choose(candidates, PickRequest("m", key, random.Random(0), 0))


def test_key_meets_the_same_backend_in_any_order_and_any_process():
    candidates = fleet(10)
    for key in KEYS[:50]:
        assert home(key, candidates) is home(key, candidates[::-1])
    assert [home(key, fleet(10)).id for key in KEYS[:50]] == [home(key, candidates).id for key in KEYS[:50]]


def test_keys_are_spread_evenly():
    seen = Counter(home(key, fleet(10)).id for key in KEYS)
    # 200 each; the bounds are five standard deviations away.
    assert len(seen) == 10
    assert all(130 <= number <= 270 for number in seen.values())


def test_keys_are_spread_by_weight():
    light, heavy = backend("light", weight=100), backend("heavy", weight=300)
    seen = Counter(home(key, (light, heavy)).id for key in KEYS)
    assert 400 <= seen["light"] <= 600


@pytest.mark.parametrize("gone", range(6))
def test_only_the_keys_of_a_backend_that_goes_move(gone):
    before = fleet(6)
    after = before[:gone] + before[gone + 1 :]
    for key in KEYS[:500]:
        was = home(key, before)
        if was is not before[gone]:
            assert home(key, after) is was


def test_new_backend_takes_its_share_and_moves_nothing_else():
    before = fleet(9)
    new = backend("new")
    moved = [key for key in KEYS if home(key, before) is not home(key, (*before, new))]
    assert all(home(key, (*before, new)) is new for key in moved)
    assert 120 <= len(moved) <= 280


def test_change_of_weight_moves_keys_to_or_from_that_backend_only():
    before = fleet(5)
    heavier = (backend("b0", weight=200), *before[1:])
    for key in KEYS[:500]:
        was, now = home(key, before).id, home(key, heavier).id
        assert now in {was, "b0"}


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.integers(0, 2**20), st.sampled_from([1.0, 1.25, 2.0]))
def test_load_is_bounded(loads, key, bound):
    candidates = fleet(len(loads))
    for each, load in zip(candidates, loads, strict=True):
        for _ in range(load):
            each.increment_pending()
    chosen = home(str(key), candidates, Rendezvous(bound))
    most = bound * (sum(loads) + 1) / len(loads)
    assert chosen.pending_requests < most + 1


def test_one_popular_key_spills_over_and_comes_home():
    candidates = fleet(5)
    policy = Rendezvous()
    first = home("popular", candidates, policy)
    for _ in range(50):
        home("popular", candidates, policy).increment_pending()
    assert max(each.pending_requests for each in candidates) <= 13
    for each in candidates:
        while each.pending_requests:
            each.decrement_pending()
    assert home("popular", candidates, policy) is first


def test_requests_without_a_key_go_anywhere():
    candidates = fleet(5)
    request = PickRequest("m", None, random.Random(3), 0)
    assert {Rendezvous().choose(candidates, request).id for _ in range(100)} == {each.id for each in candidates}


@pytest.mark.parametrize("key", ["", "\ud800", "\u00e9" * 10_000])
def test_any_text_is_a_key(key):
    assert home(key, fleet(3)).id in {"b0", "b1", "b2"}
