"""What the view promises beside showing what nodes say: load, hearing, and who is told of changes."""

import pytest

from backend_registry.hub.expiry import Standing
from backend_registry.hub.view import ClusterView
from backend_registry.protocol import Entry, NodeRecord


def entry(entry_id, **fields):
    return Entry(id=entry_id, **{"name": entry_id, "kind": "vllm", "status": "available", **fields})


def record(*entries, node_id="n", presence="present"):
    by_id = {one.id: one for one in entries}
    return NodeRecord(node_id=node_id, epoch=1, revision=1, instance="i", digest=0, entries=by_id, presence=presence)


@pytest.fixture
def view():
    return ClusterView(now_ms=lambda: 42)


def put(view, *entries, node_id="n"):
    before = dict(view.entries_of(node_id)) if node_id in view else {}
    after = record(*entries, node_id=node_id)
    gone = [one for one in before.values() if after.entries.get(one.id) != one]
    view.put(after, gone, [one for one in entries if before.get(one.id) != one])


def test_load_that_was_told_bit_by_bit_is_shown_together(view):
    put(view, entry("a"), entry("b"))
    assert view.load("n", {"a": (1, 2, 3)}) == 0
    assert view.load("n", {"b": (4, 5, 6), "c": (7, 8, 9)}) == 1
    assert view.node("n").load == {"a": (0, 0, 0), "b": (0, 0, 0)}
    assert not view.settle(10)
    assert view.node("n").load == {"a": (1, 2, 3), "b": (4, 5, 6)}


def test_load_stays_with_its_backend_when_others_come_and_go(view):
    put(view, entry("b"), entry("d"))
    view.load("n", {"b": (1, 2, 3), "d": (4, 5, 6)})
    view.settle(10)
    put(view, entry("a"), entry("c"), entry("d", weight=9), entry("e"))
    assert view.node("n").load == {"a": (0, 0, 0), "c": (0, 0, 0), "d": (4, 5, 6), "e": (0, 0, 0)}
    assert view.row(("vllm", "d")).numbers.pending[view.row(("vllm", "d")).slot] == 4


def test_load_of_a_node_that_has_gone_is_forgotten(view):
    put(view, entry("a"))
    view.load("n", {"a": (1, 2, 3)})
    view.drop("n")
    assert not view.settle(10)
    assert view.load("n", {"a": (1, 2, 3)}) == 1
    put(view, entry("a"))
    view.settle(10)
    assert view.node("n").load == {"a": (0, 0, 0)}


def test_load_that_is_as_before_is_no_new_revision(view):
    put(view, entry("a"))
    view.load("n", {"a": (1, 2, 3)})
    view.settle(10)
    revision = view.revision
    view.load("n", {"a": (1, 2, 3)})
    view.settle(10)
    assert view.revision == revision


def test_hearing_a_node_is_no_new_revision(view):
    put(view, entry("a"))
    revision = view.revision
    assert view.node("n").heard_at_ms is None
    view.heard("n")
    view.heard("nobody")
    assert (view.node("n").heard_at_ms, view.revision) == (42, revision)


def test_who_is_to_publish_is_told_of_every_change(view):
    told = []
    view.changed = lambda: told.append(view.revision)
    put(view, entry("a"))
    view.stand("n", Standing.SUSPECT)
    view.load("n", {"a": (1, 1, 1)})
    view.settle(10)
    view.drop("n")
    assert len(told) == 5
    view.stand("n", Standing.LIVE)
    view.drop("n")
    assert len(told) == 5


def test_why_prefers_faults_to_what_operators_have_taken_out(view):
    failing = entry("a", status="unavailable", status_reason="no route")
    drained = entry("a", status="unavailable", status_reason="drained", intent="draining")
    disabled = entry("a", status="unavailable", status_reason="disabled", intent="disabled")
    put(view, drained, node_id="n1")
    put(view, drained, node_id="n2")
    row = view.row(("vllm", "a"))
    assert row.reason == "drained"
    put(view, failing, node_id="n3")
    assert row.reason == "no route"
    put(view, disabled, node_id="n3")
    assert row.reason == "drained"
    # That they fell silent as well is no fault where nobody wants them.
    for node_id in ("n1", "n2"):
        view.stand(node_id, Standing.UNREACHABLE)
    put(view, failing, node_id="n3")
    assert row.reason == "no route"
    for node_id in ("n1", "n2", "n3"):
        view.stand(node_id, Standing.LIVE)
        put(view, entry("a"), node_id=node_id)
    assert (row.reason, row.numbers.faults, row.numbers.withdrawals) == ("", {}, {})


def test_a_node_that_is_not_known_is_a_key_error(view):
    for ask in (view.node, view.entries_of, view.model):
        with pytest.raises(KeyError):
            ask("nobody")


def test_no_two_views_have_the_same_tag(view):
    assert view.tag != ClusterView(now_ms=lambda: 42).tag


def test_slots_are_used_again(view):
    for number in range(50):
        put(view, entry(f"b{number}"))
    assert view.row(("vllm", "b49")).slot < 2


def test_changes_are_taken_a_few_nodes_at_a_time(view):
    put(view, entry("a"), entry("b"), entry("c"))
    assert [len(view.take_changes(0)) for _ in range(2)] == [1, 1]
    put(view, entry("a", weight=2), entry("b"))
    rest = {}
    while view.changes:
        some = view.take_changes(0)
        assert len(some) == 1
        rest |= some
    assert (rest["vllm", "c"], b'"weight":2' in rest["vllm", "a"].data) == (None, True)
    assert view.take_changes() == {}
