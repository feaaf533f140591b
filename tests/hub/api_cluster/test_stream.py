"""`GET /admin/api/backends/stream`: a reader's state follows the list, whatever nodes do and however the reader comes back."""

import asyncio
import random

import pytest

from backend_registry._web import sse
from backend_registry.hub import feed
from backend_registry.hub.api.cluster_schemas import ClusterDelta, ClusterFacts, ClusterSnapshot
from backend_registry.hub.expiry import Standing
from backend_registry.protocol import Entry
from tests.hub.api_cluster.running import LIST
from tests.hub.service.cluster import Node
from tests.web.running import PATIENCE_S, eventually


def one(name, entry_id=None, **fields):
    return Entry(id=entry_id or name, name=name, **{"kind": "vllm", "status": "available", **fields})


@pytest.fixture(autouse=True)
def no_heartbeat(monkeypatch):
    """Nothing wakes a reader but what it should be woken by."""
    monkeypatch.setattr(sse, "HEARTBEAT_S", 1000.0)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(feed, "COALESCE_S", 0.001)
    monkeypatch.setattr(feed, "SETTLE_EVERY_S", 0.02)


@pytest.fixture
def slow_load(monkeypatch):
    """Load is never shown, so that what comes was a report's."""
    monkeypatch.setattr(feed, "SETTLE_EVERY_S", 1000.0)


def test_a_stream_begins_with_what_the_list_shows(hub):
    hub.report(Node("n1", one("a"), one("b")).full(), Node("n2", one("a")).full())
    events = hub.events()
    first = events.next()
    assert first.name == "snapshot"
    assert ClusterSnapshot.model_validate(first.data)
    assert events.state == hub.state()
    assert events.facts == {"complete": False, "protected": False, "degraded": ""}


def test_reports_come_as_deltas_of_whole_entries(hub):
    node = Node("n1", one("a"), one("b"))
    hub.report(node.full())
    events = hub.events()
    events.next()
    hub.report(node.changed(one("a", weight=5)))
    delta = events.next()
    assert (delta.name, [(row["name"], row["nodes"][0]["weight"]) for row in delta.data["upserts"]]) == ("delta", [("a", 5)])
    assert ClusterDelta.model_validate(delta.data)
    hub.report(Node("n2", one("a")).full())
    assert events.until(lambda state: state["vllm", "a"]["total_nodes"] == 2) == hub.state()
    hub.in_loop(lambda: hub.hub.view.drop("n1"))
    events.until(lambda state: ("vllm", "b") not in state)
    assert events.state == hub.state()


def test_filters_apply_to_the_stream_as_to_the_list(hub):
    node = Node("n1", one("a"), one("b"))
    hub.report(node.full())
    query = "?status=available&q=a&node=n1"
    events = hub.events(query)
    assert [row["name"] for row in events.next().data["backends"]] == ["a"]
    hub.report(node.changed(one("b", weight=4)))
    hub.report(node.changed(one("a", status="unavailable")))
    assert events.next().data == {"upserts": [], "deletes": [{"kind": "vllm", "name": "a"}]}
    hub.report(node.changed(one("a")))
    assert events.until(lambda state: ("vllm", "a") in state) == hub.state(query)


def test_a_node_that_is_not_heard_any_more_is_in_the_stream(hub):
    hub.report(Node("n1", one("a")).full())
    events = hub.events()
    events.next()
    hub.in_loop(lambda: hub.hub.view.stand("n1", Standing.UNREACHABLE))
    state = events.until(lambda state: state["vllm", "a"]["status"] == "unavailable")
    assert state["vllm", "a"]["status_reason"] == "unreachable"


@pytest.mark.usefixtures("quick")
def test_load_comes_although_it_is_no_change_of_state(hub):
    node = Node("n1", one("a"))
    hub.report(node.full())
    events = hub.events()
    events.next()
    hub.report(node.beat(load={"a": (7, 30, 100), "gone": (1, 1, 1)}))
    state = events.until(lambda state: state["vllm", "a"]["pending"] == 7)
    assert state["vllm", "a"]["nodes"][0]["avg_latency_ms"] == 30


