"""Whatever happens to a hub and its nodes, when it is over they hold the same.

Nodes change, are cut off, killed and started again with right and wrong clocks, while the hub is killed, stopped and started
again. Then all is well for a moment, and every node's state is compared with what the hub shows of it.
"""

import os
import random
import shutil
import time
from collections import Counter

import pytest

from tests.concurrency.report import report
from tests.e2e.hubs import Nodes, PlayedNode, entry, hub, let_pass
from tests.e2e.processes import eventually
from tests.e2e.test_hub_redis import RedisProcess

SIZES = {"default": (15, 25), "nightly": (100, 300)}
"""Nodes, and things that happen."""
HARMLESS = {"resync_required", "stale_epoch", "revision_conflict", "store_unavailable"}
"""By these, a node and a hub find each other again."""


class Chaos:
    """What happens, at random but repeatably."""

    def __init__(self, seed, hubs, nodes, redis=None):
        self._random = random.Random(seed)
        self._hubs = hubs
        self._nodes = nodes
        self._redis = redis
        self._turn = 0
        self.happened = Counter()
        self.refusals = Counter()

    def run(self, count):
        kinds = {self.change: 12, self.cut: 4, self.heal: 4, self.restart: 4, self.stop_hub: 1, self.kill_hub: 1}
        if self._redis is not None:
            kinds[self.kill_redis] = 1
        # Each of them at least once, however few there are.
        wanted = [*kinds, *self._random.choices(list(kinds), list(kinds.values()), k=count - len(kinds))]
        self._random.shuffle(wanted)
        for happens in wanted:
            self._turn += 1
            self.happened[happens.__name__] += 1
            happens()
            let_pass(self._random.random() / 20)

    def some(self, share):
        ids = list(self._nodes.nodes)
        return self._random.sample(ids, max(1, round(len(ids) * share)))

    def entries(self):
        names = self._random.sample(["a", "b", "c", "d", "e"], self._random.randrange(6))
        return [entry(name, status_reason=f"turn {self._turn}") for name in names]

    def change(self):
        for node_id in self.some(0.3):
            self._nodes.observe(node_id, self.entries())

    def cut(self):
        self._nodes.cut(*self.some(0.3))

    def heal(self):
        self._nodes.heal()

    def restart(self):
        for node_id in self.some(0.1):
            before = self._nodes.nodes[node_id]
            self.refusals.update(code for _, code in before.refusals)
            clock_ms = self._random.choice((0, 0, -3_600_000, 3_600_000))
            node = PlayedNode(node_id, before.urls, entries=self.entries(), clock_ms=clock_ms)
            node.cut = before.cut
            self._nodes.replace(node)

    def stop_hub(self):
        chosen = self._random.choice(self._hubs)
        chosen.stop()
        let_pass(self._random.random())
        chosen.go_on()

    def kill_hub(self):
        chosen = self._random.choice(self._hubs)
        chosen.kill()
        self.change()
        chosen.start()

    def kill_redis(self):
        self._redis.kill()
        self.change()
        let_pass(self._random.random())
        self._redis.start()


def shown(hub):
    """Node id to its backends as the hub shows them."""
    return {
        node["node_id"]: {
            backend["id"]: backend["status_reason"]
            for backend in hub.get(f"/admin/api/nodes/{node['node_id']}/backends?limit=1000")
        }
        for node in hub.get("/admin/api/nodes?limit=1000")
    }


def held(nodes):
    return {
        node_id: {name: each.status_reason for name, each in node.reporting._entries.items()}
        for node_id, node in nodes.nodes.items()
    }


@pytest.fixture
def size(budget):
    return SIZES[budget]


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("store", ["memory", "sqlite", "redis"])
def test_after_everything_that_can_happen_hub_and_nodes_hold_the_same(tmp_path, size, store):
    count, steps = size
    redis = None
    if store == "redis":
        pytest.importorskip("redis")
        if not (shutil.which("redis-server") or shutil.which("valkey-server")):
            pytest.skip("neither redis-server nor valkey-server is installed")
        folder = tmp_path / "redis"
        folder.mkdir()
        redis = RedisProcess(folder)
        store = f"redis://127.0.0.1:{redis.port}/0"
    seed = int.from_bytes(os.urandom(2), "big") if count > 15 else 7
    began = time.monotonic()
    try:
        with hub(tmp_path, store=store) as one:
            everybody = [PlayedNode(f"n{number:03}", one.url, entries=[entry("a")]) for number in range(count)]
            with Nodes(everybody) as nodes:
                chaos = Chaos(seed, [one], nodes, redis)
                chaos.run(steps)
                nodes.heal()
                eventually(lambda: shown(one) == held(nodes), f"seed {seed}: hub and nodes hold the same")
                eventually(lambda: set(one.standings().values()) == {"live"}, f"seed {seed}: all are live")
                for node in nodes.nodes.values():
                    chaos.refusals.update(code for _, code in node.refusals)
    finally:
        if redis is not None:
            redis.kill()
    assert set(chaos.refusals) <= HARMLESS, chaos.refusals
    happened = ", ".join(f"{number} x {name}" for name, number in sorted(chaos.happened.items()))
    report(
        f"hub chaos, {store.partition(':')[0]}: {count} nodes, {happened}; {sum(chaos.refusals.values())} refusals that mend; "
        f"the same at the end, in {time.monotonic() - began:.0f} s"
    )
