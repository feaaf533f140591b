"""Wrong guesses cost time, and keep out nobody else for longer than a moment."""

from types import SimpleNamespace

import pytest

from backend_registry.hub.guesses import GuessLimit


@pytest.fixture
def at():
    return SimpleNamespace(now=1000.0)


@pytest.fixture
def limit(at):
    return GuessLimit(lambda: at.now)


def guesses(limit, peer, times):
    """How many of so many tries a peer was allowed."""
    allowed = 0
    for _ in range(times):
        if limit.wait_s(peer) == 0:
            limit.wrong(peer)
            allowed += 1
    return allowed


def test_a_guesser_gets_ten_tries_and_then_one_every_other_second(limit, at):
    assert guesses(limit, "a", 1000) == 10
    assert limit.wait_s("a") == 2.0
    at.now += 1.0
    assert limit.wait_s("a") == 1.0
    allowed = 0
    for _ in range(600):
        at.now += 1.0
        allowed += guesses(limit, "a", 50)
    assert 299 <= allowed <= 301


def test_one_guesser_keeps_nobody_else_out(limit, at):
    for _ in range(600):
        guesses(limit, "a", 50)
        assert limit.wait_s("b") == 0
        at.now += 1.0


def test_many_guessers_together_are_limited_and_a_moment_later_everybody_gets_in(limit, at):
    assert sum(guesses(limit, f"peer-{number}", 10) for number in range(100)) == 100
    assert limit.wait_s("somebody else") == pytest.approx(0.2)
    at.now += 60.0
    assert sum(guesses(limit, f"other-{number}", 10) for number in range(100)) == 100
    at.now += 0.21
    assert limit.wait_s("somebody else") == 0


def test_asking_costs_nothing(limit):
    assert [limit.wait_s("a") for _ in range(1000)] == [0] * 1000


def test_an_allowance_never_grows_beyond_its_beginning(limit, at):
    guesses(limit, "a", 1)
    at.now += 1e9
    assert guesses(limit, "a", 1000) == 10


def test_a_clock_that_stands_or_goes_back_gives_nothing(limit, at):
    guesses(limit, "a", 10)
    at.now -= 500.0
    assert limit.wait_s("a") == 2.0


def test_memory_is_bounded_however_many_guess(limit, at):
    for number in range(10_000):
        limit.wrong(f"peer-{number}")
        at.now += 1.0
    assert len(limit._peers) == 4096
