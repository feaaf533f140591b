"""Whatever nodes and operators do, the view shows what a look at everything would show."""

import asyncio
import json
from datetime import datetime

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from backend_registry.hub.expiry import Standing
from backend_registry.hub.view import ClusterFilter, ClusterView, encoding, index, words
from backend_registry.protocol import Entry, ModelEntry, ordered
from tests.hub.view.naive import NaiveCluster, NaiveNode

NODES = [f"n{number}" for number in range(5)]
KINDS = ["vllm", "Ollama"]
NAMES = ["a", "A1", "ß b"]
IDS = ["i1", "i2", "i3"]
MODELS = [ModelEntry(id="m1"), ModelEntry(id="M2", context_length=8), ModelEntry(id="m3")]


def some(words, size=2):
    return st.lists(st.sampled_from(words), max_size=size, unique=True).map(tuple)


def subset(words):
    return st.frozensets(st.sampled_from(words), max_size=2)


models = st.lists(st.sampled_from(MODELS), max_size=2, unique_by=lambda model: model.id).map(tuple)
entries = st.builds(
    Entry,
    id=st.sampled_from(IDS),
    name=st.sampled_from(NAMES),
    kind=st.sampled_from(KINDS),
    base_url=st.sampled_from(["", "http://h:1", "http://h:22"]),
    operations=some(["chat", "embed"]),
    features=some(["f"], 1),
    transports=some(["http", "ws"]),
    models=models,
    weight=st.integers(0, 3),
    priority=st.integers(-1, 1),
    metadata=st.dictionaries(st.sampled_from(["a", "a-b", "zone"]), st.sampled_from(["", "x", "y", "z"]), max_size=3),
    status=st.sampled_from(["available", "unavailable"]),
    status_reason=st.sampled_from(["", "no route", "overloaded"]),
    health=st.sampled_from(["healthy", "unhealthy", "unknown"]),
    intent=st.sampled_from(["enabled", "draining", "disabled"]),
).map(ordered)
loads = st.dictionaries(st.sampled_from([*IDS, "other"]), st.tuples(*[st.integers(0, 999)] * 3), max_size=3)
filters = st.builds(
    ClusterFilter,
    kinds=subset([*KINDS, "none"]),
    operations=subset(["chat", "embed", "none"]),
    transports=subset(["http", "ws"]),
    models=subset(["m1", "M2", "none"]),
    nodes=subset([*NODES, "none"]),
    tags=subset(["a", "a=x", "zone", "zone=z", "zone=*", "none"]),
    intents=subset(["enabled", "draining", "disabled"]),
    statuses=subset(["available", "degraded", "unavailable"]),
    words=some(["a", "a1", "vl", "m", "ss", "none"]),
)


def shown(view, rows):
    """Rows as JSON says, `since` in milliseconds."""
    return [decoded(view.encoded(row)) for row in rows]


def decoded(data):
    row = json.loads(data)
    return {**row, "since": round(datetime.fromisoformat(row["since"]).timestamp() * 1000)}


class ViewMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now_ms = 1_700_000_000_000
        self.view = ClusterView(now_ms=lambda: self.now_ms)
        self.naive = NaiveCluster()
        self.followed = {}
        self.last = None
        self.constants = encoding.KEPT_FROM, encoding._ANEW_FROM, index._SPARSE, words.VALUES_MOST, words.TAGS_MOST

    @initialize(kept_from=st.sampled_from([1, 2, 8]), sparse=st.sampled_from([1, 32]), most=st.sampled_from([(2, 4), (16, 64)]))
    def keep(self, kept_from, sparse, most):
        words.VALUES_MOST, words.TAGS_MOST = most
        words._together.cache_clear()
        words._shared.cache_clear()
        encoding.KEPT_FROM = kept_from
        encoding._ANEW_FROM = 1
        index._SPARSE = sparse

    def teardown(self):
        encoding.KEPT_FROM, encoding._ANEW_FROM, index._SPARSE, words.VALUES_MOST, words.TAGS_MOST = self.constants
        words._together.cache_clear()
        words._shared.cache_clear()

    def noted(self):
        self.naive.note(self.now_ms)
        self.now_ms += 7

    @rule(node_id=st.sampled_from(NODES), some_entries=st.lists(entries, max_size=3, unique_by=lambda entry: entry.id))
    def put(self, node_id, some_entries):
        node = self.naive.nodes.setdefault(node_id, NaiveNode())
        before = node.entries
        node.entries = {entry.id: entry for entry in some_entries}
        self._put(node, node_id, before)

    @rule(node_id=st.sampled_from(NODES), entry=entries)
    def change_one(self, node_id, entry):
        node = self.naive.nodes.setdefault(node_id, NaiveNode())
        before = node.entries
        node.entries = {**before, entry.id: entry}
        self._put(node, node_id, before)

    def _put(self, node, node_id, before):
        gone = [entry for entry in before.values() if node.entries.get(entry.id) != entry]
        come = [entry for entry in node.entries.values() if before.get(entry.id) != entry]
        node.shown = {entry_id: load for entry_id, load in node.shown.items() if entry_id in node.entries}
        if node.standing is Standing.DEPARTED:
            node.standing = Standing.LIVE
        self.view.put(node.record(node_id), gone, come)
        self.noted()

    @rule(node_id=st.sampled_from(NODES))
    def depart(self, node_id):
        node = self.naive.nodes.get(node_id)
        if node is not None:
            node.standing = Standing.DEPARTED
            self.view.put(node.record(node_id, "departed"), (), ())
            self.noted()

    @rule(node_id=st.sampled_from(NODES), standing=st.sampled_from(list(Standing)))
    def stand(self, node_id, standing):
        self.view.stand(node_id, standing)
        if node_id in self.naive.nodes:
            self.naive.nodes[node_id].standing = standing
        self.noted()

    @rule(node_id=st.sampled_from(NODES))
    def drop(self, node_id):
        self.view.drop(node_id)
        self.naive.nodes.pop(node_id, None)
        self.noted()

    @rule(node_id=st.sampled_from(NODES), load=loads)
    def load(self, node_id, load):
        node = self.naive.nodes.get(node_id)
        unknown = len(load) if node is None else len(load.keys() - node.entries.keys())
        assert self.view.load(node_id, load) == unknown
        if node is not None:
            node.told |= load

    @rule(pending=st.integers(0, 5), latency=st.integers(0, 2))
    def all_tell_their_load(self, pending, latency):
        for node_id, node in self.naive.nodes.items():
            told = {entry_id: (pending + place, latency, place) for place, entry_id in enumerate(sorted(node.entries))}
            assert self.view.load(node_id, told) == 0
            node.told |= told

    @rule()
    def settle(self):
        while self.view.settle(1):
            pass
        for node in self.naive.nodes.values():
            node.settle()
        self.noted()

    @rule(most=st.sampled_from([0, 3, None]))
    def follow(self, most):
        """A reader of changes has what is shown as soon as there are no more of them."""
        while True:
            for key, entry in self.view.take_changes(most).items():
                self.followed.pop(key, None) if entry is None else self.followed.update({key: decoded(entry.data)})
            if not self.view.changes:
                break
        assert self.followed == self.naive.rows()

    @rule(wanted=filters)
    def find(self, wanted):
        rows = self.naive.rows()
        expected = [row for key, row in rows.items() if self.naive.wants(wanted, key, row)]
        found = self.view.find(wanted)
        assert len(found) == len(expected)
        assert shown(self.view, found) == expected
        assert [row.key for row in self.view.find(ClusterFilter()) if wanted.matches(row.facets)] == [r.key for r in found]

    @invariant()
    def all_is_shown(self):
        rows = self.naive.rows()
        assert shown(self.view, self.view.find(ClusterFilter())) == list(rows.values())
        for key, row in rows.items():
            assert decoded(self.view.encoded(self.view.row(key))) == row

    @invariant()
    def what_is_shown_has_its_own_tag(self):
        nodes = {
            node_id: (node.standing, node.entries, [node.shown.get(entry_id, (0, 0, 0)) for entry_id in node.entries])
            for node_id, node in self.naive.nodes.items()
        }
        shown_now = json.dumps([list(self.naive.rows().values()), repr(nodes)])
        if self.last is not None and self.last[0] != shown_now:
            assert self.view.tag != self.last[1]
        self.last = shown_now, self.view.tag

    @invariant()
    def facets_count(self):
        assert self.view.facets() == self.naive.facets()

    @invariant()
    def nodes_are_known(self):
        assert list(self.view.nodes()) == sorted(self.naive.nodes)
        for node_id, node in self.naive.nodes.items():
            row = self.view.node(node_id)
            silent = node.standing in (Standing.UNREACHABLE, Standing.DEPARTED)
            available = 0 if silent else sum(entry.status == "available" for entry in node.entries.values())
            assert (row.standing, row.total, row.available) == (node.standing, len(node.entries), available)
            assert row.load == {entry_id: node.shown.get(entry_id, (0, 0, 0)) for entry_id in node.entries}
            assert self.view.entries_of(node_id) == node.entries

    @invariant()
    def models_are_known(self):
        model_ids = sorted(self.naive.facets()["model"])
        assert list(self.view.models()) == model_ids
        for model_id in model_ids:
            row = self.view.model(model_id)
            assert (row.backends, row.backends_available, row.nodes, row.nodes_available) == self.naive.model(model_id)

    @rule(wanted=filters)
    def columns(self, wanted):
        document = json.loads(asyncio.run(self.view.columns.encoded(wanted)) + b"}")
        expected = [row for key, row in self.naive.rows().items() if self.naive.wants(wanted, key, row)]
        assert document["total"] == len(expected)
        assert rows_of(document) == [flat(row) for row in expected]
        assert document["facets"] == self.naive.facets()


def rows_of(document):
    """The rows of columns, with the values that codes stand for."""
    columns, values = document["columns"], document["values"]
    full = {name: [values[name][code] for code in column] if name in values else column for name, column in columns.items()}
    return [dict(zip(full, cells, strict=True)) for cells in zip(*full.values(), strict=True)]


def flat(row):
    """What columns show of a row."""
    words = "name kind operations features transports models tags weights priorities"
    numbers = "available_nodes total_nodes stale_nodes pending avg_latency_ms"
    return {
        **{name: row[name] for name in f"{words} {numbers}".split()},
        "reason": row["status_reason"],
        "healthy": row["health"]["healthy"],
        "unhealthy": row["health"]["unhealthy"],
        "draining": row["intents"]["draining"],
        "disabled": row["intents"]["disabled"],
        "since_ms": row["since"],
    }


TestView = ViewMachine.TestCase
TestView.settings = settings(stateful_step_count=40, deadline=None)
