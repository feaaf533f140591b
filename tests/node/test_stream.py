"""`GET /backends/stream`: a reader's state follows the list, whatever changes and however it comes back."""

import random

import pytest

from backend_registry import Registry
from backend_registry.node import Readiness, feed
from backend_registry.node.schemas import BackendsDelta, BackendsSnapshot
from backend_registry.testing import make_backend
from tests.web.running import eventually


@pytest.fixture
def fast_load(monkeypatch):
    monkeypatch.setattr(feed, "LOAD_EVERY_S", 0.02)


@pytest.fixture
def slow_load(monkeypatch):
    """Counters are never looked at, so that what comes came from a commit."""
    monkeypatch.setattr(feed, "LOAD_EVERY_S", 1000.0)


def state_of(node, query=""):
    return {entry["id"]: entry for entry in node.entries(query)}


def test_a_stream_begins_with_what_the_list_shows(node):
    for name in "abc":
        node.registry.add_backend(make_backend(name, f"http://{name}"))
    events = node.events("/backends/stream")
    first = events.next()
    assert first.name == "snapshot"
    assert BackendsSnapshot.model_validate(first.data)
    assert events.state == state_of(node)


@pytest.mark.usefixtures("slow_load")
def test_commits_come_at_once(node):
    events = node.events("/backends/stream")
    events.next()
    node.registry.add_backend(make_backend("a"))
    delta = events.next()
    assert (delta.name, [entry["id"] for entry in delta.data["upserts"]]) == ("delta", ["a"])
    assert BackendsDelta.model_validate(delta.data)
    node.registry.drain("a")
    assert events.until(lambda state: state["a"]["intent"] == "draining") == state_of(node)
    node.registry.remove_backend("a")
    assert events.next().data == {"upserts": [], "deletes": [{"id": "a"}]}


@pytest.mark.usefixtures("slow_load")
def test_what_operators_do_comes_with_its_override(node):
    events = node.events("/backends/stream")
    events.next()
    node.ask("POST", "/backends", {"id": "a", "url": "http://a"})
    node.ask("PATCH", "/backends/a", {"weight": 5})
    state = events.until(lambda state: state.get("a", {}).get("weight") == 5)
    assert (state["a"]["source"], state["a"]["override"]["weight"]) == ("api", 5)


@pytest.mark.usefixtures("fast_load")
def test_counters_come_although_they_have_no_commit(node):
    node.registry.add_backend(make_backend("a"))
    events = node.events("/backends/stream")
    events.next()
    with node.registry.acquire("llama3:8b"):
        events.until(lambda state: state["a"]["pending_requests"] == 1)
    events.until(lambda state: state["a"]["pending_requests"] == 0 and state["a"]["total_requests"] == 1)


@pytest.mark.usefixtures("slow_load")
def test_filters_apply_to_the_stream_as_to_the_list(node):
    node.registry.add_backend(make_backend("a", "http://a", backend_type="vllm"))
    node.registry.add_backend(make_backend("b", "http://b"))
    query = "?kind=vllm&intent=enabled"
    events = node.events(f"/backends/stream{query}")
    assert [entry["id"] for entry in events.next().data["backends"]] == ["a"]
    node.registry.drain("b")
    node.registry.drain("a")
    assert events.next().data == {"upserts": [], "deletes": [{"id": "a"}]}
    node.registry.enable("a")
    assert events.until(lambda state: "a" in state) == state_of(node, query)


def test_once_is_the_state_now_or_what_was_missed_or_nothing_new(node):
    node.registry.add_backend(make_backend("a"))
    first = node.events("/backends/stream?once=true")
    assert (first.next().name, first.next()) == ("snapshot", None)
    again = node.events(f"/backends/stream?once=true&since={first.last_id}")
    assert (again.next().name, again.next()) == ("unchanged", None)
    node.registry.drain("a")
    later = node.events("/backends/stream?once=true", **{"Last-Event-ID": first.last_id})
    missed = later.next()
    assert (missed.name, [entry["intent"] for entry in missed.data["upserts"]]) == ("delta", ["draining"])
    odd = node.events("/backends/stream?once=true&since=garbage")
    assert [odd.next().name, odd.next().name, odd.next()] == ["reset", "snapshot", None]


