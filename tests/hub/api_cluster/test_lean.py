"""`GET /admin/api/backends/stream?lean=true`: from columns on, what changes of rows, without their nodes."""

import pytest

from backend_registry._web import sse
from backend_registry.hub import feed
from backend_registry.protocol import Entry
from tests.hub.api_cluster.running import LIST
from tests.hub.service.cluster import Node


def one(name, entry_id=None, **fields):
    return Entry(id=entry_id or name, name=name, **{"kind": "vllm", "status": "available", **fields})


@pytest.fixture(autouse=True)
def only_reports(monkeypatch):
    """Nothing wakes a reader but what a report changes."""
    monkeypatch.setattr(sse, "HEARTBEAT_S", 1000.0)
    monkeypatch.setattr(feed, "SETTLE_EVERY_S", 1000.0)


def lean(hub, query=""):
    """A lean stream from the columns of now on, behind its first event, which is the facts."""
    stream_id = hub.ask("GET", f"{LIST}?shape=columns{query}").json["stream_id"]
    events = hub.events(f"?lean=true&since={stream_id}{query}")
    events.state = hub.state(f"?{query.removeprefix('&')}" if query else "")
    assert events.next().name == "facts"
    return events


def test_rows_come_as_in_the_list_without_their_nodes(hub):
    node = Node("n1", one("a"), one('b,"nodes":[', "b"))
    hub.report(node.full(), Node("n2", one("a")).full())
    events = lean(hub)
    hub.report(node.changed(one("a", status="unavailable", status_reason='x,"nodes":['), one('b,"nodes":[', "b", weight=3)))
    delta = events.next()
    expected = [{name: value for name, value in entry.items() if name != "nodes"} for entry in hub.listed()]
    assert sorted(delta.data["upserts"], key=lambda row: row["name"]) == expected
    assert delta.id


def test_what_only_the_nodes_of_a_row_say_is_not_told(hub):
    node = Node("n1", one("a"))
    hub.report(node.full())
    events, whole = lean(hub), hub.events()
    whole.next()
    hub.report(node.changed(one("a", base_url="http://elsewhere:1")))
    assert whole.next().data["upserts"][0]["nodes"][0]["base_url"] == "http://elsewhere:1"
    hub.report(node.changed(one("a", base_url="http://elsewhere:1", status="unavailable")))
    assert [row["status"] for row in events.next().data["upserts"]] == ["unavailable"]


def test_filters_and_deletes_are_those_of_the_whole_stream(hub):
    node = Node("n1", one("a", metadata={"zone": "eu"}), one("b"))
    hub.report(node.full())
    events = lean(hub, "&tag=zone%3Deu&intent=enabled")
    hub.report(node.changed(one("a", intent="draining", metadata={"zone": "eu"}), one("b", weight=9)))
    assert events.next().data == {"upserts": [], "deletes": [{"kind": "vllm", "name": "a"}]}


@pytest.mark.parametrize(("query", "reason"), [("", "no_id"), ("&since=0123456789abcdef.7", "other_epoch")])
def test_a_lean_stream_has_no_snapshot_and_ends_where_one_would_be_due(hub, query, reason):
    hub.report(Node("n1", one("a")).full())
    events = hub.events(f"?lean=true{query}")
    first = events.next()
    assert (first.name, first.data, first.id) == ("reset", {"reason": reason}, None)
    rest = [event.name for event in iter(events.next, None)]
    assert rest in ([], ["facts"])


def test_one_that_comes_back_gets_what_it_missed(hub):
    node = Node("n1", one("a"))
    hub.report(node.full())
    events = lean(hub)
    hub.report(node.changed(one("a", weight=2)))
    last_id = events.next().id
    hub.report(node.changed(one("a", weight=3)))
    assert events.next().id != last_id
    again = hub.events("?lean=true&once=true", **{"Last-Event-ID": last_id})
    assert [row["weights"] for row in again.next().data["upserts"]] == [[3]]


def test_lean_readers_are_not_counted_as_if_they_were_sent_everything(hub):
    hub.report(*(Node(f"n{number:02}", one("a")).full() for number in range(30)))
    whole, row = len(hub.ask("GET", LIST).body), hub.listed()[0]
    with_lean = lean(hub)

    def sent():
        return hub.hub.feed._publish({("vllm", "x"): hub.hub.view.published(hub.hub.view.row(("vllm", "a")))})

    assert 0 < hub.in_loop(sent) < whole / 5
    assert row["total_nodes"] == 30
    assert with_lean.next().data["upserts"]
