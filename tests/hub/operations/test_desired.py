"""What operators want and nodes have not yet done is listed, and so is what they have done lately."""

from backend_registry.hub.api.operation_schemas import DesiredEntry
from tests.hub.operations.running import backend
from tests.node.running import problem_of


def wish(hub, node_id, name, verb="drain", reason="a test"):
    return hub.run(verb, reason, ids=[{"node_id": node_id, "id": name}])


def test_a_wish_is_open_until_its_node_has_dealt_with_it(hub):
    hub.join("n1", backend("a"), backend("b"))
    assert hub.desired() == []
    (result,) = wish(hub, "n1", "a", "disable", "fans")["results"]
    (entry,) = hub.desired()
    assert {name: entry[name] for name in ("node_id", "id", "kind", "name", "intent", "reported", "reason", "state")} == {
        "node_id": "n1",
        "id": "a",
        "kind": "vllm",
        "name": "a",
        "intent": "disabled",
        "reported": "enabled",
        "reason": "fans",
        "state": "open",
    }
    assert (entry["generation"], entry["acknowledged_at"]) == (result["generation"], None)
    DesiredEntry.model_validate(entry)
    # Hearing of a wish is not dealing with it.
    hub.report(hub.nodes["n1"].beat())
    assert hub.desired() == [entry]
    hub.pass_time(7)
    hub.deal_with_wishes()
    (after,) = hub.desired()
    assert after == {**entry, "reported": "disabled", "state": "acknowledged", "acknowledged_at": after["acknowledged_at"]}
    assert after["acknowledged_at"] > after["since"]
    DesiredEntry.model_validate(after)


def test_open_wishes_come_first_the_oldest_of_them_before_others_and_then_the_newest_that_are_done(hub):
    for node in ("n1", "n2"):
        hub.join(node, *(backend(name) for name in "abc"))
    for node, name in (("n2", "c"), ("n1", "b"), ("n2", "a"), ("n1", "a")):
        wish(hub, node, name)
        hub.pass_time(1)
    assert places(hub.desired()) == [("n2", "c"), ("n1", "b"), ("n2", "a"), ("n1", "a")]
    hub.deal_with_wishes("n1")
    hub.pass_time(1)
    wish(hub, "n1", "c")
    hub.deal_with_wishes("n1")
    assert places(hub.desired())[:3] == [("n2", "c"), ("n2", "a"), ("n1", "c")]
    assert places(hub.desired("?state=open")) == [("n2", "c"), ("n2", "a")]
    assert set(places(hub.desired("?state=acknowledged"))) == {("n1", "a"), ("n1", "b"), ("n1", "c")}
    assert places(hub.desired("?node=n2")) == [("n2", "c"), ("n2", "a")]
    assert hub.desired("?node=unknown") == []


def test_a_node_that_counts_its_wishes_beyond_all_times_breaks_no_list(hub):
    hub.join("n1", backend("a", generation=2**53 - 2), backend("b"))
    wish(hub, "n1", "a")
    (entry,) = hub.desired()
    assert entry["generation"] < 2**42
    hub.deal_with_wishes("n1")
    (after,) = hub.desired()
    assert (after["state"], after["since"]) == ("acknowledged", entry["since"])


def test_pages_lead_through_the_whole_list_whatever_backends_are_called(hub):
    names = [letter * 250 for letter in ("a", "é", "\U0001f600", " ", "/", "%")]
    hub.join("n" * 128, *map(backend, names))
    hub.run(filter={})
    seen, path = [], "/admin/api/desired?limit=2"
    while path:
        answer = hub.ask("GET", path)
        assert (answer.status, answer.headers["x-total-count"], answer.headers["x-complete"]) == (200, "6", "false")
        seen += [entry["id"] for entry in answer.json]
        path = answer.headers["link"].split(">")[0].strip("<") if "link" in answer.headers else None
    assert sorted(seen) == sorted(names)


def test_a_list_that_has_not_changed_is_not_sent_again(hub):
    hub.join("n1", backend("a"))
    wish(hub, "n1", "a")
    tag = hub.ask("GET", "/admin/api/desired").headers["etag"]
    assert hub.ask("GET", "/admin/api/desired", headers={"if-none-match": tag}).status == 304
    hub.deal_with_wishes()
    assert hub.ask("GET", "/admin/api/desired", headers={"if-none-match": tag}).status == 200


def test_a_wish_about_a_backend_that_has_gone_is_still_shown(hub):
    node = hub.join("n1", backend("a"))
    wish(hub, "n1", "a")
    node.entries = []
    node.revision += 1
    hub.report(node.full())
    (entry,) = hub.desired()
    assert (entry["id"], entry["kind"], entry["name"], entry["reported"]) == ("a", None, None, None)
    DesiredEntry.model_validate(entry)


def test_a_later_wish_takes_the_place_of_an_earlier_one(hub):
    hub.join("n1", backend("a"))
    wish(hub, "n1", "a", "drain")
    wish(hub, "n1", "a", "disable", "on second thought")
    (entry,) = hub.desired()
    assert (entry["intent"], entry["reason"]) == ("disabled", "on second thought")


def test_a_question_that_makes_no_sense_is_refused(hub):
    for query in ("?state=gone", "?limit=0", "?cursor=%", "?offset=1&cursor=YQ==", f"?node={'x' * 129}"):
        answer = hub.ask("GET", f"/admin/api/desired{query}")
        assert (answer.status, problem_of(answer)["code"]) == (400, "invalid"), query


def places(entries):
    return [(entry["node_id"], entry["id"]) for entry in entries]
