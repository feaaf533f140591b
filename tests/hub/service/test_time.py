"""What a hub does as time passes, and what other hubs and operators do to it."""

import asyncio

import pytest

from backend_registry.hub.expiry import Standing
from backend_registry.hub.store.shared import StoreUnavailableError
from backend_registry.hub.store.state import NO_WISHES, NodeState
from backend_registry.hub.upkeep import AT_ONCE
from tests.hub.service.cluster import Node, RestoredStore, SharedMemory, entry, record, until


def standing(cluster, node_id):
    """How a node stands, by the view and by who watches it."""
    in_view = cluster.hub.view.node(node_id).standing
    assert cluster.hub.liveness.standing(node_id) is in_view
    return in_view


# --- silence -----------------------------------------------------------------------------------------------------------


def test_a_silent_node_is_suspect_then_unreachable_and_back_when_heard(cluster):
    node = Node("n1", entry())
    cluster.warm(node)
    cluster.pass_time(31)
    assert standing(cluster, "n1") is Standing.SUSPECT
    cluster.pass_time(60)
    assert standing(cluster, "n1") is Standing.UNREACHABLE
    cluster.report(node.beat())
    assert standing(cluster, "n1") is Standing.LIVE
    suspect, unreachable, back = cluster.events("node_suspect", "node_unreachable", "node_back")
    assert [suspect.kind, unreachable.kind, back.kind] == ["node_suspect", "node_unreachable", "node_back"]
    assert suspect.facts["silent_s"] == pytest.approx(30, abs=1)
    assert unreachable.facts["silent_s"] == pytest.approx(90, abs=1)
    assert suspect.at_ms < unreachable.at_ms < back.at_ms


def test_a_wave_is_protected_and_that_is_told(cluster):
    lost = [Node(f"lost-{number}", entry()) for number in range(5)]
    rest = [Node(f"rest-{number}", entry()) for number in range(5)]
    cluster.warm(*lost, *rest)
    assert cluster.hub.facts()["protected"] is False
    cluster.pass_time(120, beating=rest)
    assert cluster.hub.facts()["protected"] is True
    assert {standing(cluster, node.node_id) for node in lost} == {Standing.SUSPECT}
    for node in lost:
        cluster.report(node.beat())
    cluster.pass_time(1)
    assert cluster.hub.facts()["protected"] is False
    on, off = cluster.events("protection_on", "protection_off")
    assert (on.kind, off.kind) == ("protection_on", "protection_off")
    assert on.facts["nodes"] == 5
    assert cluster.hub.liveness.counts[Standing.LIVE] == 10


def test_a_stalled_hub_expires_nobody(cluster):
    nodes = [Node(f"n{number}", entry()) for number in range(10)]
    cluster.warm(*nodes)
    cluster.clock.now += 500
    cluster.hub.sweep()
    assert {standing(cluster, node.node_id) for node in nodes} == {Standing.LIVE}


def test_readers_are_told_when_the_view_can_be_relied_on_otherwise(cluster, monkeypatch):
    woken = []
    monkeypatch.setattr(cluster.hub._upkeep, "_changed", lambda: woken.append(cluster.hub.facts()["complete"]))
    cluster.pass_time(59)
    assert woken == []
    cluster.pass_time(5)
    assert woken == [True]


def test_a_wave_is_taken_in_piece_by_piece_and_who_is_heard_meanwhile_stays_live(cluster):
    nodes = [Node(f"n{number}", entry()) for number in range(3 * AT_ONCE)]
    cluster.warm(*nodes)
    cluster.pass_time(29)
    cluster.clock.now += 1
    pieces = cluster.hub._upkeep._pieces()
    next(pieces)
    assert len(cluster.events("node_suspect")) == AT_ONCE
    cluster.report(nodes[-1].beat())
    assert list(pieces) == [None, None]
    suspect = {event.node for event in cluster.events("node_suspect")}
    assert suspect == {node.node_id for node in nodes[:-1]}
    assert {node.node_id for node in nodes if standing(cluster, node.node_id) is Standing.LIVE} == {nodes[-1].node_id}
    assert cluster.events("node_back") == []


def test_sweeps_are_counted(cluster):
    cluster.pass_time(7)
    assert cluster.hub.sweeps.count == 7
    assert cluster.hub.sweeps.seconds > 0


# --- a start -----------------------------------------------------------------------------------------------------------


