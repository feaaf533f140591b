"""What the nodes of a row say of it together: words, tags, weights and priorities."""

import pytest

from backend_registry.hub.view import ClusterFilter, ClusterView, words
from backend_registry.hub.view.words import describes_alike, words_of
from backend_registry.protocol import Entry, ModelEntry, NodeRecord

KEY = ("vllm", "a")


def entry(**fields):
    return Entry(id="i", name="a", kind="vllm", **fields)


class Cluster:
    """A view of nodes that each have one backend of one name, or none."""

    def __init__(self):
        self.view = ClusterView(now_ms=lambda: 1)
        self.entries = {}

    def put(self, node_id, **fields):
        before, self.entries[node_id] = self.entries.get(node_id), entry(**fields)
        self._report(node_id, [before] if before else [], [self.entries[node_id]])

    def take(self, node_id):
        self._report(node_id, [self.entries.pop(node_id)], [])

    def _report(self, node_id, gone, come):
        record = NodeRecord(node_id=node_id, epoch=1, revision=1, instance="i", digest=0, entries={e.id: e for e in come})
        self.view.put(record, gone, come)

    @property
    def words(self):
        row = self.view.row(KEY)
        assert (row.words.tags, row.words.weights) == (words_of(row.entries).tags, words_of(row.entries).weights)
        return row.words

    def found(self, **wanted):
        return bool(self.view.find(ClusterFilter(**{name: frozenset(some) for name, some in wanted.items()})))


@pytest.fixture
def cluster():
    return Cluster()


@pytest.mark.parametrize(
    "other",
    [
        {"operations": ("chat",)},
        {"features": ("f",)},
        {"transports": ("ws",)},
        {"models": (ModelEntry(id="m"),)},
        {"weight": 2},
        {"priority": 2},
        {"metadata": {"a": "b"}},
    ],
    ids=str,
)
def test_whatever_a_node_says_otherwise_is_another_description_and_is_shown(cluster, other):
    assert not describes_alike(entry(), entry(**other))
    for node_id in ("n1", "n2", "n3"):
        cluster.put(node_id)
    plain = cluster.words
    cluster.put("n2", **other)
    both = cluster.words
    assert both != plain
    assert not both.alike
    cluster.put("n4", **other)
    cluster.take("n2")
    assert cluster.words == both
    cluster.take("n4")
    assert cluster.words == plain
    assert cluster.words.alike


def test_tags_weights_and_priorities_are_those_of_all_nodes_sorted(cluster):
    cluster.put("n1", weight=5, priority=1, metadata={"zone": "eu", "gpu": "h100"})
    cluster.put("n2", weight=1, priority=-1, metadata={"zone": "us", "gpu": "h100"})
    assert cluster.words.tags == ("gpu=h100", "zone=eu", "zone=us")
    assert (cluster.words.weights, cluster.words.priorities) == ((1, 5), (-1, 1))


def test_metadata_that_differs_on_every_node_does_not_blow_a_row_up(cluster):
    for number in range(words.VALUES_MOST):
        cluster.put(f"n{number:02}", metadata={"host": f"h{number:02}", "zone": "eu"})
    assert len(cluster.words.tags) == words.VALUES_MOST + 1
    cluster.put("n99", metadata={"host": "h99", "zone": "eu"})
    assert cluster.words.tags == ("host=*", "zone=eu")
    cluster.take("n00")
    assert len(cluster.words.tags) == words.VALUES_MOST + 1


def test_a_row_has_so_many_tags_at_most_and_what_was_left_out_finds_room_again(cluster):
    for node in range(4):
        cluster.put(f"n{node}", metadata={f"no{node}-{number:02}": "x" for number in range(40)})
    assert len(cluster.words.tags) == words.TAGS_MOST
    cluster.take("n0")
    assert {tag[:3] for tag in cluster.words.tags} == {"no1", "no2"}
    assert len(cluster.words.tags) == words.TAGS_MOST


def test_room_that_a_key_of_many_values_leaves_is_used(cluster):
    parts = {f"part{number:02}": "x" for number in range(words.TAGS_MOST - 4)}
    cluster.put("n000", metadata=parts)
    for number in range(1, words.VALUES_MOST + 2):
        cluster.put(f"n{number:03}", metadata={"host": f"h{number:02}"})
    assert cluster.words.tags == ("host=*", *(f"{name}=x" for name in sorted(parts)))


def test_what_is_long_or_looks_like_a_secret_is_no_tag(cluster):
    fits = "x" * (words.TAG_LENGTH_MOST - len("note="))
    cluster.put("n1", metadata={"note": fits, "longer": fits, "api_key": "hunter22", "said": "Bearer abcdefgh"})
    assert cluster.words.tags == (f"note={fits}", "said=Bearer ***")


def test_rows_that_say_the_same_have_one_object():
    one, other = Cluster(), Cluster()
    for cluster in (one, other):
        cluster.put("n1", metadata={"zone": "eu"}, weight=3)
        cluster.put("n2", metadata={"zone": "us"}, weight=3)
    assert one.words is other.words


def test_tags_are_found_whole_or_by_their_key(cluster):
    cluster.put("n1", metadata={"zone": "eu", "a=b": "c"}, operations=("chat",))
    cluster.put("n2", metadata={"gpu": ""})
    for tag in ("zone=eu", "zone", "gpu", "gpu=", "a=b=c"):
        assert cluster.found(tags=[tag]), tag
    for tag in ("zone=e", "zon", "eu", "zone=", "gpu=x", "Zone"):
        assert not cluster.found(tags=[tag]), tag
    assert cluster.found(tags=["none", "zone"], operations=["chat"])
    assert not cluster.found(tags=["zone"], nodes=["n3"])


def test_intents_are_found_if_one_node_has_them(cluster):
    cluster.put("n1", intent="draining")
    cluster.put("n2", intent="draining")
    assert [cluster.found(intents=[intent]) for intent in ("enabled", "draining", "disabled")] == [False, True, False]
    cluster.put("n2", intent="enabled")
    assert cluster.found(intents=["enabled"])
    assert cluster.found(intents=["draining", "disabled"])
