"""Recorded histories of eight threads, each judged by a checker that is itself judged first."""

import pytest

from tests.concurrency.fleet import make_registry
from tests.concurrency.histories import judge, often_switching, presence, record_history
from tests.concurrency.invariants import check
from tests.concurrency.linearizability import ILLEGAL, LEGAL, UNKNOWN, Operation, verdict
from tests.concurrency.report import report

HISTORIES, THREADS, CALLS, IDS = 100, 8, 250, ("a", "b", "c", "d")

pytestmark = pytest.mark.timeout(1800)


def _operations(*rows):
    return [Operation("a", name, argument, answer, start, end) for name, argument, answer, start, end in rows]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([("add", "1", None, 0, 1), ("get", "", "1", 2, 3)], LEGAL, id="one after the other"),
        pytest.param([("get", "", "1", 0, 5), ("add", "1", None, 1, 2)], LEGAL, id="a read that overlaps the write"),
        pytest.param([("get", "", "1", 0, 1), ("add", "1", None, 2, 3)], ILLEGAL, id="a read from the future"),
        pytest.param([("add", "1", None, 0, 1), ("get", "", None, 2, 3)], ILLEGAL, id="a stale read"),
        pytest.param([("add", "1", None, 0, 5), ("add", "2", None, 1, 4)], ILLEGAL, id="both adds win"),
        pytest.param(
            [("add", "1", None, 0, 1), ("increment", "", 1, 2, 9), ("increment", "", 1, 3, 8)], ILLEGAL, id="a lost update"
        ),
        pytest.param(
            [("add", "1", None, 0, 1), ("increment", "", 2, 2, 9), ("increment", "", 1, 3, 8)], LEGAL, id="in the other order"
        ),
        pytest.param([("add", "1", None, 0, 1), ("query", "", ("1", "1"), 2, 3)], ILLEGAL, id="a duplicate in the index"),
    ],
)
def test_the_checker_tells_legal_histories_from_illegal_ones(rows, expected):
    assert verdict(_operations(*rows), presence, None) == expected


def test_the_checker_says_unknown_when_its_budget_is_spent():
    rows = [("add", "1", None, 0, 1)] + [("increment", "", 9, 2, 99)] * 8
    assert verdict(_operations(*rows), presence, None, most=3) == UNKNOWN


def test_histories_of_eight_threads_are_linearizable(effort):
    counts = {LEGAL: 0, ILLEGAL: 0, UNKNOWN: 0}
    operations = 0
    for seed in range(HISTORIES * effort):
        registry = make_registry()
        with often_switching():
            history = record_history(registry, threads=THREADS, calls=CALLS, ids=IDS, seed=seed)
        operations += len(history)
        for name, count in judge(history).items():
            counts[name] += count
        check(registry)
    report(f"[linearizability] {operations} operations of {THREADS} threads in {sum(counts.values())} histories: {counts}")
    assert operations >= 100_000
    assert (counts[ILLEGAL], counts[UNKNOWN]) == (0, 0)
