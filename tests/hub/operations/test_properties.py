"""On any fleet: a batch does what its dry run said, no more and no less, and its undo undoes it."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_registry.config import HubConfig
from backend_registry.hub.batches import carry_out, places_found, plan_of
from backend_registry.hub.service import Hub
from backend_registry.hub.store import StoreUnavailableError
from backend_registry.hub.view import ClusterFilter
from tests.hub.operations.running import FailingStore, backend
from tests.hub.service.cluster import Clock, Node

INTENTS = ("enabled", "draining", "disabled")
MODELS = ("m1", "m2", "m3")

backends = st.builds(
    lambda name, kind, models, status, intent: backend(
        name, *models, kind=kind, status=status if intent == "enabled" else "unavailable", intent=intent, id=f"{kind}-{name}"
    ),
    st.sampled_from("abc"),
    st.sampled_from(("vllm", "ollama")),
    st.sets(st.sampled_from(MODELS)),
    st.sampled_from(("available", "available", "unavailable")),
    st.sampled_from(("enabled", "enabled", *INTENTS)),
)
nodes = st.lists(backends, max_size=5, unique_by=lambda entry: entry.id)
fleets = st.dictionaries(st.sampled_from(["n1", "n2", "n3", "n4"]), nodes, max_size=4)
wanted = st.dictionaries(
    st.tuples(
        st.sampled_from(["n1", "n2", "n3", "n4", "n9"]), st.sampled_from(["vllm-a", "vllm-b", "ollama-a", "ollama-c", "x"])
    ),
    st.sampled_from(INTENTS),
    max_size=12,
)
filters = st.builds(
    ClusterFilter,
    kinds=st.sets(st.sampled_from(("vllm", "ollama"))).map(frozenset),
    models=st.sets(st.sampled_from(MODELS)).map(frozenset),
    nodes=st.sets(st.sampled_from(("n1", "n2"))).map(frozenset),
    statuses=st.sets(st.sampled_from(("available", "degraded", "unavailable"))).map(frozenset),
)


@pytest.fixture(scope="module")
def runner():
    with asyncio.Runner() as running:
        yield running


class Fleet:
    """A hub and what the nodes have told it."""

    def __init__(self, runner, described, departed=()):
        self.runner, clock = runner, Clock()
        self.store = FailingStore()
        self.hub = Hub(self.store, HubConfig(), rng=random.Random(1), clock=clock, now_ms=clock.ms)
        self.call(self.hub.open())
        self.departed = set(departed)
        for node_id, entries in described.items():
            node = Node(node_id, *entries)
            self.call(self.hub.report(node.full()))
            if node_id in self.departed:
                self.call(self.hub.report(node.bye()))

    def call(self, coroutine):
        return self.runner.run(coroutine)

    def run(self, plan):
        return self.call(carry_out(self.hub, plan.targets, actor="x", reason="y"))

    def entries(self):
        return {(node, entry.id): entry for node, record in self.store.records.items() for entry in record.entries.values()}

    def wanted(self):
        wished = {(node, wish.id): wish.intent for node in self.store.records for wish in self.store.wishes_of(node)}
        return {place: entry.intent for place, entry in self.entries().items()} | wished

    def models_available(self):
        """Models that a request may get now and as soon as the nodes have done what is wanted; said in the plainest way."""
        wanted = self.wanted()
        return {
            model.id
            for place, entry in self.entries().items()
            for model in entry.models
            if place[0] not in self.departed and entry.status == "available" and wanted[place] == "enabled"
        }


@settings(deadline=None)
@given(fleets, st.lists(wanted, max_size=3), wanted, st.sets(st.sampled_from(("n1", "n2"))))
def test_a_batch_does_what_its_dry_run_said_and_its_undo_undoes_it(runner, described, earlier, intents, departed):
    fleet = Fleet(runner, described, departed)
    for one in earlier:
        fleet.run(plan_of(fleet.hub, one))
    before, available = fleet.wanted(), fleet.models_available()
    plan = plan_of(fleet.hub, intents)
    assert plan_of(fleet.hub, intents) == plan
    assert fleet.wanted() == before, "a dry run does nothing"

    assert {(target.node_id, target.id) for target in plan.targets} == intents.keys() & before.keys()
    done = fleet.run(plan)
    assert (done.unavailable, done.gone) == (None, frozenset())
    assert done.made.keys() == {target for target in plan.targets if target.changes}
    assert fleet.wanted() == before | {place: intent for place, intent in intents.items() if place in before}
    assert set(plan.models_lost) == available - fleet.models_available()

    undo = plan_of(fleet.hub, {(target.node_id, target.id): target.before for target in done.made})
    fleet.run(undo)
    assert fleet.wanted() == before


@settings(deadline=None)
@given(fleets, wanted, st.integers(0, 3))
def test_a_store_that_fails_leaves_exactly_what_the_batch_says(runner, described, intents, allowed):
    fleet = Fleet(runner, described)
    before = fleet.wanted()
    fleet.store.left = allowed
    done = fleet.run(plan_of(fleet.hub, intents))
    changed = {(target.node_id, target.id): target.after for target in done.made}
    assert fleet.wanted() == before | changed
    nodes_to_tell = {target.node_id for target in plan_of(fleet.hub, intents).targets if target.changes}
    assert (done.unavailable is None) == (not nodes_to_tell)
    if done.unavailable is not None:
        assert isinstance(done.unavailable, StoreUnavailableError)
        assert len({target.node_id for target in done.made}) == allowed


@settings(deadline=None)
@given(fleets, wanted, wanted, nodes)
def test_the_revision_changes_with_all_that_hangs_on_it_and_with_nothing_else(runner, described, intents, others, came):
    fleet = Fleet(runner, described)
    seen = plan_of(fleet.hub, intents)
    fleet.run(plan_of(fleet.hub, others))
    fleet.call(fleet.hub.report(Node("n5", *came).full()))
    after = plan_of(fleet.hub, intents)
    same = (seen.targets, seen.models_lost) == (after.targets, after.models_lost)
    assert (seen.rev == after.rev) == same


@settings(deadline=None)
@given(fleets, filters)
def test_a_filter_chooses_what_the_list_shows_on_the_nodes_that_it_names(runner, described, chosen):
    fleet = Fleet(runner, described)
    rows = [row for row in fleet.hub.view.find(ClusterFilter()) if chosen.matches(row.facets)]
    expected = {
        (node.node_id, entry.id)
        for row in rows
        for node, entry in zip(row.nodes, row.entries, strict=True)
        if not chosen.nodes or node.node_id in chosen.nodes
    }
    found = places_found(fleet.hub.view, chosen)
    assert len(found) == len(set(found))
    assert set(found) == expected
