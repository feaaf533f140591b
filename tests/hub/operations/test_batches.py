"""One verb for many backends: seen before, done as seen, said exactly, and undone."""

import pytest

from backend_registry.hub import batches
from backend_registry.hub.api.operation_schemas import BatchAnswer
from tests.hub.operations.running import backend
from tests.node.running import problem_of

BOTH_A = [{"kind": "vllm", "name": "a"}]


def places(answer, result=None):
    return [(entry["node_id"], entry["id"]) for entry in answer["results"] if result in (None, entry["result"])]


# --- choosing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"ids": [{"kind": "vllm", "name": "a"}]}, [("n1", "a"), ("n2", "a")]),
        ({"ids": [{"node_id": "n2", "id": "b"}]}, [("n2", "b")]),
        ({"ids": [{"node_id": "n2", "id": "b"}, {"kind": "vllm", "name": "b"}]}, [("n1", "b"), ("n2", "b")]),
        ({"filter": {}}, [("n1", "a"), ("n1", "b"), ("n2", "a"), ("n2", "b"), ("n2", "c")]),
        ({"filter": {"kind": ["ollama"]}}, [("n2", "c")]),
        ({"filter": {"kind": ["ollama,vllm"], "q": "b"}}, [("n1", "b"), ("n2", "b")]),
        ({"filter": {"model": ["only-b"]}}, [("n1", "b"), ("n2", "b")]),
        ({"filter": {"status": ["unavailable"]}}, []),
        ({"filter": {"node": ["n1"]}}, [("n1", "a"), ("n1", "b")]),
        ({"filter": {"node": ["n1", "n2"], "kind": ["ollama"]}}, [("n2", "c")]),
    ],
)
def test_backends_are_chosen_by_name_by_place_or_as_the_list_shows_them(fleet, chosen, found):
    answer = fleet.dry_run(**chosen)
    assert places(answer) == found
    assert answer["targets"] == len(found)
    assert answer["nodes"] == len({node for node, _ in found})


def test_a_backend_under_several_ids_of_one_node_is_chosen_with_all_of_them(hub):
    hub.join("n1", backend("a", id="a-1"), backend("a", id="a-2"))
    answer = hub.dry_run(ids=[{"kind": "vllm", "name": "a"}])
    assert places(answer) == [("n1", "a-1"), ("n1", "a-2")]
    assert answer["backends"] == 1


def test_what_nothing_fits_is_told_by_its_position_and_keeps_nothing_else_back(fleet):
    unknown = [
        {"kind": "vllm", "name": "zzz"},
        {"kind": "vllm", "name": "a"},
        {"node_id": "n1", "id": "c"},
        {"node_id": "n9", "id": "a"},
        {"kind": "ollama", "name": "a"},
    ]
    answer = fleet.run(ids=unknown)
    assert answer["unknown"] == [0, 2, 3, 4]
    assert places(answer, "wished") == [("n1", "a"), ("n2", "a")]


def test_more_targets_than_may_be_are_refused_before_anything_is_done(fleet, monkeypatch):
    monkeypatch.setattr(batches, "TARGETS_MOST", 4)
    monkeypatch.setattr("backend_registry.hub.api.operations.TARGETS_MOST", 4)
    names = [{"kind": kind, "name": name} for kind, name in (("vllm", "a"), ("vllm", "b"), ("ollama", "c"))]
    for chosen in ({"filter": {}}, {"ids": names}):
        answer = fleet.batch({"verb": "drain", "reason": "x", "dry_run": True, **chosen})
        problem = problem_of(answer)
        assert (answer.status, problem["code"]) == (422, "too_many_targets")
        assert "more than 4" in problem["detail"]
    assert len(fleet.dry_run(ids=names[:2])["results"]) == 4


# --- seeing ------------------------------------------------------------------------------------------------------------


def test_a_dry_run_does_nothing_and_says_what_would_be_done(fleet):
    before = fleet.intents()
    answer = fleet.dry_run("disable", ids=BOTH_A)
    assert fleet.intents() == before
    assert fleet.events("batch", "wish_made") == []
    assert (answer["dry_run"], answer["verb"], answer["changes"], answer["backends"]) == (True, "disable", 2, 1)
    assert answer["undo"] is None
    assert answer["results"][0] == {
        "node_id": "n1",
        "id": "a",
        "kind": "vllm",
        "name": "a",
        "before": "enabled",
        "after": "disabled",
        "result": "would_change",
        "generation": None,
    }
    BatchAnswer.model_validate(answer)


