"""`Liveness` against the naive one: whatever happens in whatever order, both say the same."""

import random
from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hub.expiry.naive import Pair, Times

NODES = [f"n{number}" for number in range(12)]
TIMES = st.sampled_from([Times(), Times(8.0, 24.0, 120.0), Times(30.0, 40.0, 200.0), Times(2.0, 100.0, 150.0)])
NODE = st.sampled_from(NODES)
QUARTERS = st.integers(0, 400).map(lambda quarters: quarters / 4)
STEPS = st.one_of(
    st.tuples(st.just("pass"), st.lists(st.sampled_from([0.25, 0.5, 1.0, 1.0, 1.0, 2.0, 3.75]), max_size=60)),
    st.tuples(st.just("stall"), QUARTERS),
    st.tuples(st.just("all heard"), st.floats(0, 1)),
    st.tuples(st.just("heard"), NODE),
    st.tuples(st.just("heard"), NODE, QUARTERS),
    st.tuples(st.just("departed"), NODE),
    st.tuples(st.just("drop"), NODE),
)


def take(pair, step, rng):
    match step:
        case ("pass", seconds):
            for passed_s in seconds:
                pair.clock.now += passed_s
                pair.sweep()
        case ("stall", seconds):
            pair.clock.now += seconds
        case ("all heard", share):
            for node_id in NODES:
                if rng.random() < share:
                    pair.tell("heard", node_id)
        case (what, *arguments):
            pair.tell(what, *arguments)


@given(TIMES, st.sets(NODE), st.lists(STEPS, max_size=40), st.integers(0, 3))
def prop_it_says_what_the_naive_one_says(times, known, steps, seed):
    pair = Pair(times, seed)
    rng = random.Random(seed)
    for node_id in sorted(known):
        pair.tell("known", node_id)
    for step in steps:
        take(pair, step, rng)
        pair.compare()
    pair.sweep()


@given(TIMES, st.lists(STEPS, max_size=25), st.integers(0, 3))
@settings(max_examples=50)
def prop_who_is_silent_for_good_is_forgotten_and_that_is_repeated(times, steps, seed):
    pair = Pair(times, seed)
    rng = random.Random(seed)
    for step in steps:
        take(pair, step, rng)
    pair.tell("heard", "n0")
    since = {}
    for _ in range(round(times.forget_s + 3 * times.suspect_s + 120)):
        pair.clock.now += 1.0
        forgettable = pair.naive.forgettable()
        told = {transition.node_id for transition in pair.sweep() if transition.after is None}
        assert told <= forgettable
        for node_id in forgettable:
            since[node_id] = 0.0 if node_id in told else since.get(node_id, 0.0) + 1
            assert since[node_id] <= times.suspect_s + 1
    assert pair.naive.forgettable() == set(pair.naive.nodes)


@given(st.integers(1, 400), st.floats(0, 1), st.integers(0, 10), st.integers(0, 2**32), st.booleans())
@settings(max_examples=40)
def prop_never_are_more_given_up_than_may_be(count, lost_share, late_s, seed, heals):
    """Whatever share is lost: at most 15 % within a minute, and the others 2 % of what is left a second."""
    pair = Pair(Times(), seed)
    rng = random.Random(seed)
    nodes = [f"n{number}" for number in range(count)]
    beat_at = {node_id: rng.randrange(10) for node_id in nodes}
    lost = set(rng.sample(nodes, round(lost_share * count)))
    recent = deque()
    for second in range(420):
        pair.clock.now += 1.0
        up = nodes if second < 70 or (heals and second > 230) else [node_id for node_id in nodes if node_id not in lost]
        for node_id in up:
            if beat_at[node_id] == second % 10:
                pair.tell("heard", node_id)
        if late_s and second % (late_s + 1):
            continue
        alive = pair.naive.count("live", "suspect")
        held = pair.naive.held
        given_up = {transition.node_id for transition in pair.sweep() if transition.after == "unreachable"}
        assert len(given_up & held) <= max(1, 0.02 * alive)
        recent.append((second, len(given_up - held)))
        while recent[0][0] <= second - 60:
            recent.popleft()
        assert sum(number for _, number in recent) <= max(2, 0.15 * count)
    assert pair.naive.count("unreachable") == 0 if heals else pair.naive.count("live") == count - len(lost)
