"""What a hub makes of reports."""

import pytest

from backend_registry.hub.expiry import Standing
from backend_registry.hub.store.shared import StoreUnavailableError
from backend_registry.hub.store.state import NO_WISHES, NodeState
from tests.hub.service.cluster import NOW_MS, Node, RestoredStore, SharedMemory, entry, record


def test_a_node_that_reports_is_live_and_in_the_view(cluster):
    node = Node("n1", entry("a"), entry("b"))
    ack = cluster.report(node.full())
    assert (ack.result, ack.epoch, ack.revision, ack.hub) == ("applied", NOW_MS, 1, cluster.hub.identity)
    assert (ack.want, ack.lease_ms, ack.wishes) == (None, 30_000, ())
    assert set(cluster.hub.view.entries_of("n1")) == {"a", "b"}
    assert cluster.hub.view.node("n1").standing is Standing.LIVE
    assert cluster.hub.view.node("n1").heard_at_ms == cluster.clock.ms()
    (event,) = cluster.events()
    assert (event.kind, event.node, event.actor, event.facts) == ("node_joined", "n1", "node", {"backends": 2})


def test_a_beat_prolongs_the_lease_and_says_so(cluster):
    node = Node("n1", entry())
    cluster.warm(node)
    for _ in range(10):
        cluster.pass_time(20)
        assert cluster.report(node.beat()).result == "refreshed"
    assert cluster.hub.liveness.standing("n1") is Standing.LIVE
    assert cluster.hub.view.node("n1").heard_at_ms == cluster.clock.ms()


def test_an_old_message_prolongs_nothing(cluster):
    node = Node("n1", entry())
    old = node.full()
    cluster.warm(node)
    cluster.report(node.changed(entry("b")))
    cluster.pass_time(20)
    assert cluster.report(old).result == "duplicate"
    cluster.pass_time(10)
    assert cluster.hub.liveness.standing("n1") is Standing.SUSPECT


def test_what_has_changed_is_in_the_view_and_in_the_log(cluster):
    node = Node("n1", entry("a"), entry("b"))
    cluster.report(node.full())
    cluster.report(node.changed(entry("b", status="unavailable", status_reason="connection refused")))
    assert cluster.hub.view.entries_of("n1")["b"].status == "unavailable"
    (event,) = cluster.events("backend_status")
    assert (event.node, event.backend, event.reason) == ("n1", ("vllm", "b"), "connection refused")
    assert event.facts == {"id": "b", "from": "available", "to": "unavailable", "intent": "enabled"}


def test_a_refused_report_changes_nothing(cluster):
    node = Node("n1", entry("a"))
    cluster.report(node.full())
    cluster.pass_time(20)
    revision = cluster.hub.view.revision
    node.entries.append(entry("b"))
    node.revision = 9
    refused = cluster.refusal(node.beat())
    assert refused.code == "resync_required"
    assert cluster.hub.view.revision == revision
    assert cluster.hub.liveness.silent_s("n1") == 20
    assert cluster.hub.counters.reports == {"applied": 1, "resync_required": 1}
    assert cluster.kinds() == ["node_joined"]


def test_loads_of_unknown_backends_are_dropped_and_counted(cluster):
    node = Node("n1", entry("a"))
    cluster.report(node.full(load={"a": (1, 20, 300), "ghost": (1, 1, 1)}))
    cluster.hub.view.settle(10)
    assert cluster.hub.view.node("n1").load == {"a": (1, 20, 300)}
    assert cluster.hub.counters.dropped_loads == 1
    cluster.report(node.beat(load={"a": (2, 20, 301)}))
    cluster.hub.view.settle(10)
    assert cluster.hub.view.node("n1").load == {"a": (2, 20, 301)}


def test_an_old_message_says_nothing_of_the_load(cluster):
    node = Node("n1", entry("a"))
    old = node.full(load={"a": (9, 9, 9)}, revision=0)
    cluster.report(node.full(load={"a": (1, 20, 300)}))
    assert cluster.report(old).result == "duplicate"
    cluster.hub.view.settle(10)
    assert cluster.hub.view.node("n1").load == {"a": (1, 20, 300)}


def test_a_node_that_departs_is_departed_at_once(cluster):
    node = Node("n1", entry())
    cluster.report(node.full())
    assert cluster.report(node.bye()).result == "applied"
    assert cluster.hub.liveness.standing("n1") is Standing.DEPARTED
    assert cluster.hub.view.node("n1").standing is Standing.DEPARTED
    assert cluster.kinds() == ["node_joined", "node_departed"]
    cluster.report(node.bye())
    assert cluster.kinds() == ["node_joined", "node_departed"]


def test_a_node_that_starts_again_comes_back(cluster):
    node = Node("n1", entry())
    cluster.report(node.full())
    cluster.report(node.bye())
    cluster.report(node.restarted())
    assert cluster.hub.view.node("n1").standing is Standing.LIVE
    assert cluster.kinds() == ["node_joined", "node_departed", "node_restarted", "node_back"]


def test_results_and_refusals_are_counted(cluster):
    node = Node("n1", entry())
    cluster.refusal(node.beat())
    for report in (node.full(), node.beat(), node.full(revision=0)):
        cluster.report(report)
    cluster.refusal(node.full(epoch=NOW_MS - 5))
    assert cluster.hub.counters.reports == {
        "resync_required": 1,
        "applied": 1,
        "refreshed": 1,
        "duplicate": 1,
        "stale_epoch": 1,
    }


