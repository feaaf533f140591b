"""Lines of waiters: whoever leaves wakes the next, and an empty line leaves nothing behind."""

import gc

import pytest

from backend_registry._core.waiting import Lines


class Waiter:
    def __init__(self):
        self.woken = 0

    def wake(self):
        self.woken += 1


@pytest.fixture
def lines():
    return Lines()


def line_up(lines, count, topic="t", group="g"):
    waiters = [Waiter() for _ in range(count)]
    for waiter in waiters:
        lines.join(topic, group, waiter)
    return waiters


def test_only_the_first_is_the_head(lines):
    first, second = line_up(lines, 2)
    assert lines.is_head("t", "g", first)
    assert not lines.is_head("t", "g", second)


def test_waking_a_topic_wakes_the_head_of_each_group(lines):
    a1, a2 = line_up(lines, 2, group="a")
    (b1,) = line_up(lines, 1, group="b")
    (other,) = line_up(lines, 1, topic="u")
    lines.wake("t")
    assert [each.woken for each in (a1, a2, b1, other)] == [1, 0, 1, 0]


def test_waking_nobody_is_fine(lines):
    lines.wake("nobody")
    assert lines.topics == {}


def test_whoever_leaves_wakes_the_new_head(lines):
    first, second, third = line_up(lines, 3)
    lines.leave("t", "g", second)
    assert (first.woken, third.woken) == (1, 0)
    lines.leave("t", "g", first)
    assert third.woken == 1
    assert lines.is_head("t", "g", third)


def test_the_last_to_leave_leaves_nothing_behind(lines):
    (a,) = line_up(lines, 1, group="a")
    (b,) = line_up(lines, 1, group="b")
    lines.leave("t", "a", a)
    assert list(lines.topics["t"]) == ["b"]
    lines.leave("t", "b", b)
    assert lines.topics == {}
    assert b.woken == 0


def test_waiter_that_is_forgotten_stands_in_nobodys_way():
    lines = Lines()
    forgotten, waiter = Waiter(), Waiter()
    lines.join("m", "g", forgotten)
    lines.join("m", "g", waiter)
    del forgotten
    gc.collect()
    lines.wake("m")
    assert waiter.woken == 1
    assert lines.is_head("m", "g", waiter)
    lines.leave("m", "g", waiter)
    assert lines.topics == {}


def test_the_urgent_stand_before_the_others_and_in_order_among_themselves(lines):
    patient = line_up(lines, 2)
    urgent = [Waiter(), Waiter()]
    for waiter in urgent:
        lines.join("t", "g", waiter, urgent=True)
    for head in (*urgent, *patient):
        assert lines.is_head("t", "g", head)
        lines.leave("t", "g", head)
    assert lines.topics == {}


def test_who_gives_up_behind_an_urgent_one_is_out_of_line(lines):
    (patient,) = line_up(lines, 1)
    urgent = Waiter()
    lines.join("t", "g", urgent, urgent=True)
    lines.leave("t", "g", patient)
    assert urgent.woken == 1
    lines.leave("t", "g", urgent)
    assert lines.topics == {}
