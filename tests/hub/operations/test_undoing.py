"""What a batch has done is undone by posting what its answer holds, unless somebody has done something else since."""

from tests.hub.operations.running import backend

BOTH_A = [{"kind": "vllm", "name": "a"}]


def wished(answer):
    return [(entry["node_id"], entry["id"]) for entry in answer["results"] if entry["result"] == "wished"]


def test_undo_gives_each_its_former_intent_posted_as_it_came(hub):
    hub.join("n1", backend("a"), backend("b", intent="draining"))
    hub.join("n2", backend("a", intent="disabled"))
    hub.deal_with_wishes()
    before = hub.intents()
    undo = hub.run("disable", reason="by mistake", filter={})["undo"]
    assert set(hub.intents().values()) == {"disabled"}
    answer = hub.batch(undo)
    assert answer.status == 200, answer.body
    assert hub.intents() == before
    assert wished(answer.json) == [("n1", "a"), ("n1", "b")]
    assert hub.events("batch")[-1].reason == "undo: by mistake"
    redo = answer.json["undo"]
    assert hub.batch(redo).status == 200
    assert set(hub.intents().values()) == {"disabled"}


def test_undo_holds_after_the_nodes_have_dealt_with_the_batch(fleet):
    undo = fleet.run("drain", filter={})["undo"]
    fleet.deal_with_wishes()
    assert fleet.batch(undo).status == 200
    fleet.deal_with_wishes()
    assert set(fleet.intents().values()) == {"enabled"}


def test_undo_of_what_somebody_has_changed_since_is_asked_about_again(fleet):
    undo = fleet.run("drain", filter={})["undo"]
    fleet.run("disable", ids=[{"node_id": "n1", "id": "a"}])
    answer = fleet.batch(undo)
    assert (answer.status, answer.json["code"]) == (409, "changed")
    seen = answer.json["dry_run"]
    assert {(entry["node_id"], entry["id"]): entry["before"] for entry in seen["results"]}["n1", "a"] == "disabled"
    assert fleet.batch({**undo, "if_rev": seen["rev"]}).status == 200


def test_the_reason_of_an_undo_fits_however_long_the_reason_was(fleet):
    undo = fleet.run(reason="x" * 256, ids=BOTH_A)["undo"]
    assert undo["reason"] == ("undo: " + "x" * 256)[:256]
    assert fleet.batch(undo).status == 200


def test_an_undo_twice_is_asked_about_again_and_changes_nothing(fleet):
    undo = fleet.run(filter={})["undo"]
    assert fleet.batch(undo).status == 200
    again = fleet.batch(undo)
    assert (again.status, again.json["dry_run"]["changes"]) == (409, 0)