@pytest.mark.parametrize("query", ["once=1", "once=", "once=yes", "kind=teapot", "since=" + "x" * 65])
def test_a_bad_parameter_is_refused_before_the_stream_begins(lasting, query):
    assert lasting.ask("GET", f"/backends/stream?{query}").status == 400


def test_nothing_is_looked_at_while_nobody_reads(node, monkeypatch):
    looked = []
    monkeypatch.setattr(feed, "LOAD_EVERY_S", 0.01)
    original = feed.BackendFeed._refresh
    monkeypatch.setattr(feed.BackendFeed, "_refresh", lambda self: looked.append(self) or original(self))
    events = [node.events("/backends/stream") for _ in range(2)]
    for stream in events:
        stream.next()
    the_feed = looked[0]
    events[0].close()
    eventually(lambda: the_feed.ring.readers == 1, "one has left")
    assert the_feed._task is not None
    events[1].close()
    eventually(lambda: the_feed._task is None, "nobody follows")
    assert the_feed.ring.readers == 0
    again = node.events("/backends/stream")
    again.next()
    node.registry.add_backend(make_backend("later"))
    again.until(lambda state: "later" in state)


def test_a_change_that_cannot_be_shown_is_made_good_for(node, monkeypatch, caplog):
    monkeypatch.setattr(feed, "LOAD_EVERY_S", 0.05)
    events = node.events("/backends/stream")
    events.next()
    failures = [ZeroDivisionError()]
    original = feed.BackendFeed._publish

    def publish(self, ids):
        ids = list(ids)
        if "a" in ids and failures:
            raise failures.pop()
        return original(self, ids)

    monkeypatch.setattr(feed.BackendFeed, "_publish", publish)
    node.registry.add_backend(make_backend("a"))
    events.until(lambda state: "a" in state)
    assert "missed a change" in caplog.text


@pytest.mark.usefixtures("slow_load")
def test_more_commits_than_the_journal_holds_are_made_good_for(start):
    node = start(Registry(journal_size=2))
    events = node.events("/backends/stream")
    events.next()

    def burst():
        for number in range(300):
            node.registry.add_backend(make_backend(f"b{number}", f"http://h:{number + 1}"))

    node.in_loop(burst)
    events.until(lambda state: len(state) == 300)


def test_streams_end_when_the_process_is_told_to_stop(start):
    registry = Registry()
    readiness = Readiness(registry, is_checked=lambda _: False)
    node = start(registry, readiness=readiness)
    events = node.events("/backends/stream")
    events.next()
    node.in_loop(readiness.stop)
    assert events.next() is None


def prop_a_reader_that_loses_its_connection_again_and_again_ends_with_the_list(node, monkeypatch):
    monkeypatch.setattr(feed, "LOAD_EVERY_S", 0.005)
    rng = random.Random(3)
    events = node.events("/backends/stream")
    events.next()
    for step in range(150):
        name = f"b{rng.randrange(6)}"
        backend = node.registry.get_backend(name)
        if backend is None:
            node.registry.add_backend(make_backend(name, f"http://{name}"))
        elif rng.random() < 0.3:
            node.registry.remove_backend(name)
        elif rng.random() < 0.5:
            backend.increment_total_requests()
        else:
            node.registry.update_models(name, [f"m{step}"])
        if rng.random() < 0.1:
            state, last_id = events.state, events.last_id
            events.close()
            events = node.events("/backends/stream", **{"Last-Event-ID": last_id})
            events.state, events.last_id = state, last_id
    node.registry.add_backend(make_backend("end", "http://end"))
    events.until(lambda state: "end" in state and state == state_of(node))
