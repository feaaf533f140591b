"""Fleets of played nodes: what the pages of these tests show."""

import contextlib
import itertools

from backend_registry.protocol import ModelEntry
from tests.e2e.hubs import Nodes, PlayedNode, entry
from tests.e2e.processes import eventually

KINDS = ("vllm", "ollama", "openai")
REFUSED = "connection refused"
NODES = ("ams-1", "ams-2", "fra-1", "fra-2")


def backend(number, **fields):
    """The entry of one of the fleet's backends: `vllm-03`, `ollama-01`, `openai-02`..., of models by turns."""
    kind = KINDS[number % 3]
    usual = {
        "kind": kind,
        "operations": ("chat", "embeddings") if number % 2 else ("chat",),
        "transports": ("http",),
        "models": (ModelEntry(id=f"model-{number % 5}"),),
        "metadata": {"zone": "eu" if number % 4 else "us"},
        "base_url": f"http://10.0.0.{number}:8000",
    }
    return entry(f"{kind}-{number:02}", **(usual | fields))


def broken(number, reason=REFUSED):
    """The same when it does not answer."""
    return backend(number, status="unavailable", health="unhealthy", status_reason=reason)


def taken_out(number, intent):
    """The same when operators have taken it out of service."""
    return backend(number, status="unavailable", status_reason=intent, intent=intent)


def mixed(count=30):
    """Backend id to entry, for two nodes.

    Of `count` backends 3 is unavailable on both nodes and 6 on the first, 9 drains and 12 is disabled; the rest is available.
    Thus the list begins with 3 and 6, goes on with 9 and 12, and then by name.
    """
    both = {3: broken(3), 9: taken_out(9, "draining"), 12: taken_out(12, "disabled")}
    second = {number: both.get(number, backend(number)) for number in range(1, count + 1)}
    return [list((second | {6: broken(6)}).values()), list(second.values())]


def loads(count, pending=lambda number: number, latency=lambda number: 10 * number):
    """What is in flight on each of so many backends, and how long they take in milliseconds."""
    return {backend(number).id: (pending(number), latency(number), 100) for number in range(1, count + 1)}


@contextlib.contextmanager
def playing(hub, entries_by_node, load=None):
    """Nodes that report these entries, once the hub has all of them."""
    played = [PlayedNode(node_id, hub.url, entries=entries) for node_id, entries in entries_by_node.items()]
    for node in played:
        node.load = dict(load or {})
    names = {entry.name for node in played for entry in node.entries.values()}
    with Nodes(played) as nodes:

        def known():
            counted = int(hub.ask("GET", "/admin/api/backends?limit=1").headers["x-total-count"])
            return counted == len(names) and set(hub.standings().values()) == {"live"} and len(hub.standings()) == len(played)

        eventually(known, "the hub has what all nodes have")
        yield nodes


def change(nodes, node_id, *entries):
    """Some backends of a node are another way from now on; the others stay."""
    nodes.change(node_id, lambda kept: kept | {changed.id: changed for changed in entries})


def without(nodes, node_id, *ids):
    """A node has these backends no more."""
    nodes.change(node_id, lambda kept: {entry_id: entry for entry_id, entry in kept.items() if entry_id not in ids})


class Group:
    """Backends of one test on two nodes of its own, so that tests can share a hub and still change what they look at."""

    _numbers = itertools.count(1)

    def __init__(self, hub, count, *, models=("m",)):
        self.hub = hub
        self.count = count
        self.prefix = f"g{next(self._numbers)}"
        self.where = f"?q=name:{self.prefix}-*"
        """The address of the list that shows only these."""
        self._models = tuple(ModelEntry(id=f"{self.prefix}-{model}") for model in models)
        self.first, self.second = (
            PlayedNode(f"{self.prefix}.{letter}", hub.url, entries=[self.entry(number) for number in range(1, count + 1)])
            for letter in "ab"
        )

    @contextlib.contextmanager
    def running(self):
        """Report, once the hub has it all; in the end the hub has nothing of them any more."""
        with Nodes([self.first, self.second]) as self._nodes:
            self.is_known(self.count)
            try:
                yield self
            finally:
                for node in (self.first, self.second):
                    self.hub.ask("DELETE", f"/admin/api/nodes/{node.id}?reason=over")

    def is_known(self, count):
        """Waits until the hub has so many of these backends, on both nodes if they have them."""
        asked = f"/admin/api/backends?limit=1000&node={self.first.id},{self.second.id}"

        def known():
            rows = self.hub.get(asked)
            return len(rows) == count and sum(row["total_nodes"] for row in rows) == sum(
                len(node.entries) for node in (self.first, self.second)
            )

        eventually(known, f"{count} backends are known")

    def name(self, number):
        return f"{self.prefix}-{number:03}"

    def names(self, *numbers):
        return [self.name(number) for number in numbers or range(1, self.count + 1)]

    def entry(self, number, **fields):
        return entry(self.name(number), **{"models": self._models, "operations": ("chat",), **fields})

    def change(self, number, **fields):
        """A backend is another way, on both nodes."""
        for node in (self.first, self.second):
            change(self._nodes, node.id, self.entry(number, **fields))

    def breaks(self, *numbers, reason=REFUSED):
        for node in (self.first, self.second):
            changed = [self.entry(number, status="unavailable", health="unhealthy", status_reason=reason) for number in numbers]
            change(self._nodes, node.id, *changed)

    def goes(self, *numbers):
        """No node has these backends any more."""
        for node in (self.first, self.second):
            without(self._nodes, node.id, *self.names(*numbers))

    def loaded(self, number, pending, latency=0):
        """What is in flight on a backend of the first node, and how long it takes in milliseconds."""
        self.first.load = {**self.first.load, self.name(number): (pending, latency, 100)}

    def cut(self):
        """Nothing of these nodes is heard any more."""
        self._nodes.cut(self.first.id, self.second.id)

    def rows(self):
        """What the hub has of them, by name."""
        return {row["name"]: row for row in self.hub.get(f"/admin/api/backends?limit=1000&q={self.prefix}-")}
