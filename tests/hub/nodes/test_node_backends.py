"""One node's backends: as reported, as the node says now, and both side by side."""

import json

import pytest
from starlette.responses import Response
from starlette.routing import Route

from backend_registry import BackendStatus, Registry
from backend_registry.hub.api.node_schemas import NodeBackendDiff, NodeBackendEntry
from backend_registry.hub.live_entry import LiveEntry
from backend_registry.node.entry_of import entry_of
from backend_registry.protocol import ModelEntry
from backend_registry.testing import make_backend
from tests.hub.nodes.asking import root
from tests.hub.nodes.running import NOW_MS, full
from tests.hub.service.cluster import entry
from tests.node.running import ENVIRON, VIEWER, RunningNode, guarded, problem_of
from tests.web.running import RunningApp

PATH = "nodes/n1/backends"


@pytest.fixture
def registry():
    registry = Registry()
    registry.apply([make_backend(f"b{number}", weight=number + 1, transports=("ws", "http")) for number in range(5)])
    return registry


@pytest.fixture
def node(registry):
    with RunningNode(registry) as running:
        yield running


def reported(registry, **parts):
    """What the node with this registry would report."""
    return full("n1", *(entry_of(backend, clock=registry.clock) for backend in registry), **parts)


@pytest.fixture
def hub(start, node, registry):
    hub = start(node_urls={"n1": {"url": root(node)}})
    hub.report(reported(registry))
    return hub


# --- as reported -----------------------------------------------------------------------------------------------------


def test_backends_are_shown_as_they_were_reported(start):
    hub = start()
    model = ModelEntry(id="m", context_length=4096, residency="idle")
    one = entry("a/ä", models=(model,), operations=("chat",), metadata={"region": "north"}, status_reason="slow", weight=3)
    hub.report(full("n1", one, load={"a/ä": (4, 20, 900)}))
    hub.settle()
    (shown,) = hub.list(PATH)
    NodeBackendEntry.model_validate(shown)
    assert (shown["id"], shown["name"], shown["kind"], shown["weight"]) == ("a/ä", "a/ä", "vllm", 3)
    assert (shown["models"][0]["residency"], shown["metadata"]) == ("idle", {"region": "north"})
    assert (shown["status"], shown["status_reason"], shown["reported_status"]) == ("available", "slow", "available")
    assert (shown["pending"], shown["avg_latency_ms"], shown["total_requests"], shown["wish"]) == (4, 20, 900, None)


def test_backends_of_a_node_that_cannot_be_reached_are_unavailable_and_what_was_reported_stays(start):
    hub = start()
    hub.report(
        full("n1", entry("a"), entry("b", status="unavailable", status_reason="missing env KEY"), load={"a": (4, 20, 900)})
    )
    hub.settle()
    hub.pass_time(200)
    shown = hub.list(PATH)
    assert [(one["status"], one["status_reason"], one["reported_status"]) for one in shown] == [
        ("unavailable", "unreachable", "available"),
        ("unavailable", "unreachable", "unavailable"),
    ]
    assert (shown[0]["pending"], shown[0]["health"]) == (0, "unknown")


def test_what_an_operator_wants_of_a_backend_is_shown_beside_it(start):
    hub = start()
    hub.report(full("n1", entry("a"), entry("b")))
    hub.wait_for(hub.hub.wish("n1", {"b": "disabled"}, actor="operator", reason="why"))
    wishes = {one["id"]: one["wish"] and one["wish"]["intent"] for one in hub.list(PATH)}
    assert wishes == {"a": None, "b": "disabled"}


def test_pages_of_backends_join(start):
    hub = start()
    hub.report(full("n1", *(entry(f"b{number:03}") for number in range(100))))
    for size in (1, 33, 1000):
        assert [one["id"] for one in hub.walk(PATH, size)] == [f"b{number:03}" for number in range(100)]
    assert [one["id"] for one in hub.list(f"{PATH}?limit=2&offset=50")] == ["b050", "b051"]


def test_an_answer_that_has_not_changed_is_not_sent_again(start):
    hub = start()
    hub.report(full("n1", entry("a")))
    first = hub.get(PATH)
    hub.pass_time(5)
    assert hub.get(PATH, **{"if-none-match": first.headers["etag"]}).status == 304
    hub.report(full("n1", entry("a", weight=2), revision=2))
    assert hub.get(PATH, **{"if-none-match": first.headers["etag"]}).status == 200


def test_a_deleted_node_has_no_backends_and_is_not_asked(hub):
    hub.wait_for(hub.hub.delete_node("n1", actor="operator"))
    assert hub.list(PATH) == []
    for source in ("node", "diff"):
        answer = hub.get(f"{PATH}?source={source}")
        assert (answer.status, problem_of(answer)["code"]) == (409, "node_gone")


# --- as the node says ------------------------------------------------------------------------------------------------