def test_models_that_no_available_backend_would_be_left_for_are_named(fleet):
    by_b = {"ids": [{"kind": "vllm", "name": "b"}]}
    assert fleet.dry_run("drain", **by_b)["models_lost"] == ["only-b"]
    assert fleet.dry_run("disable", filter={})["models_lost"] == ["m", "only-b"]
    assert fleet.dry_run("drain", ids=[{"node_id": "n1", "id": "b"}])["models_lost"] == []
    assert fleet.dry_run("enable", filter={})["models_lost"] == []


def test_a_backend_that_is_unavailable_or_about_to_be_taken_out_is_none_that_is_left(hub):
    hub.join("n1", backend("a", "m"), backend("down", "m", status="unavailable"))
    hub.join("n2", backend("b", "m"))
    hub.run("drain", ids=[{"kind": "vllm", "name": "b"}])
    # Its node has not yet heard of it, so it still says that it is available.
    assert hub.dry_run("drain", ids=[{"kind": "vllm", "name": "a"}])["models_lost"] == ["m"]
    assert hub.dry_run("drain", ids=[{"kind": "vllm", "name": "down"}])["models_lost"] == []


def test_a_model_that_is_not_available_now_cannot_be_lost(hub):
    hub.join("n1", backend("a", "m", status="unavailable"))
    assert hub.dry_run("drain", filter={})["models_lost"] == []
    departed = hub.join("n2", backend("b", "other"))
    hub.report(departed.bye())
    assert hub.dry_run("drain", ids=[{"kind": "vllm", "name": "b"}])["models_lost"] == []


def test_the_same_backend_on_a_node_where_it_does_not_serve_the_model_is_none_that_is_left(hub):
    hub.join("n1", backend("a", "m", "x"))
    hub.join("n2", backend("a", "x"))
    assert hub.dry_run("drain", ids=[{"node_id": "n1", "id": "a"}])["models_lost"] == ["m"]


def test_what_a_node_that_is_gone_has_of_a_model_is_not_left(hub):
    hub.join("n1", backend("a", "m"))
    hub.report(hub.join("n2", backend("b", "m")).bye())
    assert hub.dry_run("drain", ids=[{"kind": "vllm", "name": "a"}])["models_lost"] == ["m"]


def test_requests_in_flight_are_those_of_what_would_change(hub):
    hub.join("n1", backend("a"), backend("b", intent="draining"), load={"a": (7, 20, 100), "b": (5, 20, 100)})
    hub.join("n2", backend("a"), load={"a": (11, 20, 100)})
    hub.settle()
    assert hub.dry_run("drain", filter={})["pending_requests"] == 18
    assert hub.dry_run("disable", filter={})["pending_requests"] == 23


def test_nodes_that_are_not_heard_now_are_named_and_learn_of_it_when_they_come_back(hub):
    hub.join("n1", backend("a"), load={"a": (7, 20, 100)})
    gone = hub.join("n2", backend("a"), load={"a": (11, 20, 100)})
    hub.settle()
    hub.report(gone.bye())
    answer = hub.run(ids=BOTH_A)
    assert (answer["silent_nodes"], answer["pending_requests"]) == (["n2"], 7)
    assert places(answer, "wished") == [("n1", "a"), ("n2", "a")]
    gone.revision += 1
    ack = hub.report(gone.restarted())
    assert [(wish.id, wish.intent) for wish in ack.wishes] == [("a", "draining")]


# --- doing -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("verb", "intent"), [("drain", "draining"), ("disable", "disabled"), ("enable", "enabled")])
def test_a_verb_becomes_a_wish_that_the_node_hears_and_deals_with(hub, verb, intent):
    other = "disabled" if intent != "disabled" else "enabled"
    hub.join("n1", backend("a", intent=other), backend("b", intent=other))
    answer = hub.run(verb, reason="rack 4 gets new fans", ids=[{"node_id": "n1", "id": "a"}])
    (result,) = answer["results"]
    assert (result["before"], result["after"], result["result"]) == (other, intent, "wished")
    (wish,) = hub.report(hub.nodes["n1"].beat()).wishes
    assert (wish.id, wish.intent, wish.reason, wish.generation) == ("a", intent, "rack 4 gets new fans", result["generation"])
    hub.deal_with_wishes("n1")
    assert hub.report(hub.nodes["n1"].beat()).wishes == ()
    assert hub.intents() == {("n1", "a"): intent, ("n1", "b"): other}


def test_a_run_needs_the_revision_of_a_dry_run(fleet):
    for more in ({}, {"dry_run": False}, {"if_rev": None}):
        answer = fleet.batch({"verb": "drain", "reason": "x", "ids": BOTH_A, **more})
        assert (answer.status, problem_of(answer)["code"]) == (422, "invalid")
        assert "if_rev" in answer.json["detail"]
    answer = fleet.batch({"verb": "drain", "reason": "x", "ids": BOTH_A, "if_rev": "0" * 32})
    assert (answer.status, answer.json["code"]) == (409, "changed")
    assert fleet.events("batch", "wish_made") == []


