"""A cluster on a bad link, from a seed: how many nodes the hub is wrong about once the link is good again.

`simulate(seed)` is one run; `python -m tests.protocol.simulation 300` runs as many and prints what came out.
"""

import random
import sys
from collections import Counter
from dataclasses import dataclass, field

from tests.protocol.model import ModelHub, ModelNode
from tests.protocol.tools import NOW_MS, backend

LOST = 0.15
"""Share of messages, and of answers, that do not arrive."""
REPEATED = 0.10
LATE_MOST = 12
"""Turns of the whole cluster that a message may be under way."""
NODE_RESTARTS = 0.01
CLOCK_BACK = 0.3
"""Share of restarts with a clock that is behind that of the start before."""
KEPT = 0.5
"""Share of restarts that know the epoch before."""
HUB_RESTARTS = 0.02
HUB_KEEPS = 0.5
CHANGES = 0.4
HOUR_MS = 3_600_000
ROUNDS = 4


@dataclass
class Tally:
    """What came out of runs.

    Attributes:
        stale: nodes that the hub was wrong about after 1, 2, 3 and 4 messages that arrived.
        sent: messages by kind.
        turned_back: times that an older state was shown after a newer one, by a hub that had not forgotten it.
    """

    nodes: int = 0
    stale: list[int] = field(default_factory=lambda: [0] * ROUNDS)
    sent: Counter[str] = field(default_factory=Counter)
    turned_back: int = 0

    def add(self, other):
        self.nodes += other.nodes
        self.stale = [mine + its for mine, its in zip(self.stale, other.stale, strict=True)]
        self.sent += other.sent
        self.turned_back += other.turned_back


class _Cluster:
    def __init__(self, seed, size):
        self.rng = random.Random(seed)
        self.truth = {}
        self.hub = ModelHub(self.truth)
        self.clock_ms = NOW_MS
        self.nodes = [ModelNode(f"n{number}", self.truth, boot_ms=NOW_MS + number) for number in range(size)]
        self.flying = []
        self.sent = Counter()

    def turn(self, now):
        """Something happens to each node, and what is due arrives."""
        self.clock_ms += 1_000
        if self.rng.random() < HUB_RESTARTS:
            self._restart_hub()
        for node in self.nodes:
            self._live(node, now)
        due = [packet for packet in self.flying if packet[0] <= now]
        self.flying = [packet for packet in self.flying if packet[0] > now]
        self.rng.shuffle(due)
        for _, body, node, message in due:
            self._deliver(body, node, message)

    def _live(self, node, now):
        draw = self.rng.random
        if draw() < NODE_RESTARTS:
            if draw() < 0.5:
                self._send(node, now, bye=True)
            back = self.rng.randrange(HOUR_MS) if draw() < CLOCK_BACK else 0
            node.start(self.clock_ms - back, kept=draw() < KEPT)
        if draw() < CHANGES or not node.state:
            node.become(self._state())
        if draw() < 0.7:
            self._send(node, now, full=draw() < 0.02)

    def _state(self):
        few = self.rng.sample("abcdef", self.rng.randrange(1, 5))
        return [backend(entry_id, status=self.rng.choice(("available", "unavailable"))) for entry_id in few]

    def _send(self, node, now, **how):
        body = node.speak(**how)
        self.sent[node.waiting.kind] += 1
        for _ in range(1 + (self.rng.random() < REPEATED)):
            if self.rng.random() >= LOST:
                late = self.rng.randrange(LATE_MOST) if self.rng.random() < 0.3 else 0
                self.flying.append((now + late, body, node, node.waiting))

    def _deliver(self, body, node, message, *, lost=LOST):
        answer = self.hub.receive(body)
        if message is node.waiting and self.rng.random() >= lost:
            node.hear(answer)

    def _restart_hub(self):
        self.hub.restart(self.hub.records if self.rng.random() < HUB_KEEPS else {})

    def settle(self):
        """What is under way arrives, unanswered; then one message after the other gets through. Wrong nodes after each."""
        self.rng.shuffle(self.flying)
        for _, body, _, _ in self.flying:
            self.hub.receive(body)
        stale = []
        for _ in range(ROUNDS):
            for node in self.nodes:
                self._deliver(node.speak(), node, node.waiting, lost=0)
            stale.append(sum(not node.is_known_to(self.hub) for node in self.nodes))
        return stale


def simulate(seed, *, nodes=20, turns=60):
    """One run."""
    cluster = _Cluster(seed, nodes)
    for now in range(turns):
        cluster.turn(now)
    return Tally(nodes, cluster.settle(), cluster.sent, cluster.hub.turned_back)


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    total = Tally()
    for seed in range(runs):
        total.add(simulate(seed))
    messages = sum(total.sent.values())
    shares = ", ".join(f"{kind} {100 * count / messages:.0f} %" for kind, count in total.sent.most_common())
    sys.stdout.write(f"{runs} runs, {total.nodes} nodes; stale after 1, 2, 3, 4 messages: {total.stale}\n")
    sys.stdout.write(f"older after newer: {total.turned_back}; {messages} messages: {shares}\n")


if __name__ == "__main__":
    main()