def test_the_node_itself_is_asked(hub, registry, node):
    registry.update_status("b3", BackendStatus.UNHEALTHY, error="no answer")
    answer = hub.get(f"{PATH}?source=node")
    said = {one["id"]: one for one in node.entries()}
    assert [one["id"] for one in answer.json] == sorted(said)
    for one in answer.json:
        LiveEntry.model_validate(one)
        assert one == {name: said[one["id"]][name] for name in one}
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-total-count"] == "5"
    assert [one["id"] for one in hub.walk(f"{PATH}?source=node", 2)] == sorted(said)


@pytest.mark.parametrize("source", ["node", "diff"])
def test_a_node_that_is_nowhere_to_be_asked_is_a_409_with_what_to_do(start, source):
    hub = start()
    hub.report(full("n1", entry("a"), url="http://127.0.0.1:9"))
    answer = hub.get(f"{PATH}?source={source}")
    assert (answer.status, problem_of(answer)["code"]) == (409, "node_url_not_allowed")
    assert "hub.node_url_allow" in problem_of(answer)["detail"]


def test_the_url_that_a_node_announces_is_asked_if_it_is_allowed(start, registry):
    with RunningNode(registry, auth=guarded()) as node:
        hub = start(node_url_allow=["http://127.0.0.0/8:*"], node_token_env="VIEWER_TOKEN", environ=ENVIRON)
        hub.report(reported(registry, url=root(node)))
        assert len(hub.list(f"{PATH}?source=node")) == 5


def test_a_node_that_fails_is_a_502_that_tells_no_secret(start):
    def handler(request):
        return Response(request.headers["authorization"], 500)

    with RunningApp(lambda: [Route("/{path:path}", handler)]) as node:
        hub = start(node_urls={"n1": {"url": root(node), "token_env": "VIEWER_TOKEN"}}, environ=ENVIRON)
        hub.report(full("n1", entry("a")))
        answer = hub.get(f"{PATH}?source=node")
        assert (answer.status, problem_of(answer)["code"]) == (502, "node_answer_unusable")
        assert VIEWER.encode() not in answer.body


@pytest.mark.parametrize("query", ["source=elsewhere", "source=node&source=diff", "limit=0"])
def test_parameters_that_mean_nothing_are_refused(hub, query):
    answer = hub.get(f"{PATH}?{query}")
    assert (answer.status, problem_of(answer)["code"]) == (400, "invalid")


# --- both ------------------------------------------------------------------------------------------------------------


def test_a_node_that_says_what_it_has_reported_shows_no_difference(hub):
    answer = hub.get(f"{PATH}?source=diff")
    assert answer.headers["x-settled"] == "true"
    assert [(one["id"], one["verdict"], one["differences"]) for one in answer.json] == [
        (f"b{number}", "same", []) for number in range(5)
    ]
    for one in answer.json:
        NodeBackendDiff.model_validate(one)
        assert (one["stored"]["transports"], one["node"]["transports"]) == (["http", "ws"], ["ws", "http"])


def test_each_difference_is_shown_with_both_values(hub, registry):
    registry.update_status("b3", BackendStatus.UNHEALTHY, error="no answer")
    registry.remove_backend("b0")
    registry.add_backend(make_backend("new"))
    shown = {one["id"]: one for one in hub.list(f"{PATH}?source=diff")}
    assert {key: one["verdict"] for key, one in shown.items()} == {
        "b0": "only_stored",
        "b1": "same",
        "b2": "same",
        "b3": "changed",
        "b4": "same",
        "new": "only_node",
    }
    assert shown["b3"]["differences"] == [
        {"field": "status", "stored": "available", "node": "unavailable"},
        {"field": "status_reason", "stored": "", "node": "no answer"},
        {"field": "health", "stored": "unknown", "node": "unhealthy"},
    ]
    assert (shown["b0"]["node"], shown["new"]["stored"]) == (None, None)


def test_a_report_that_was_on_its_way_is_no_difference(start, registry):
    """The node answers with what it has not reported yet; the report comes before it is asked again."""
    asked = []

    def handler(_):
        asked.append(1)
        if len(asked) == 1:
            hub.loop.call_soon_threadsafe(
                lambda: hub.loop.create_task(hub.hub.report(reported(registry, epoch=NOW_MS, revision=2)))
            )
        return Response(json.dumps([one.model_dump(mode="json") for one in live]))

    with RunningApp(lambda: [Route("/backends", handler)]) as node, RunningNode(registry) as real:
        hub = start(node_urls={"n1": {"url": root(node)}})
        hub.report(reported(registry))
        registry.update_status("b3", BackendStatus.UNHEALTHY, error="no answer")
        live = [LiveEntry.model_validate(one) for one in real.entries()]
        assert {one["verdict"] for one in hub.list(f"{PATH}?source=diff")} == {"same"}
        assert len(asked) == 2