def changes_of_the_fleet():
    """What makes a choice another one; name to what does it."""
    return {
        "a backend comes": lambda hub: hub.join("n3", backend("a")),
        "a backend goes": lambda hub: hub.wait_for(hub.hub.delete_node("n2", actor="x")),
        "another operator was faster": lambda hub: hub.run("disable", ids=[{"node_id": "n1", "id": "a"}]),
        "a node says otherwise": lambda hub: hub.report(hub.nodes["n1"].changed(backend("a", "m", intent="draining"))),
        "a model would be lost now": lambda hub: (
            [hub.report(hub.nodes[node].changed(backend("b", "m", "only-b", status="unavailable"))) for node in ("n1", "n2")]
            + [hub.report(hub.nodes["n2"].changed(backend("c", "m", kind="ollama", status="unavailable")))]
        ),
    }


@pytest.mark.parametrize("change", changes_of_the_fleet())
def test_a_choice_that_has_become_another_one_is_asked_about_again(fleet, change):
    seen = fleet.dry_run(ids=BOTH_A)
    changes_of_the_fleet()[change](fleet)
    before = fleet.intents()
    answer = fleet.batch({"verb": "drain", "reason": "x", "ids": BOTH_A, "if_rev": seen["rev"]})
    assert (answer.status, problem_of(answer)["code"]) == (409, "changed")
    assert fleet.intents() == before
    again = answer.json["dry_run"]
    assert again == fleet.dry_run(ids=BOTH_A)
    assert again["rev"] != seen["rev"]
    answer = fleet.batch({"verb": "drain", "reason": "x", "ids": BOTH_A, "if_rev": again["rev"]})
    assert answer.status == 200


def test_what_has_nothing_to_do_with_a_choice_does_not_keep_it_back(fleet):
    seen = fleet.dry_run(ids=BOTH_A)
    fleet.join("n3", backend("z", "m"))
    fleet.report(fleet.nodes["n1"].changed(backend("b", "m", "only-b", status="unavailable")))
    fleet.report(fleet.nodes["n1"].beat(load={"a": (99, 9, 999)}))
    assert fleet.batch({"verb": "drain", "reason": "x", "ids": BOTH_A, "if_rev": seen["rev"]}).status == 200


def test_the_revision_is_of_a_verb_too_but_neither_of_the_way_of_choosing_nor_of_the_order(fleet):
    one = [{"kind": "vllm", "name": "a"}, {"kind": "vllm", "name": "b"}]
    revisions = [
        fleet.dry_run("drain", ids=one)["rev"],
        fleet.dry_run("drain", ids=one[::-1])["rev"],
        fleet.dry_run("drain", filter={"kind": ["vllm"]})["rev"],
    ]
    assert len(set(revisions)) == 1
    assert fleet.dry_run("disable", ids=one)["rev"] != revisions[0]


def test_what_is_as_wanted_already_is_left_alone(fleet):
    first = fleet.run(ids=[{"node_id": "n1", "id": "a"}])
    again = fleet.run(ids=BOTH_A)
    assert [entry["result"] for entry in again["results"]] == ["unchanged", "wished"]
    (wish,) = fleet.report(fleet.nodes["n1"].beat()).wishes
    assert wish.generation == first["results"][0]["generation"]
    fleet.deal_with_wishes()
    nothing = fleet.run(ids=BOTH_A)
    assert [entry["result"] for entry in nothing["results"]] == ["unchanged", "unchanged"]
    assert nothing["undo"] is None
    assert len(fleet.events("batch")) == 2


def test_a_run_is_an_event_with_who_and_why_and_each_wish_is_one(fleet):
    fleet.run("disable", reason="rack 4", filter={"kind": ["vllm"]})
    (batch,) = fleet.events("batch")
    assert (batch.actor, batch.reason) == ("local", "rack 4")
    assert batch.facts == {
        "verb": "disable", "backends": 2, "nodes": 2, "wished": 4, "unchanged": 0, "gone": 0, "not_done": 0,
    }  # fmt: skip
    made = fleet.events("wish_made")
    assert [(event.node, event.backend) for event in made] == [
        (node, ("vllm", name)) for node in ("n1", "n2") for name in ("a", "b")
    ]
    assert {(event.actor, event.reason) for event in made} == {("local", "rack 4")}


# --- when things fail --------------------------------------------------------------------------------------------------