def test_a_store_that_fails_takes_nothing_in(start):
    cluster = start(SharedMemory())
    cluster.store.error = StoreUnavailableError("no")
    with pytest.raises(StoreUnavailableError):
        cluster.report(Node("n1", entry()).full())
    assert "n1" not in cluster.hub.view
    assert cluster.hub.counters.reports == {"store_unavailable": 1}


# --- wishes ------------------------------------------------------------------------------------------------------------


def test_a_wish_goes_with_the_answer_until_the_node_has_dealt_with_it(cluster):
    node = Node("n1", entry("a"), entry("b"))
    cluster.report(node.full())
    (wish,) = cluster.call(cluster.hub.wish("n1", {"a": "draining"}, actor="operator", reason="a new disk"))
    assert cluster.report(node.beat()).wishes == (wish,)
    ack = cluster.report(node.changed(entry("a", intent="draining", generation=wish.generation)))
    assert ack.wishes == ()
    made, done = cluster.events("wish_made", "wish_done")
    facts = {"id": "a", "intent": "draining", "generation": wish.generation}
    assert (made.node, made.backend, made.actor, made.reason) == ("n1", ("vllm", "a"), "operator", "a new disk")
    assert made.facts == facts
    assert (done.node, done.backend, done.actor, done.reason) == ("n1", ("vllm", "a"), "node", "a new disk")
    assert done.facts == facts | {"wished_reason": "a new disk"}


@pytest.mark.parametrize(("node_id", "backend_id"), [("n1", "ghost"), ("ghost", "a")])
def test_a_wish_about_what_is_not_there_is_refused(cluster, node_id, backend_id):
    cluster.report(Node("n1", entry("a")).full())
    with pytest.raises(KeyError):
        cluster.call(cluster.hub.wish(node_id, {backend_id: "draining"}, actor="operator"))
    assert cluster.events("wish_made") == []


# --- pacing ------------------------------------------------------------------------------------------------------------


def test_beats_are_ten_seconds_apart_and_spread_by_a_tenth(cluster):
    node = Node("n1", entry())
    paces = [cluster.report(node.full()).next_report_ms for _ in range(200)]
    assert 9000 <= min(paces) < 9300
    assert 10700 < max(paces) <= 11000


def test_with_a_short_lease_beats_are_three_in_it(start):
    cluster = start(suspect_s=3, unreachable_s=9)
    paces = {cluster.report(Node("n1", entry()).full()).next_report_ms for _ in range(50)}
    assert max(paces) <= 1100


def test_after_a_start_known_nodes_are_asked_for_full_reports_a_few_hundred_a_second(start):
    nodes = [Node(f"n{number}", entry()) for number in range(900)]
    cluster = start(RestoredStore([record(node.node_id, *node.entries) for node in nodes]))
    acks = [cluster.report(node.beat()) for node in nodes]
    assert {ack.want for ack in acks} == {"full"}
    paces = sorted(ack.next_report_ms for ack in acks)
    for second in range(5):
        assert sum(1000 * second <= pace < 1000 * (second + 1) for pace in paces) <= 201
    assert 4000 < paces[-1] < 5000
    again = cluster.report(nodes[0].beat())
    assert again.want is None


def test_a_node_that_reports_in_full_at_first_is_not_asked_to(start):
    cluster = start(RestoredStore([record("n1", entry())]))
    assert cluster.report(Node("n1", entry()).full()).want is None


def test_however_many_are_asked_none_waits_longer_than_half_its_lease(start):
    nodes = [Node(f"n{number}", entry()) for number in range(600)]
    store = RestoredStore([record(node.node_id, *node.entries) for node in nodes])
    cluster = start(store, suspect_s=3, unreachable_s=9)
    assert 1400 <= max(cluster.report(node.beat()).next_report_ms for node in nodes) <= 1500


def test_a_hub_that_knows_nothing_spreads_the_full_reports_it_asks_for(cluster):
    refusals = [cluster.refusal(Node(f"n{number}", entry()).beat()) for number in range(600)]
    assert {refused.code for refused in refusals} == {"resync_required"}
    assert 2900 <= max(refused.facts["next_report_ms"] for refused in refusals) <= 3100


def test_a_node_that_is_not_known_has_no_lease_to_lose(start):
    cluster = start(suspect_s=3, unreachable_s=9)
    refusals = [cluster.refusal(Node(f"n{number}", entry()).beat()) for number in range(1300)]
    paces = [refused.facts["next_report_ms"] for refused in refusals]
    assert 5900 <= max(paces) <= 6000
    assert sum(pace <= 1000 for pace in paces) <= 250


def test_hubs_of_one_store_are_one_hub_to_a_node(start):
    one, other = start(SharedMemory()), start(SharedMemory())
    assert one.hub.identity == other.hub.identity
    assert start().hub.identity != start().hub.identity


def test_a_hub_of_a_shared_store_does_not_ask_for_what_another_may_have(start):
    store = SharedMemory()
    store.write(NodeState(record("n1", entry()), NO_WISHES))
    cluster = start(store)
    assert cluster.report(Node("n1", entry()).beat()).want is None
