"""The digest stands for a state, whatever the order of its entries and however it came about."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_registry.protocol import EMPTY, digest_of, entry_digest, from_hex, in_hex, moved, ordered
from tests.protocol.tools import backend, entries, states


@given(states, st.randoms(use_true_random=False))
def test_the_order_of_entries_is_nothing_to_it(state, rng):
    shuffled = list(state)
    random.Random(rng.random()).shuffle(shuffled)
    assert digest_of(shuffled) == digest_of(state)


@given(st.lists(states, min_size=1, max_size=5))
def test_reckoned_from_change_to_change_it_is_the_one_from_scratch(history):
    digest, known = EMPTY, {}
    for state in history:
        now = {entry.id: entry for entry in state}
        gone = [entry for entry in known.values() if now.get(entry.id) != entry]
        come = [entry for entry in state if known.get(entry.id) != entry]
        digest, known = moved(digest, gone, come), now
        assert digest == digest_of(state)


@given(entries, entries)
def test_two_entries_have_one_digest_only_if_they_are_equal(one, other):
    one, other = ordered(one), ordered(other)
    assert (entry_digest(one) == entry_digest(other)) == (one == other)


@given(states)
def test_it_has_128_bits_and_survives_its_spelling(state):
    digest = digest_of(state)
    assert 0 <= digest < 1 << 128
    assert len(in_hex(digest)) == 32
    assert from_hex(in_hex(digest)) == digest


def test_nothing_has_the_empty_digest():
    assert in_hex(digest_of([])) == in_hex(EMPTY) == "0" * 32


def test_what_goes_below_zero_comes_round():
    a, b = backend("a"), backend("b")
    assert moved(moved(EMPTY, [a], [b]), [b], [a]) == EMPTY


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "other"),
        ("kind", "ollama"),
        ("base_url", "http://10.0.0.1"),
        ("operations", ("chat",)),
        ("features", ("tools",)),
        ("transports", ("ws",)),
        ("weight", 2),
        ("priority", -1),
        ("instance_id", ""),
        ("discovery_source", "mdns"),
        ("metadata", {"region": "eu"}),
        ("status", "unavailable"),
        ("status_reason", "timed out"),
        ("health", "healthy"),
        ("intent", "draining"),
        ("ejection", "failures"),
        ("generation", 1),
    ],
)
def test_every_field_is_in_it(field, value):
    assert entry_digest(backend("a", **{field: value})) != entry_digest(backend("a"))