def test_a_store_that_cannot_be_written_to_is_told_and_nothing_was_done(fleet):
    rev = fleet.dry_run(filter={})["rev"]
    fleet.store.left = 0
    before = fleet.intents()
    answer = fleet.batch({"verb": "drain", "reason": "x", "filter": {}, "if_rev": rev})
    assert (answer.status, problem_of(answer)["code"]) == (503, "store_unavailable")
    assert answer.headers["retry-after"] == "3"
    assert "10.9.9.9" not in answer.body.decode()
    assert fleet.intents() == before
    (batch,) = fleet.events("batch")
    assert (batch.facts["wished"], batch.facts["not_done"]) == (0, 5)


def test_a_store_that_fails_in_the_middle_leaves_an_answer_that_says_exactly_what_was_done(fleet):
    rev = fleet.dry_run(filter={})["rev"]
    fleet.store.left = 1
    answer = fleet.batch({"verb": "drain", "reason": "x", "filter": {}, "if_rev": rev})
    problem = problem_of(answer)
    assert (answer.status, problem["code"], answer.headers["retry-after"]) == (503, "partly_done", "3")
    assert "2 of 5" in problem["detail"]
    done = problem["done"]
    assert places(done, "wished") == [("n1", "a"), ("n1", "b")]
    assert places(done, "not_done") == [("n2", "a"), ("n2", "b"), ("n2", "c")]
    assert {place for place, intent in fleet.intents().items() if intent == "draining"} == {("n1", "a"), ("n1", "b")}
    (batch,) = fleet.events("batch")
    assert (batch.facts["wished"], batch.facts["not_done"]) == (2, 3)
    fleet.store.left = 100
    assert fleet.batch(done["undo"]).status == 200
    assert set(fleet.intents().values()) == {"enabled"}


def test_a_backend_that_goes_while_it_is_steered_is_said_to_be_gone_and_the_others_are_steered(fleet):
    rev = fleet.dry_run(filter={})["rev"]

    def lose(node_id):
        """Let the second node lose a backend, and then the rest of it, before it is wished anything."""
        node = fleet.nodes["n2"]
        if node_id == "n2" and len(node.entries) == 3:
            node.entries = node.entries[1:]
            node.revision += 1
            fleet.store._holding.take(fleet.store._holding.state("n2")._replace(record=without(fleet.store.records["n2"], "a")))

    fleet.store.before = lose
    answer = fleet.batch({"verb": "drain", "reason": "x", "filter": {}, "if_rev": rev}).json
    assert places(answer, "gone") == [("n2", "a")]
    assert places(answer, "wished") == [("n1", "a"), ("n1", "b"), ("n2", "b"), ("n2", "c")]
    assert [(choice["node_id"], choice["id"]) for choice in answer["undo"]["ids"]] == places(answer, "wished")


def test_a_node_that_is_deleted_while_it_is_steered_is_gone_with_all_it_had(fleet):
    rev = fleet.dry_run(filter={})["rev"]

    def lose(node_id):
        if node_id == "n2":
            record = fleet.store.records["n2"]
            gone = without(record, *record.entries)
            fleet.store._holding.take(fleet.store._holding.state("n2")._replace(record=gone))

    fleet.store.before = lose
    answer = fleet.batch({"verb": "drain", "reason": "x", "filter": {}, "if_rev": rev}).json
    assert places(answer, "gone") == [("n2", "a"), ("n2", "b"), ("n2", "c")]


def test_a_store_that_knows_less_than_this_hub_does_is_believed(fleet):
    rev = fleet.dry_run(filter={})["rev"]

    def unknown(node_id):
        if node_id == "n1":
            raise KeyError(node_id)

    fleet.store.before = unknown
    answer = fleet.batch({"verb": "drain", "reason": "x", "filter": {}, "if_rev": rev}).json
    assert places(answer, "gone") == [("n1", "a"), ("n1", "b")]
    assert len(places(answer, "wished")) == 3


def without(record, *gone):
    fields = {name: getattr(record, name) for name in record.__struct_fields__}
    entries = {one: entry for one, entry in record.entries.items() if one not in gone}
    return type(record)(**{**fields, "entries": entries, "revision": record.revision + 1})


# --- size ---------------------------------------------------------------------------------------------------------------


def test_ten_thousand_targets_are_steered_and_undone_as_one(hub):
    for number in range(20):
        hub.join(f"node-{number:02}", *(backend(f"backend-{index:03}-{'x' * 200}", "m") for index in range(500)))
    answer = hub.run("drain", filter={})
    assert (answer["targets"], len(places(answer, "wished")), answer["models_lost"]) == (10_000, 10_000, ["m"])
    undone = hub.batch(answer["undo"])
    assert undone.status == 200
    assert len(places(undone.json, "wished")) == 10_000
    hub.join("node-20", backend("one-more"))
    answer = hub.batch({"verb": "drain", "reason": "x", "dry_run": True, "filter": {}})
    assert (answer.status, answer.json["code"]) == (422, "too_many_targets")