def test_nodes_from_before_a_start_are_shown_as_suspect_and_nothing_is_told_of_it(start):
    cluster = start(RestoredStore([record("n1", entry("a")), record("n2", presence="departed")]))
    assert standing(cluster, "n1") is Standing.SUSPECT
    assert standing(cluster, "n2") is Standing.DEPARTED
    assert set(cluster.hub.view.entries_of("n1")) == {"a"}
    assert cluster.hub.facts()["complete"] is False
    cluster.report(Node("n1", entry("a")).beat())
    assert standing(cluster, "n1") is Standing.LIVE
    cluster.pass_time(1)
    assert cluster.hub.facts()["complete"] is True
    assert cluster.events() == []


@pytest.mark.parametrize("presence", ["deleted", "forgotten"])
def test_fences_are_not_shown(start, presence):
    cluster = start(RestoredStore([record("n1", presence=presence)]))
    assert "n1" not in cluster.hub.view
    assert "n1" not in cluster.hub.liveness


# --- operators ---------------------------------------------------------------------------------------------------------


def test_a_deleted_node_is_gone_until_it_is_allowed(cluster):
    node = Node("n1", entry())
    cluster.report(node.full())
    assert cluster.call(cluster.hub.delete_node("n1", actor="operator", reason="sold"))
    assert "n1" not in cluster.hub.view
    assert "n1" not in cluster.hub.liveness
    assert cluster.refusal(node.beat()).code == "node_deleted"
    assert cluster.call(cluster.hub.allow_node("n1", actor="operator", reason="bought"))
    cluster.report(node.full(revision=2))
    assert standing(cluster, "n1") is Standing.LIVE
    deleted, refused, allowed, joined = cluster.events()[1:]
    assert (deleted.kind, deleted.node, deleted.actor, deleted.reason) == ("node_deleted", "n1", "operator", "sold")
    assert (refused.kind, refused.node, refused.reason) == ("report_refused", "n1", "node_deleted")
    assert (allowed.kind, allowed.actor, allowed.reason) == ("node_allowed", "operator", "bought")
    assert joined.kind == "node_joined"


def test_what_is_not_there_is_neither_deleted_nor_allowed(cluster):
    assert not cluster.call(cluster.hub.delete_node("ghost", actor="operator"))
    assert not cluster.call(cluster.hub.allow_node("ghost", actor="operator"))
    cluster.report(Node("n1", entry()).full())
    assert not cluster.call(cluster.hub.allow_node("n1", actor="operator"))
    assert cluster.kinds() == ["node_joined"]


# --- forgetting --------------------------------------------------------------------------------------------------------


def silent_for_good(start, store=None):
    cluster = start(store, suspect_s=30, unreachable_s=90, forget_s=200)
    cluster.warm(Node("n1", entry()))
    cluster.pass_time(201)
    return cluster


def test_a_node_that_is_silent_for_good_is_forgotten(start):
    cluster = silent_for_good(start)
    assert standing(cluster, "n1") is Standing.UNREACHABLE
    cluster.running(lambda hub: until(lambda: "n1" not in hub.view))
    assert cluster.store.records["n1"].presence == "forgotten"
    assert "n1" not in cluster.hub.liveness
    event = cluster.events()[-1]
    assert (event.kind, event.node, event.actor) == ("node_forgotten", "n1", "hub")


def test_who_is_heard_before_its_turn_is_not_forgotten(start):
    cluster = silent_for_good(start)
    cluster.report(Node("n1", entry()).beat())
    cluster.running(lambda hub: until(lambda: not hub._upkeep._silent))
    assert standing(cluster, "n1") is Standing.LIVE


def test_what_could_not_be_forgotten_is_forgotten_later(start):
    cluster = silent_for_good(start, SharedMemory())
    cluster.store.error = StoreUnavailableError("no")
    cluster.running(lambda hub: until(lambda: not hub._upkeep._silent))
    assert standing(cluster, "n1") is Standing.UNREACHABLE
    cluster.store.error = None
    cluster.running(lambda hub: until(lambda: not hub._upkeep.deaf))
    cluster.pass_time(31)
    cluster.running(lambda hub: until(lambda: "n1" not in hub.view))


# --- conflicts ---------------------------------------------------------------------------------------------------------


def test_a_node_that_starts_again_too_often_is_flagged_once_until_it_stops(cluster):
    node = Node("n1", entry())
    cluster.report(node.full())
    for restarts in range(1, 8):
        cluster.pass_time(20)
        cluster.report(node.restarted())
        assert len(cluster.events("identity_conflict")) == (restarts > 3)
    assert len(cluster.events("node_restarted")) == 7
    cluster.pass_time(299, beating=[node])
    assert cluster.events("identity_settled") == []
    cluster.pass_time(3, beating=[node])
    (settled,) = cluster.events("identity_settled")
    assert settled.node == "n1"