@pytest.mark.usefixtures("slow_load")
def test_load_alone_is_not_published_with_each_report(hub):
    node = Node("n1", one("a"), one("b"))
    hub.report(node.full())
    events = hub.events()
    events.next()
    hub.report(node.beat(load={"a": (7, 30, 100)}))
    hub.report(node.changed(one("b", weight=3)))
    delta = events.next().data
    assert [(row["name"], row["pending"]) for row in delta["upserts"]] == [("b", 0)]


def test_once_is_the_state_now_or_what_was_missed_or_nothing_new(hub):
    node = Node("n1", one("a"))
    hub.report(node.full())
    first = hub.events("?once=true")
    assert (first.next().name, first.next()) == ("snapshot", None)
    again = hub.events(f"?once=true&since={first.last_id}")
    assert (again.next().name, again.next()) == ("unchanged", None)
    hub.report(node.changed(one("a", weight=8)))
    eventually(lambda: hub.in_loop(lambda: hub.hub.feed.ring.id) != first.last_id, "it is published")
    later = hub.events("?once=true", **{"Last-Event-ID": first.last_id})
    missed = later.next()
    assert (missed.name, [row["nodes"][0]["weight"] for row in missed.data["upserts"]]) == ("delta", [8])
    odd = hub.events("?once=true&since=garbage")
    assert [odd.next().name, odd.next().name, odd.next()] == ["reset", "snapshot", None]


@pytest.mark.parametrize("query", ["once=1", "status=up", "since=" + "x" * 65])
def test_a_bad_parameter_is_refused_before_the_stream_begins(hub, query):
    assert hub.ask("GET", f"{LIST}/stream?{query}").status == 400


def test_readers_are_told_when_the_view_can_be_relied_on(hub):
    hub.report(Node("n1", one("a")).full())
    events = hub.events()
    assert events.next().data["complete"] is False
    left = hub.events("?once=true")
    left.next()
    hub.pass_time(100)
    told = until_complete(events)
    assert (told.name, told.id) == ("facts", None)
    assert ClusterFacts.model_validate(told.data)
    # Who was away is told, too, and so is who comes new although nothing but the facts has changed.
    assert until_complete(hub.events(f"?since={left.last_id}")).name == "facts"
    assert until_complete(hub.events()).name in ("snapshot", "facts")


def until_complete(events):
    """The event that says that the view is complete."""
    while True:
        event = events.next()
        if event.data.get("complete"):
            return event


def test_columns_go_on_as_a_stream(hub):
    node = Node("n1", one("a"), one("b"))
    hub.report(node.full())
    document = hub.ask("GET", f"{LIST}?shape=columns").json
    hub.report(node.changed(one("b", weight=6)))
    events = hub.events(f"?since={document['stream_id']}")
    seen = [events.next()]
    while seen[-1].name != "delta":
        seen.append(events.next())
    assert [row["name"] for row in seen[-1].data["upserts"]] == ["b"]
    assert "reset" not in [event.name for event in seen]


# --- when nobody reads -------------------------------------------------------------------------------------------------


def test_nothing_is_published_until_somebody_reads_it(hub, monkeypatch):
    monkeypatch.setattr(feed, "COALESCE_S", 0.001)
    node = Node("n1", one("a"))
    hub.report(node.full())
    the_feed = hub.hub.feed
    eventually(lambda: not hub.in_loop(lambda: hub.hub.view.changes), "changes are let go of")
    assert (the_feed.ring.keys(), the_feed.ring.id.partition(".")[2]) == (set(), "0")
    events = hub.events()
    events.next()
    assert events.state == hub.state()


@pytest.mark.usefixtures("quick")
def test_the_json_of_wide_rows_is_ready_before_a_list_asks_for_it(hub):
    nodes = [Node(f"n{number}", one("a")) for number in range(10)]
    hub.report(*(node.full() for node in nodes))
    hub.listed()
    row = hub.hub.view.row(("vllm", "a"))
    hub.report(nodes[3].changed(one("a", weight=42)))
    eventually(lambda: hub.in_loop(lambda: row.kept.touched is None and b'"weight":42' in row.kept.data), "it is made anew")


