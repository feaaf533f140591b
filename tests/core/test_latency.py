"""Latency: the seed's average, the balancer's peak, and folding samples in any portions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_registry import Tally
from backend_registry._core.latency import (
    ENDED,
    FAILED,
    FAILED_BEFORE,
    NEW_START,
    NO_REQUESTS,
    PEAK_DECAY_NS,
    RECENT_MOST,
    UNCOUNTED,
    fold,
)

SAMPLES = st.lists(
    st.tuples(
        st.integers(0, 10**14),
        st.none() | st.integers(0, 2**42),
        st.none() | st.integers(0, 2**42),
        st.sampled_from([ENDED, FAILED, UNCOUNTED, FAILED_BEFORE, NEW_START]),
    )
)
SECOND = 1_000_000_000


@given(SAMPLES, SAMPLES)
def test_folding_in_two_portions_is_folding_at_once(first, second):
    assert fold(fold(NO_REQUESTS, first), second)[:8] == fold(NO_REQUESTS, first + second)[:8]


@given(SAMPLES)
def test_folding_counts_each_sample_by_its_kind(samples):
    tally = fold(NO_REQUESTS, samples)
    assert tally.total_requests == sum(kind not in (UNCOUNTED, NEW_START) for *_, kind in samples)
    assert tally.failed_requests == sum(kind in (FAILED, FAILED_BEFORE) for *_, kind in samples)
    assert tally.latency_samples == sum(latency is not None for _, latency, _, _ in samples)
    assert (tally.ema_us is None) == (tally.latency_samples == 0)


def test_average_is_the_integer_rule_in_microseconds():
    tally = fold(NO_REQUESTS, [(0, ms * 1000, None, ENDED) for ms in (100, 200, 150)])
    assert tally.ema_us == 126_000
    assert fold(NO_REQUESTS, [(0, 7, None, ENDED), (0, 3, None, ENDED)]).ema_us == (3 + 4 * 7) // 5


def test_first_byte_has_its_own_average():
    tally = fold(NO_REQUESTS, [(0, None, 1000, ENDED), (0, None, None, ENDED), (0, None, 2000, FAILED)])
    assert (tally.first_byte_us, tally.ema_us) == (1200, None)


def test_peak_jumps_up_at_once_and_fades_with_time():
    tally = fold(NO_REQUESTS, [(0, 10_000, None, ENDED), (1, 500_000, None, ENDED)])
    assert tally.peak_us == 500_000
    later = fold(tally, [(1 + PEAK_DECAY_NS, 10_000, None, ENDED)])
    assert later.peak_us == pytest.approx(10_000 + 490_000 / math.e)


def test_peak_follows_a_sample_that_is_only_a_little_worse():
    tally = fold(NO_REQUESTS, [(0, 10_000, None, ENDED), (1, 10_001, None, ENDED)])
    assert (tally.peak_us, tally.peak_at_ns) == (10_001, 1)


def test_peak_does_not_fade_when_the_clock_stands_or_a_sample_comes_late():
    tally = fold(NO_REQUESTS, [(100, 500_000, None, ENDED), (100, 10_000, None, ENDED)])
    assert tally.peak_us == 500_000
    assert fold(tally, [(50, 10_000, None, ENDED)]).peak_us == 500_000


def test_peak_is_projected_to_the_time_of_asking_without_being_written():
    tally = fold(NO_REQUESTS, [(100, 500_000, None, ENDED)])
    assert tally.projected_peak_us(100) == 500_000
    assert tally.projected_peak_us(50) == 500_000
    assert tally.projected_peak_us(100 + PEAK_DECAY_NS) == pytest.approx(500_000 / math.e)
    assert tally.peak_us == 500_000


def test_nothing_measured_projects_to_zero():
    assert Tally().projected_peak_us(10**18) == 0.0


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**9)), min_size=1))
def test_peak_stays_between_the_smallest_and_the_largest_sample(pairs):
    tally = fold(NO_REQUESTS, [(at, us, None, ENDED) for at, us in pairs])
    least, most = min(us for _, us in pairs), max(us for _, us in pairs)
    assert least * (1 - 1e-9) <= tally.peak_us <= most * (1 + 1e-9)


# --- how many have failed lately

TIMED = st.lists(
    st.tuples(st.integers(0, 3 * SECOND), st.sampled_from(["okay", "fail", "neutral", "late", "measured"])), max_size=40
)
KINDS = {
    "okay": (5, None, ENDED),
    "fail": (None, None, FAILED),
    "neutral": (None, None, ENDED),
    "late": (None, None, FAILED_BEFORE),
    "measured": (5, None, UNCOUNTED),
}


def buckets(tally):
    return [bucket for bucket in (*tally.recent, tally.latest) if bucket[1]]


@given(TIMED, st.integers(0, 40))
def test_streak_and_seconds_are_what_a_list_of_outcomes_says(events, cut):
    events.sort()
    samples = [(at, *KINDS[kind]) for at, kind in events]
    tally = fold(fold(NO_REQUESTS, samples[:cut]), samples[cut:])
    counted = [(at // SECOND, kind) for at, kind in events if kind in ("okay", "fail")]
    streak = next((n for n, (_, kind) in enumerate(reversed(counted)) if kind == "okay"), len(counted))
    assert tally.failure_streak == streak
    seconds = sorted({second for second, _ in counted})
    assert buckets(tally) == [
        (second, sum(at == second for at, _ in counted), counted.count((second, "fail"))) for second in seconds
    ]


@given(TIMED, TIMED)
def test_a_new_start_forgets_streak_and_seconds_and_nothing_else(before, after):
    first, second = ([(at, *KINDS[kind]) for at, kind in sorted(events)] for events in (before, after))
    anew = fold(NO_REQUESTS, [*first, (0, None, None, NEW_START), *second])
    fresh, whole = fold(NO_REQUESTS, second), fold(NO_REQUESTS, first + second)
    assert (anew.failure_streak, buckets(anew)) == (fresh.failure_streak, buckets(fresh))
    assert anew[:7] == whole[:7]


def test_no_more_than_thirty_seconds_are_kept():
    tally = fold(NO_REQUESTS, [(second * SECOND, 5, None, ENDED) for second in range(100)])
    assert [second for second, *_ in buckets(tally)] == list(range(100 - RECENT_MOST, 100))
