"""A node is deleted, and stays out until it starts again or is allowed again."""

import pytest

from backend_registry.protocol import RefusedReportError
from tests.hub.operations.running import backend
from tests.node.running import problem_of


def delete(hub, node_id, query="?reason=retired"):
    return hub.ask("DELETE", f"/admin/api/nodes/{node_id}{query}")


def allow(hub, node_id, query="?reason=back"):
    return hub.ask("POST", f"/admin/api/nodes/{node_id}/allow{query}")


def test_a_deleted_node_is_out_until_it_is_allowed(hub):
    node = hub.join("n1", backend("a"))
    answer = delete(hub, "n1")
    assert (answer.status, answer.body) == (204, b"")
    assert hub.intents() == {}
    with pytest.raises(RefusedReportError, match="deleted"):
        hub.report(node.beat())
    assert allow(hub, "n1").status == 204
    hub.report(node.full())
    assert hub.intents() == {("n1", "a"): "enabled"}
    facts = [(event.kind, event.node, event.actor, event.reason) for event in hub.events("node_deleted", "node_allowed")]
    assert facts == [("node_deleted", "n1", "local", "retired"), ("node_allowed", "n1", "local", "back")]


def test_a_deleted_node_comes_back_by_itself_when_it_starts_again(hub):
    node = hub.join("n1", backend("a"))
    delete(hub, "n1")
    hub.report(node.restarted())
    assert hub.intents() == {("n1", "a"): "enabled"}


def test_its_wishes_go_with_it(hub):
    node = hub.join("n1", backend("a"))
    hub.run(filter={})
    delete(hub, "n1")
    assert hub.desired() == []
    assert hub.report(node.restarted()).wishes == ()


def test_a_node_that_is_not_known_is_404(hub):
    hub.join("n1", backend("a"))
    for answer in (delete(hub, "n2"), allow(hub, "n2"), delete(hub, "a%2Fb")):
        assert (answer.status, problem_of(answer)["code"]) == (404, "node_not_found")
    delete(hub, "n1")
    assert (delete(hub, "n1").status, len(hub.events("node_deleted"))) == (404, 1)


def test_to_allow_what_is_not_deleted_is_409(hub):
    hub.join("n1", backend("a"))
    answer = allow(hub, "n1")
    assert (answer.status, problem_of(answer)["code"]) == (409, "not_deleted")
    assert hub.events("node_allowed") == []


@pytest.mark.parametrize(
    "query", ["", "?reason=", "?reason=%20", "?reason=a%0Ab", f"?reason={'x' * 257}", "?reason=a&reason=b"]
)
def test_a_reason_is_needed(hub, query):
    hub.join("n1", backend("a"))
    for answer in (delete(hub, "n1", query), allow(hub, "n1", query)):
        assert (answer.status, problem_of(answer)["errors"][0]["field"]) == (400, "reason")
    assert hub.intents() != {}


def test_a_store_that_cannot_be_written_to_is_told(hub):
    hub.join("n1", backend("a"))
    hub.store.left = 0
    answer = delete(hub, "n1")
    assert (answer.status, problem_of(answer)["code"], answer.headers["retry-after"]) == (503, "store_unavailable", "3")
    assert hub.intents() == {("n1", "a"): "enabled"}
    hub.store.left = 1
    delete(hub, "n1")
    answer = allow(hub, "n1")
    assert (answer.status, problem_of(answer)["code"]) == (503, "store_unavailable")
    assert hub.events("node_allowed") == []