def test_two_processes_with_one_id_are_flagged(cluster):
    node, other = Node("n1", entry()), Node("n1", entry(), instance="second")
    cluster.report(node.full())
    for attempt in range(6):
        assert cluster.refusal(other.full()).code == "identity_conflict"
        assert len(cluster.events("identity_conflict")) == (attempt >= 3)


def test_restarts_that_are_far_apart_are_nothing_unusual(cluster):
    node = Node("n1", entry())
    cluster.report(node.full())
    for _ in range(12):
        cluster.pass_time(101, beating=[node])
        cluster.report(node.restarted())
    assert cluster.events("identity_conflict") == []


# --- other hubs --------------------------------------------------------------------------------------------------------


def foreign(node):
    return NodeState(record(node.node_id, *node.entries, epoch=node.epoch), NO_WISHES)


def test_what_another_hub_takes_in_is_in_the_view_here(start):
    cluster = start(SharedMemory())
    cluster.store.write(foreign(Node("n1", entry("a"), entry("b"))))
    assert standing(cluster, "n1") is Standing.LIVE
    changed = Node("n1", entry("a", status="unavailable"), entry("c"))
    cluster.store.write(foreign(changed))
    assert set(cluster.hub.view.entries_of("n1")) == {"a", "c"}
    assert cluster.hub.view.entries_of("n1")["a"].status == "unavailable"
    assert cluster.kinds() == ["node_joined", "backend_status"]
    cluster.store.write(NodeState(record("n1", presence="deleted"), NO_WISHES))
    assert "n1" not in cluster.hub.view
    assert (cluster.events()[-1].kind, cluster.events()[-1].actor) == ("node_deleted", "another hub")


def test_a_node_that_beats_at_another_hub_is_live_here(start):
    cluster = start(SharedMemory())
    cluster.warm(Node("n1", entry()))
    cluster.pass_time(31)
    assert standing(cluster, "n1") is Standing.SUSPECT
    cluster.store.told = {"n1": 4.0, "unknown": 1.0}
    cluster.running(lambda hub: until(lambda: hub.liveness.standing("n1") is Standing.LIVE))
    assert standing(cluster, "n1") is Standing.LIVE
    assert cluster.hub.liveness.silent_s("n1") == 4.0
    assert "unknown" not in cluster.hub.liveness


def test_while_the_store_is_away_silence_is_held_against_nobody(start):
    cluster = start(SharedMemory())
    nodes = [Node(f"n{number}", entry()) for number in range(2)]
    cluster.warm(*nodes)
    cluster.store.error = StoreUnavailableError("no")
    with pytest.raises(StoreUnavailableError):
        cluster.report(nodes[0].beat())
    cluster.pass_time(600)
    assert {standing(cluster, node.node_id) for node in nodes} == {Standing.LIVE}
    assert cluster.hub.facts()["degraded"] == "the connection is lost"
    cluster.store.error = None
    cluster.report(nodes[0].beat())
    cluster.pass_time(31)
    assert standing(cluster, "n1") is Standing.SUSPECT
    degraded, back = cluster.events("store_degraded", "store_back")
    assert (degraded.kind, degraded.reason, back.kind) == ("store_degraded", "the connection is lost", "store_back")


def test_that_the_store_is_away_is_noticed_without_a_report(start):
    cluster = start(SharedMemory())
    cluster.store.error = StoreUnavailableError("no")
    cluster.running(lambda hub: until(lambda: hub._upkeep.deaf))


# --- running -----------------------------------------------------------------------------------------------------------


def test_a_running_hub_looks_for_silent_nodes_by_itself(start):
    cluster = start(suspect_s=0.5, unreachable_s=1)
    cluster.running(lambda hub: until(lambda: hub.sweeps.count >= 2))


def test_a_sweep_that_fails_is_not_the_last_one(start, monkeypatch, caplog):
    cluster = start(suspect_s=0.5, unreachable_s=1)
    sweep, failed = cluster.hub.liveness.sweep, []

    def fails_once(**options):
        if not failed:
            failed.append(True)
            raise ValueError("a bug")
        return sweep(**options)

    monkeypatch.setattr(cluster.hub.liveness, "sweep", fails_once)
    cluster.running(lambda hub: until(lambda: hub.sweeps.count >= 1))
    assert "a look for silent nodes failed" in caplog.text


def test_a_hub_ends_when_it_is_cancelled(cluster):
    cluster.running(lambda hub: asyncio.sleep(0))
    assert asyncio.all_tasks(cluster.runner.get_loop()) == set()
