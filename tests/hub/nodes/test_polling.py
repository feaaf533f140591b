"""Lists that a page asks for again and again cost next to nothing as long as they are what they were."""

import pytest

from backend_registry.hub.view import ClusterView
from backend_registry.protocol import ModelEntry
from tests.hub.nodes.running import full
from tests.hub.service.cluster import entry

MODEL = (ModelEntry(id="m1"),)


@pytest.fixture
def some(hub):
    hub.report(full("n1", entry("a", models=MODEL), entry("b")), full("n2", entry("a", models=MODEL)))
    return hub


class Poll:
    """Asks for a list again and again, as a page does."""

    def __init__(self, hub, path):
        self._hub, self._path = hub, path
        self._tag = hub.get(path).headers["etag"]

    def status(self):
        """Whether it was another answer than the last one."""
        answer = self._hub.get(self._path, **{"if-none-match": self._tag})
        self._tag = answer.headers["etag"]
        return answer.status


@pytest.mark.parametrize(("path", "work"), [("nodes", "tally"), ("models", "model"), ("models", "models")])
def test_who_has_the_answer_gets_it_before_any_work(some, path, work, monkeypatch):
    poll = Poll(some, path)
    monkeypatch.setattr(ClusterView, work, None)
    assert poll.status() == 304


@pytest.mark.parametrize("path", ["nodes", "nodes/n1", "models"])
def test_signs_of_life_make_no_new_answer(some, path):
    poll = Poll(some, path)
    some.pass_time(3)
    some.report(full("n1", entry("a", models=MODEL), entry("b")))
    assert poll.status() == 304


def test_load_is_another_answer_for_nodes_and_none_for_models(some):
    nodes, models = Poll(some, "nodes"), Poll(some, "models")
    some.in_loop(lambda: some.hub.view.load("n1", {"a": (4, 20, 6)}))
    some.settle()
    assert (nodes.status(), models.status()) == (200, 304)
    assert [one["pending"] for one in some.list("nodes")] == [4, 0]


@pytest.mark.parametrize("path", ["nodes", "models"])
def test_what_a_node_says_otherwise_is_another_answer(some, path):
    poll = Poll(some, path)
    some.report(full("n1", entry("a", models=MODEL, status="unavailable"), entry("b"), revision=2))
    assert (poll.status(), poll.status()) == (200, 304)


def test_whatever_is_shown_of_a_node_makes_another_answer(some):
    poll = Poll(some, "nodes")
    some.report(full("n1", entry("a", models=MODEL), entry("b"), revision=2))
    assert poll.status() == 200
    some.wait_for(some.hub.wish("n1", {"a": "draining"}, actor="operator"))
    assert poll.status() == 200
    some.pass_time(31)
    assert poll.status() == 200
    some.wait_for(some.hub.delete_node("n1", actor="operator"))
    assert (poll.status(), poll.status()) == (200, 304)


def test_what_another_hub_of_the_same_store_has_wished_is_another_answer(some):
    poll = Poll(some, "nodes")
    some.wait_for(some.hub.store.wish("n1", {"a": "draining"}, reason="why", now_ms=1))
    assert (poll.status(), [one["wishes"] for one in some.list("nodes")]) == (200, [1, 0])


def test_a_node_that_is_deleted_and_allowed_again_is_another_answer_where_it_is_listed(some):
    some.wait_for(some.hub.delete_node("n1", actor="operator"))
    poll = Poll(some, "nodes?standing=deleted,forgotten")
    some.wait_for(some.hub.allow_node("n1", actor="operator"))
    assert poll.status() == 200


def test_a_node_that_begins_to_be_protected_by_time_alone_is_another_answer(start):
    hub = start(suspect_s=10, unreachable_s=15)
    hub.report(full("n1", entry("a")))
    hub.pass_time(11)
    poll = Poll(hub, "nodes")
    assert [(one["standing"], one["protected"]) for one in hub.list("nodes")] == [("suspect", False)]
    hub.pass_time(5)
    assert [(one["standing"], one["protected"]) for one in hub.list("nodes")] == [("suspect", True)]
    assert poll.status() == 200


def test_nodes_in_the_order_of_their_silence_are_another_answer_as_they_are_heard(some):
    poll = Poll(some, "nodes?sort=silence")
    some.pass_time(2)
    some.report(full("n1", entry("a", models=MODEL), entry("b")))
    assert poll.status() == 200
    assert [one["node_id"] for one in some.list("nodes?sort=silence")] == ["n2", "n1"]


def test_a_conflict_of_identity_is_another_answer(some):
    poll = Poll(some, "nodes")
    for _ in range(5):
        some.in_loop(lambda: some.hub._following.another_process("n1"))
    assert [one["identity_conflict"] for one in some.list("nodes")] == [True, False]
    assert poll.status() == 200
