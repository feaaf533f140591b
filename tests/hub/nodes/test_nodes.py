"""The list of nodes, and one of them: what is shown, in which order, and when it has not changed."""

import json

import pytest

from backend_registry.hub.api.node_schemas import NodeDetail, NodeEntry
from tests.hub.nodes.running import NOW_MS, at, full
from tests.hub.service.cluster import entry
from tests.node.running import problem_of


def by_id(entries):
    return {one["node_id"]: one for one in entries}


def test_a_node_is_shown_with_all_that_is_known_of_it(hub):
    report = full("n1", entry("a"), entry("b", status="unavailable"), url="http://10.0.0.1:8484", load={"a": (3, 20, 100)})
    hub.report(report)
    hub.settle()
    heard = at(hub.clock)
    hub.pass_time(7)
    (shown,) = hub.list("nodes")
    assert shown == {
        "node_id": "n1",
        "standing": "live",
        "presence": "present",
        "stale": False,
        "protected": False,
        "identity_conflict": False,
        "url": "http://10.0.0.1:8484",
        "instance": "first",
        "epoch": NOW_MS,
        "revision": 1,
        "heard_at": heard,
        "silent_ms": 7000,
        "available": 1,
        "total": 2,
        "withdrawn": 0,
        "pending": 3,
        "wishes": 0,
    }
    NodeEntry.model_validate(shown)


def test_the_age_of_a_node_is_the_hubs_own_observation(hub):
    hub.report(full("n1", entry("a"), sent_at_ms=1))
    hub.pass_time(3)
    (shown,) = hub.list("nodes")
    assert shown["silent_ms"] == 3000


def test_how_a_node_stands_follows_its_silence(hub):
    hub.report(*(full(f"n{number}", entry("a")) for number in range(4)))
    silent_from = {1: 3, 2: 6, 3: 6}
    for part in range(1, 6):
        hub.pass_time(20)
        # One by one, so that it is no wave.
        hub.report(*(full(f"n{key}", entry("a"), revision=1 + part) for key, until in silent_from.items() if part < until))
    shown = by_id(hub.list("nodes"))
    assert [shown[f"n{number}"]["standing"] for number in range(4)] == ["unreachable", "suspect", "live", "live"]
    assert [(shown[key]["available"], shown[key]["total"], shown[key]["stale"]) for key in ("n0", "n1", "n2")] == [
        (0, 1, True),
        (1, 1, True),
        (1, 1, False),
    ]


def test_a_node_that_said_bye_has_departed(hub):
    report = full("n1", entry("a"))
    hub.report(report)
    hub.report(type(report)(kind="bye", node_id="n1", epoch=NOW_MS, instance="first", revision=1, digest=report.digest))
    (shown,) = hub.list("nodes")
    assert (shown["standing"], shown["presence"], shown["stale"], shown["available"]) == ("departed", "departed", False, 0)


def test_deleted_nodes_are_listed_only_if_they_are_asked_for(start):
    hub = start(node_urls={"n1": {"url": "http://127.0.0.1:1"}})
    hub.report(full("n1", entry("a")), full("n2", entry("a")))
    hub.wait_for(hub.hub.delete_node("n1", actor="operator"))
    assert list(by_id(hub.list("nodes"))) == ["n2"]
    (shown,) = hub.list("nodes?standing=deleted")
    assert (shown["node_id"], shown["standing"], shown["total"], shown["heard_at"], shown["silent_ms"]) == (
        "n1",
        "deleted",
        0,
        None,
        None,
    )
    detail = hub.list("nodes/n1")
    assert (detail["presence"], detail["askable"]) == ("deleted", False)


def test_a_node_whose_process_changes_again_and_again_is_marked(hub):
    for number in range(6):
        hub.report(full("n1", entry("a"), epoch=NOW_MS + number, instance=f"i{number}"))
    hub.report(full("n2", entry("a")))
    assert {key: one["identity_conflict"] for key, one in by_id(hub.list("nodes")).items()} == {"n1": True, "n2": False}


def test_nodes_that_are_kept_from_being_given_up_are_marked(start):
    hub = start(suspect_s=2, unreachable_s=4)
    hub.report(*(full(f"n{number}", entry("a")) for number in range(10)))
    hub.pass_time(3)
    assert not any(one["protected"] for one in hub.list("nodes"))
    hub.pass_time(3)
    shown = hub.list("nodes")
    assert {(one["standing"], one["protected"]) for one in shown} == {("suspect", True)}


def test_a_node_that_is_given_up_at_the_next_sweep_is_not_marked_as_kept(start):
    hub = start(suspect_s=2, unreachable_s=4)
    hub.pass_time(10)
    hub.report(full("n1", entry("a")))
    hub.pass_time(3)
    hub.pass_time(3, sweeps=False)
    (shown,) = hub.list("nodes")
    assert (shown["standing"], shown["silent_ms"], shown["protected"]) == ("suspect", 6000, False)


# --- which ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(hub):
    """Nodes of which three have been silent for a while."""

    def fulls(revision, numbers):
        return [full(f"n{one:02}", entry("a"), url=f"http://host-{one}:1", revision=revision) for one in numbers]

    hub.report(*fulls(1, range(30)))
    hub.pass_time(35)
    hub.report(*fulls(2, (one for one in range(30) if one % 10)))
    return hub


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("q=N05", ["n05"]),
        ("q=host-7:", ["n07"]),
        ("q=nothing", []),
        ("standing=departed", []),
        ("standing=live&q=n1", [f"n1{number}" for number in range(1, 10)]),
    ],
)
def test_filters_are_applied_before_paging(many, query, ids):
    answer = many.get(f"nodes?{query}&limit=3")
    assert [one["node_id"] for one in answer.json] == ids[:3]
    assert answer.headers["x-total-count"] == str(len(ids))
    assert [one["node_id"] for one in many.walk(f"nodes?{query}", 2)] == ids


