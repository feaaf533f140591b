"""The log of events over HTTP."""

import pytest

from backend_registry.hub.api.node_schemas import EventEntry
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
