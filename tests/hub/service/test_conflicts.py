"""Nodes that change their process too often."""

from backend_registry.hub.conflicts import Conflicts
from tests.hub.service.cluster import Clock


def test_the_fourth_change_in_five_minutes_is_one_too_many():
    clock = Clock()
    conflicts = Conflicts(clock)
    assert [conflicts.changed("n1") for _ in range(5)] == [False, False, False, True, False]
    assert "n1" in conflicts


def test_changes_are_counted_over_five_minutes():
    clock = Clock()
    conflicts = Conflicts(clock)
    for _ in range(3):
        assert not conflicts.changed("n1")
    clock.now += 300.5
    for _ in range(3):
        assert not conflicts.changed("n1")
    assert conflicts.changed("n1")


def test_a_conflict_settles_five_minutes_after_the_last_change():
    clock = Clock()
    conflicts = Conflicts(clock)
    for _ in range(10):
        conflicts.changed("n1")
        clock.now += 100
    assert conflicts.settled() == []
    clock.now += 201
    assert conflicts.settled() == ["n1"]
    assert conflicts.settled() == []
    assert "n1" not in conflicts


def test_who_was_never_in_conflict_does_not_settle_and_is_not_kept():
    clock = Clock()
    conflicts = Conflicts(clock)
    for number in range(100):
        conflicts.changed(f"n{number}")
    clock.now += 301
    assert conflicts.settled() == []
    assert len(conflicts._changes) == 0


def test_a_dropped_node_begins_anew():
    conflicts = Conflicts(Clock())
    for _ in range(4):
        conflicts.changed("n1")
    conflicts.drop("n1")
    assert "n1" not in conflicts
    assert [conflicts.changed("n1") for _ in range(4)] == [False, False, False, True]
