"""The log of events over HTTP."""

import pytest

from backend_registry.hub.api.node_schemas import EventEntry
from backend_registry.hub.events import EventLog
from tests.hub.nodes.running import at, full
from tests.hub.service.cluster import entry
from tests.node.running import problem_of


@pytest.fixture
def told(hub):
    """A hub of which only these events are known."""

    def tell():
        events = hub.hub.events
        for number in range(40):
            events.add(
                ("node_joined", "backend_status", "batch")[number % 3],
                node=f"n{number % 4}",
                backend=(("vllm", "a/b"), ("ollama", "a"), None)[number % 3],
                actor=("hub", "operator")[number % 2],
                number=number,
            )

    hub.in_loop(tell)
    return hub


def numbers(entries):
    return [one["facts"]["number"] for one in entries]


def test_an_event_is_shown_with_all_that_is_known_of_it(hub):
    hub.in_loop(
        lambda: hub.hub.events.add("batch", node="n1", backend=("vllm", "a/b"), actor="operator", reason="why", count=3)
    )
    (shown,) = hub.list("events")
    EventEntry.model_validate(shown)
    assert {**shown, "seq": 0} == {
        "seq": 0,
        "at": at(hub.clock),
        "kind": "batch",
        "node": "n1",
        "backend": {"kind": "vllm", "name": "a/b"},
        "actor": "operator",
        "reason": "why",
        "facts": {"count": 3},
    }


def test_what_nodes_do_becomes_events(hub):
    hub.report(full("n1", entry("a")))
    hub.report(full("n1", entry("a", status="unavailable", status_reason="gone"), revision=2))
    assert [(one["kind"], one["node"], one["backend"]) for one in hub.list("events")] == [
        ("backend_status", "n1", {"kind": "vllm", "name": "a"}),
        ("node_joined", "n1", None),
    ]


@pytest.mark.parametrize("size", [1, 7, 40, 1000])
@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", lambda number: True),
        ("kind=batch", lambda number: number % 3 == 2),
        ("kind=batch,node_joined", lambda number: number % 3 != 1),
        ("node=n1&node=n2", lambda number: number % 4 in (1, 2)),
        ("backend=vllm/a%2Fb", lambda number: number % 3 == 0),
        ("backend=ollama/a", lambda number: number % 3 == 1),
        ("backend=vllm/a", lambda number: False),
        ("actor=operator&kind=batch", lambda number: number % 2 == 1 and number % 3 == 2),
    ],
)
def test_pages_hold_what_is_wanted_newest_first(told, query, wanted, size):
    assert numbers(told.walk(f"events?{query}", size)) == [number for number in range(39, -1, -1) if wanted(number)]


def test_new_events_do_not_move_the_pages_of_a_reader(told):
    first = told.get("events?limit=10")
    told.in_loop(lambda: told.hub.events.add("batch", number=99))
    second = told.ask("GET", first.headers["link"].split(">")[0].strip("<"))
    assert numbers(first.json + second.json) == list(range(39, 19, -1))


def test_an_answer_that_has_not_changed_is_not_sent_again(told):
    first = told.get("events")
    told.pass_time(5, sweeps=False)
    assert told.get("events", **{"if-none-match": first.headers["etag"]}).status == 304


@pytest.mark.parametrize(
    "query", ["kind=party", "before=x", "before=-1", "before=" + "9" * 17, "backend=vllm", "backend=/a", "limit=1001", "node="]
)
def test_parameters_that_mean_nothing_are_refused(hub, query):
    answer = hub.get(f"events?{query}")
    assert (answer.status, problem_of(answer)["code"]) == (400, "invalid")


# --- polling -----------------------------------------------------------------------------------------------------------


def test_only_what_came_later_is_listed(told):
    seqs = [one["seq"] for one in told.list("events?limit=1000")]
    assert numbers(told.list(f"events?since_seq={seqs[3]}")) == [39, 38, 37]
    assert numbers(told.walk(f"events?since_seq={seqs[20]}&kind=batch", 3)) == [38, 35, 32, 29, 26, 23, 20]
    assert told.list(f"events?since_seq={seqs[0]}") == []
    assert len(told.list("events?since_seq=0&limit=1000")) == 40


@pytest.mark.parametrize("query", ["", "kind=batch", "backend=ollama/a", "since_seq=1"])
def test_who_has_the_answer_gets_it_without_a_look_at_the_log(told, query, monkeypatch):
    first = told.get(f"events?{query}")
    monkeypatch.setattr(EventLog, "page", None)
    again = told.get(f"events?{query}", **{"if-none-match": first.headers["etag"]})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    monkeypatch.undo()
    told.in_loop(lambda: told.hub.events.add("batch", number=40))
    assert told.get(f"events?{query}", **{"if-none-match": first.headers["etag"]}).status == 200


@pytest.mark.parametrize("since", ["-1", "x", "1.5", "9" * 17])
def test_a_number_that_is_none_is_refused(hub, since):
    assert hub.get(f"events?since_seq={since}").status == 400


# --- what became of one backend ----------------------------------------------------------------------------------------


def story(hub, query):
    """What happened, oldest first: kind, node, and the status after it."""
    return [(one["kind"], one["node"], one["facts"].get("to")) for one in reversed(hub.list(f"events?{query}"))]


def test_the_events_of_a_backend_tell_why_it_is_as_it_is(hub):
    hub.report(full("n1", entry("a"), entry("b")), full("n2", entry("a")), full("n3", entry("b")))
    hub.report(full("n1", entry("a", status="unavailable", status_reason="no route"), entry("b"), revision=2))
    hub.pass_time(100)
    hub.report(full("n2", entry("a"), revision=2))
    hub.report(full("n1", entry("a"), entry("b"), revision=3))
    told = story(hub, "backend=vllm/a")
    assert told[:3] == [
        ("node_joined", "n1", None),
        ("node_joined", "n2", None),
        ("backend_status", "n1", "unavailable"),
    ]
    assert {node for _, node, _ in told} == {"n1", "n2"}
    assert ("node_back", "n2", None) in told
    assert ("backend_status", "n1", "available") in told
    assert "node_suspect" not in {kind for kind, _, _ in told}
    assert story(hub, "backend=vllm/a&kind=backend_status&node=n1") == [
        ("backend_status", "n1", "unavailable"),
        ("backend_status", "n1", "available"),
    ]
    (status, *_) = hub.list("events?backend=vllm/a&kind=backend_status&since_seq=0")[-1:]
    assert (status["actor"], status["reason"], status["facts"]["from"]) == ("node", "no route", "available")


def test_a_backend_that_was_taken_out_is_told_from_one_that_failed(hub):
    hub.report(full("n1", entry("a"), entry("b")))
    drained = entry("a", status="unavailable", intent="draining")
    failed = entry("b", status="unavailable", status_reason="no route")
    hub.report(full("n1", drained, failed, revision=2))
    told = {one["backend"]["name"]: one["facts"]["intent"] for one in hub.list("events?kind=backend_status")}
    assert told == {"a": "draining", "b": "enabled"}


def test_a_node_that_gets_the_backend_makes_another_answer(hub):
    hub.report(full("n1", entry("a")), full("n2", entry("b")))
    first = hub.get("events?backend=vllm/a")
    hub.in_loop(lambda: hub.hub.view.drop("n1"))
    after = hub.get("events?backend=vllm/a", **{"if-none-match": first.headers["etag"]})
    assert (after.status, after.json) == (200, [])
