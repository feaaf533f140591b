"""Whose state of a node stays when Redis and a hub hold different ones."""

import pytest

from backend_registry.hub.store.redis_change import later, mark_after, newer
from backend_registry.protocol import NodeRecord


def held(writes, *, epoch=5, revision=1, presence="present"):
    record = NodeRecord(node_id="n1", epoch=epoch, revision=revision, instance="one", digest=0, entries={}, presence=presence)
    return b"%d.x" % writes, record


@pytest.mark.parametrize(
    ("mine", "theirs", "is_newer"),
    [
        # Redis has gone on, as a rule.
        (held(3), held(4, revision=2), False),
        (held(3), held(4, presence="deleted"), False),
        (held(3, presence="deleted"), held(5, revision=2), False),  # deleted, allowed, back
        (held(9), held(4, epoch=6), False),
        # It has lost its last writes.
        (held(4, revision=2), held(3), True),
        (held(4, presence="departed"), held(3), True),
        (held(4, presence="deleted"), held(3), True),
        (held(3, epoch=6), held(9), True),
        # It has lost them, and another hub that had not heard of them has written since.
        (held(4, presence="deleted"), held(4, revision=7), True),
        (held(4), held(4, presence="deleted"), False),
        (held(4), held(4, revision=7), False),
        (held(5, revision=7), held(4, revision=2), True),
    ],
)
def test_what_redis_has_lost_is_newer_here(mine, theirs, is_newer):
    assert newer(mine, theirs) is is_newer


def test_a_mark_is_later_than_those_it_follows_and_like_no_other():
    first = mark_after(b"")
    second = mark_after(first, b"7.x")
    assert later(first, b"")
    assert later(second, first)
    assert later(second, b"7.x")
    assert not later(b"7.y", b"7.x")
    assert mark_after(first) != mark_after(first)
