"""How the last 15 minutes were: what a sample keeps, when it was, and whose it is."""

import asyncio

import pytest

from backend_registry.hub import history as module
from backend_registry.hub.expiry import Standing
from backend_registry.hub.history import History
from backend_registry.hub.view import ClusterView
from backend_registry.protocol import Entry, NodeRecord

PLACES = 61


class Past:
    """A view with its history, and the clocks of both."""

    def __init__(self):
        self.now = 1000.0
        self.view = ClusterView(now_ms=self.ms)
        self.history = History(self.view.numbers, clock=lambda: self.now, now_ms=self.ms)

    def ms(self):
        return 1_700_000_000_000 + round(self.now * 1000)

    def report(self, node_id, *names, status="available"):
        before = self.view.entries_of(node_id).values() if node_id in self.view else ()
        come = [Entry(id=name, name=name, kind="vllm", status=status) for name in names]
        record = NodeRecord(
            node_id=node_id, epoch=1, revision=1, instance="i", digest=0, entries={entry.id: entry for entry in come}
        )
        self.view.put(record, before, come)

    def load(self, node_id, **loads):
        self.view.load(node_id, loads)
        self.view.settle(100)

    def sample(self, after_s=15.0):
        self.now += after_s
        asyncio.run(self.history.sample())

    def of(self, name):
        return self.history.of_row(self.view.row(("vllm", name)))


@pytest.fixture
def past():
    return Past()


def known(series):
    """The values that are known, which are the last ones."""
    return [value for value in series if value is not None]


def test_a_backend_is_shown_as_it_was_at_each_sample(past):
    past.report("n1", "a", "b")
    past.report("n2", "a")
    past.load("n1", a=(3, 40, 9), b=(0, 0, 0))
    past.sample()
    past.load("n2", a=(2, 60, 9))
    past.sample()
    past.view.stand("n2", Standing.UNREACHABLE)
    past.sample()
    row = past.of("a")
    assert [series[-3:] for series in row] == [[40, 50, 40], [3, 5, 3], [2, 2, 1]]
    assert {len(series) for series in row} == {PLACES}
    assert {len(known(series)) for series in row} == {3}
    assert (known(past.of("b").avg_latency_ms), known(past.of("b").pending)) == ([], [0, 0, 0])
    assert past.history.until_ms == past.ms()


def test_nothing_is_known_before_the_first_sample(past):
    past.report("n1", "a")
    assert past.history.until_ms is None
    assert past.of("a").pending == [None] * PLACES
    assert past.history.of_fleet().available == [None] * PLACES


def test_all_together_are_counted(past):
    past.report("n1", "a", "b", "c")
    past.report("n2", "a", status="unavailable")
    past.report("n3", "down", status="unavailable")
    past.report("n4", "gone")
    past.view.drop("n4")
    past.load("n1", a=(3, 40, 9), b=(70_000, 20, 9))
    past.sample()
    fleet = past.history.of_fleet()
    assert [series[-1] for series in fleet] == [3, 1, 1, 70_003, 30]
    past.view.drop("n1")
    past.sample()
    assert [series[-2:] for series in past.history.of_fleet()] == [[3, 0], [1, 0], [1, 2], [70_003, 0], [30, None]]


def test_numbers_are_clamped_and_never_taken_for_unknown(past):
    past.report("n1", "a", "b")
    past.load("n1", a=(65_535, 65_535, 1), b=(10**9, 10**9, 1))
    past.sample()
    assert [known(series) for series in past.of("a")] == [[65_534], [65_534], [1]]
    assert [known(series) for series in past.of("b")] == [[65_534], [65_534], [1]]


def test_a_slot_that_is_used_again_does_not_show_the_past_of_another(past):
    past.report("n1", "a")
    past.load("n1", a=(7, 7, 7))
    past.sample()
    slot = past.view.row(("vllm", "a")).slot
    past.view.drop("n1")
    past.report("n2", "b")
    assert past.view.row(("vllm", "b")).slot == slot
    assert known(past.of("b").pending) == []
    past.sample()
    assert known(past.of("b").pending) == [0]


def test_a_slot_that_changes_hands_during_a_sample_is_shown_from_the_next_one_on(past, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 1)
    past.report("n1", "a", "b")
    past.load("n1", a=(7, 7, 7))
    past.now += 15

    async def scenario():
        sampling = asyncio.create_task(past.history.sample())
        await asyncio.sleep(0)
        past.view.drop("n1")
        past.report("n2", "x", "y")
        await sampling

    asyncio.run(scenario())
    assert [known(past.of(name).pending) for name in "xy"] == [[], []]
    past.sample()
    assert [known(past.of(name).pending) for name in "xy"] == [[0], [0]]


def test_time_in_which_nothing_was_sampled_is_a_gap(past):
    past.report("n1", "a")
    past.sample()
    past.sample(after_s=45)
    assert past.of("a").available_nodes[-5:] == [None, 1, None, None, 1]


def test_one_span_of_time_has_one_sample(past):
    past.report("n1", "a")
    past.sample()
    tag = past.history.tag
    past.sample(after_s=1)
    assert known(past.of("a").available_nodes) == [1]
    assert past.history.tag == tag


def test_what_is_older_than_15_minutes_is_forgotten(past):
    past.report("n1", "a")
    past.load("n1", a=(9, 9, 9))
    past.sample()
    past.load("n1", a=(1, 1, 1))
    for _ in range(PLACES):
        past.sample()
    assert past.of("a").pending == [1] * PLACES
    assert len(past.history._samples) == PLACES
    past.sample(after_s=10_000)
    assert past.of("a").pending == [None] * (PLACES - 1) + [1]


def test_samples_are_further_apart_in_a_large_cluster_and_what_there_is_stays(past, monkeypatch):
    past.now = 1200.0
    past.report("n1", "a")
    for number in range(9):
        past.load("n1", a=(number, 1, 1))
        past.sample(after_s=15 if number else 0)
    monkeypatch.setattr(module, "MANY", 1)
    past.report("n2", "b")
    past.sample()
    assert past.history.every_s == 60
    assert past.of("a").pending == [None] * 13 + [0, 4, 8]
    past.sample(after_s=60)
    assert past.of("a").pending[-4:] == [0, 4, 8, 8]
    assert known(past.of("b").pending) == [0]


def test_other_tasks_have_their_turn_while_a_sample_is_taken(past, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 2)
    past.report("n1", *(f"b{number}" for number in range(10)))
    past.now += 15

    async def turns():
        sampling, count = asyncio.create_task(past.history.sample()), 0
        while not sampling.done():
            await asyncio.sleep(0)
            count += 1
        return count

    assert asyncio.run(turns()) >= 5


def test_it_goes_on_by_itself_and_survives_a_failure(past, monkeypatch, caplog):
    past.report("n1", "a")
    monkeypatch.setattr(past.history, "every_s", 0.01)
    failures = iter([True])

    def ms():
        past.now += 0.01
        if next(failures, False):
            raise OSError("no clock")
        return past.ms()

    monkeypatch.setattr(past.history, "_now_ms", ms)

    async def scenario():
        running = asyncio.create_task(past.history.run())
        while len(past.history._samples) < 3:
            past.now += 0.01
            await asyncio.sleep(0)
        running.cancel()

    asyncio.run(scenario())
    assert "history" in caplog.text