@pytest.mark.usefixtures("quick")
def test_a_feed_that_rested_makes_good_for_what_it_missed(hub, monkeypatch):
    monkeypatch.setattr(feed, "REST_AFTER_S", 0.0)
    node = Node("n1", one("a"), one("b"), one("c"))
    hub.report(node.full())
    events = hub.events()
    events.next()
    events.close()
    eventually(lambda: not hub.in_loop(lambda: hub.hub.feed.follows), "the feed rests")
    node.entries = [one("a"), one("b", weight=2), one("d")]
    node.revision += 1
    hub.report(node.full())
    eventually(lambda: not hub.in_loop(lambda: hub.hub.view.changes), "changes are let go of")
    back = hub.events(f"?since={events.last_id}")
    back.state = events.state
    back.until(lambda state: ("vllm", "d") in state and ("vllm", "c") not in state)
    assert back.state == hub.state()


@pytest.mark.usefixtures("quick")
def test_a_change_that_could_not_be_published_is_made_good_for(hub, monkeypatch, caplog):
    node = Node("n1", one("a"))
    hub.report(node.full())
    events = hub.events()
    events.next()
    failures = [ZeroDivisionError()]
    view = hub.hub.view
    original = view.take_changes

    def take_changes(most):
        changes = original(most)
        if changes and failures:
            raise failures.pop()
        return changes

    monkeypatch.setattr(view, "take_changes", take_changes)
    hub.report(node.changed(one("a", weight=3)))
    events.until(lambda state: state["vllm", "a"]["nodes"][0]["weight"] == 3)
    assert "missed a change" in caplog.text


def test_streams_end_when_the_hub_does(hub):
    events = hub.events()
    events.next()
    hub.in_loop(hub.hub.feed.close)
    assert events.next() is None


def test_no_more_readers_than_there_may_be(hub, monkeypatch):
    monkeypatch.setattr(hub.hub.feed.ring, "_readers_most", 1)
    events = hub.events()
    events.next()
    refused = hub.ask("GET", f"{LIST}/stream")
    assert (refused.status, refused.json["code"]) == (503, "too_many_streams")


# --- all together ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("query", ["", "?status=available", "?node=n1,n2&kind=vllm"])
def prop_a_reader_that_loses_its_connection_again_and_again_ends_with_the_list(start, query):
    hub = start(ring=64)
    rng = random.Random(query)
    view = hub.hub.view
    nodes = {f"n{number}": Node(f"n{number}") for number in range(6)}
    events = hub.events(query)
    events.next()

    def step():
        node = rng.choice(list(nodes.values()))
        known = node.node_id in view
        chance = rng.random()
        if chance < 0.1 and known:
            view.stand(node.node_id, rng.choice([Standing.SUSPECT, Standing.UNREACHABLE, Standing.LIVE]))
        elif chance < 0.3 and known:
            view.load(node.node_id, {entry.id: (rng.randrange(9), 5, 9) for entry in node.entries})
        elif chance < 0.4:
            node.restarted()
            node.entries = [one(f"b{number}", kind=rng.choice(["vllm", "tgi"])) for number in rng.sample(range(8), 3)]
            return node.full()
        elif known and node.entries:
            entry = rng.choice(node.entries)
            return node.changed(one(entry.name, entry.id, kind=entry.kind, status=rng.choice(["available", "unavailable"])))
        return None

    async def steps(count):
        for _ in range(count):
            report = step()
            if report is not None:
                await hub.hub.report(report)
            if rng.random() < 0.3:
                await asyncio.sleep(0.001)

    for _ in range(25):
        asyncio.run_coroutine_threadsafe(steps(12), hub.loop).result(PATIENCE_S)
        if rng.random() < 0.4:
            state, last_id = events.state, events.last_id
            events.close()
            events = hub.events(query, **{"Last-Event-ID": last_id})
            events.state, events.last_id = state, last_id
    last = nodes["n1"]
    last.restarted()
    last.entries = [one("end")]
    hub.report(last.full())
    events.until(lambda state: ("vllm", "end") in state and state == hub.state(query))
