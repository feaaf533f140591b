"""The default policy: least loaded, ties at random, at any number of candidates, with and without weights and limits."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_registry import Registry
from backend_registry._core.choose import choose_weighted
from tests.core.fleet import add, backend


def loaded(loads, **fields):
    """A registry whose backends have these numbers of requests in flight."""
    made = Registry(rng=random.Random(11))
    for number, load in enumerate(loads):
        for each in add(made, f"b{number}", **fields):
            for _ in range(load):
                each.increment_pending()
    return made


def picks(registry, count=400, **options):
    return Counter(registry.pick("m", **options).id for _ in range(count))


@pytest.mark.parametrize("fields", [{}, {"weight": 50}])
@given(loads=st.lists(st.integers(0, 4), min_size=1, max_size=8))
def test_up_to_eight_the_least_loaded_is_picked(fields, loads):
    registry = loaded(loads, **fields)
    for _ in range(4):
        assert registry.pick("m").pending_requests == min(loads)


@pytest.mark.parametrize("fields", [{}, {"weight": 50}])
@pytest.mark.parametrize("loads", [[0, 0], [1, 1, 1, 2], [3, 1, 2, 1, 1], [2] * 8, [0] * 8, [5, 4, 4], [4, 4, 5]])
def test_ties_are_broken_evenly(fields, loads):
    least = [f"b{number}" for number, load in enumerate(loads) if load == min(loads)]
    seen = picks(loaded(loads, **fields), 200 * len(least))
    assert set(seen) == set(least)
    assert all(130 <= count <= 270 for count in seen.values())


@pytest.mark.parametrize("fields", [{}, {"weight": 50}])
def test_of_many_every_one_gets_its_share(fields):
    seen = picks(loaded([0] * 20, **fields), 4_000)
    assert len(seen) == 20
    assert all(120 <= count <= 290 for count in seen.values())


@pytest.mark.parametrize("fields", [{}, {"weight": 50}])
def test_of_many_the_busiest_one_is_hardly_ever_picked(fields):
    # Alone against one random rival, it can win only if it is compared with itself, or not at all.
    seen = picks(loaded([9] + [0] * 19, **fields), 2_000)
    assert seen["b0"] <= 2_000 / 20 / 20 * 3


def test_of_many_the_one_idle_backend_attracts_about_two_turns_in_n():
    seen = picks(loaded([0] + [9] * 19), 2_000)
    assert 120 <= seen["b0"] <= 280


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 300)), min_size=1, max_size=8))
def test_weights_share_the_load(pairs):
    registry = Registry(rng=random.Random(5))
    for number, (load, weight) in enumerate(pairs):
        for each in add(registry, f"b{number}", weight=weight):
            for _ in range(load):
                each.increment_pending()
    chosen = registry.pick("m")
    assert (chosen.pending_requests + 1) / chosen.weight == pytest.approx(min((load + 1) / weight for load, weight in pairs))


def test_weighted_choice_of_many_compares_two_different_ones():
    ready = [backend(f"b{number}") for number in range(9)]
    ready[0].increment_pending()
    draw = random.Random(3).getrandbits
    assert all(choose_weighted(ready, "m", draw) is not ready[0] for _ in range(300))


def test_full_backends_are_left_out(registry):
    free, full = add(registry, "free", "full", max_pending=2)
    free.increment_pending()
    full.increment_pending()
    full.increment_pending()
    assert set(picks(registry, 20)) == {"free"}