@pytest.mark.parametrize(
    "query", ["standing=asleep", "sort=size", "limit=0", "limit=1001", "offset=-1", "offset=1&cursor=YQ=="]
)
def test_parameters_that_mean_nothing_are_refused(hub, query):
    answer = hub.get(f"nodes?{query}")
    assert (answer.status, problem_of(answer)["code"]) == (400, "invalid")


@pytest.mark.parametrize("sort", ["node_id", "standing", "silence", "unavailable"])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_pages_of_every_order_hold_every_node_once(many, sort, size):
    ids = [one["node_id"] for one in many.walk(f"nodes?sort={sort}", size)]
    assert sorted(ids) == [f"n{number:02}" for number in range(30)]


def test_the_order_is_by_what_was_asked_for(hub):
    def bad(count):
        return [entry(f"b{number}", status="unavailable") for number in range(count)]

    hub.report(full("a", *bad(2)))
    hub.pass_time(5)
    hub.report(full("c", *bad(11), entry("good")))
    hub.pass_time(5)
    hub.report(full("b", *bad(1)))
    hub.pass_time(61)
    hub.report(full("a", *bad(2), revision=2))
    orders = {
        sort: [one["node_id"] for one in hub.list(f"nodes?sort={sort}")]
        for sort in ("node_id", "standing", "silence", "unavailable")
    }
    assert orders == {
        "node_id": ["a", "b", "c"],
        "standing": ["b", "c", "a"],
        "silence": ["c", "b", "a"],
        "unavailable": ["c", "a", "b"],
    }


# --- whether it has changed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["nodes", "nodes/n1"])
def test_time_that_passes_makes_no_new_answer(hub, path):
    hub.report(full("n1", entry("a")))
    first = hub.get(path)
    hub.pass_time(3)
    again = hub.get(path, **{"if-none-match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    hub.report(full("n1", entry("a"), revision=2))
    after = hub.get(path, **{"if-none-match": first.headers["etag"]})
    assert (after.status, after.headers["etag"] != first.headers["etag"]) == (200, True)


def test_lists_say_whether_most_nodes_were_heard_and_whether_they_may_be_old(hub):
    answer = hub.get("nodes")
    assert (answer.headers["x-complete"], "x-degraded" in answer.headers) == ("false", False)
    hub.pass_time(61)
    assert hub.get("nodes").headers["x-complete"] == "true"
    type(hub.hub.store).degraded = property(lambda _: "the connection\r\nis lost: ü")
    try:
        assert hub.get("models").headers["x-degraded"] == "the connection is lost: ?"
    finally:
        type(hub.hub.store).degraded = property(lambda _: "")


def test_what_operators_have_taken_out_on_a_node_is_counted(hub):
    hub.report(full("n1", entry("a"), entry("b", intent="draining"), entry("c", intent="disabled", status="unavailable")))
    (shown,) = hub.list("nodes")
    assert (shown["available"], shown["total"], shown["withdrawn"]) == (2, 3, 2)


# --- one of them -----------------------------------------------------------------------------------------------------


def test_one_node_is_shown_with_what_operators_want_of_it(start):
    hub = start(node_urls={"n1": {"url": "http://127.0.0.1:1"}})
    hub.report(full("n1", entry("a"), entry("b")), full("n2", entry("a")))
    (wish,) = hub.wait_for(hub.hub.wish("n1", {"b": "draining"}, actor="operator", reason="new disk"))
    shown = hub.list("nodes/n1")
    assert shown["open_wishes"] == [{"id": "b", "intent": "draining", "generation": wish.generation, "reason": "new disk"}]
    assert (shown["wishes"], shown["askable"]) == (1, True)
    NodeDetail.model_validate(shown)
    assert hub.list("nodes/n2")["askable"] is False
    assert by_id(hub.list("nodes"))["n1"]["wishes"] == 1


@pytest.mark.parametrize("path", ["nodes/nowhere", "nodes/nowhere/backends", "nodes/n1%2Fx", "nodes/%F0%9F%92%A9?source=node"])
def test_a_node_that_nobody_knows_is_a_404(hub, path):
    hub.report(full("n1", entry("a")))
    answer = hub.get(path)
    assert (answer.status, problem_of(answer)["code"]) == (404, "node_not_found")


@pytest.mark.parametrize("node_id", ["a.b:8484", "A_b-c", "x" * 128])
def test_ids_are_percent_encoded_in_paths(hub, node_id):
    hub.report(full(node_id, entry("a")))
    encoded = "".join(f"%{ord(sign):02X}" for sign in node_id)
    for path in (f"nodes/{encoded}", f"nodes/{node_id}"):
        assert hub.list(path)["node_id"] == node_id
    assert json.loads(hub.get(f"nodes/{encoded}/backends").body)[0]["id"] == "a"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["nodes", "models", "events", "capabilities", "nodes/n1/backends"])
def test_nothing_here_changes_anything(hub, method, path):
    assert hub.ask(method, f"/admin/api/{path}").status == 405
