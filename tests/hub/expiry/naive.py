"""The rules of expiry, told once more without a queue: every sweep looks at every node."""

from dataclasses import dataclass
from random import Random

from backend_registry.hub.expiry import Liveness


@dataclass(frozen=True)
class Times:
    suspect_s: float = 30.0
    unreachable_s: float = 90.0
    forget_s: float = 3600.0


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@dataclass
class Known:
    standing: str
    heard_at: float
    fell_at: float | None = None
    held: bool = False


class Naive:
    """What `Liveness` should say. Which of the ripe nodes are let go is chance, so that is taken from it and checked."""

    def __init__(self, times, clock):
        self.times, self.clock = times, clock
        self.nodes = {}
        self.falls = {}
        self.swept_at = clock()
        self.warm_until = clock() + 2 * times.suspect_s
        self.awaited, self.known_ids = set(), set()
        self.complete = False
        self.allowance = 0.0

    def known(self, node_id):
        self.nodes[node_id] = Known("suspect", self.clock() - self.times.suspect_s)
        self.falls.pop(node_id, None)
        if not self.complete:
            self.awaited.add(node_id)
            self.known_ids.add(node_id)

    def heard(self, node_id, ago_s=0.0):
        at = self.clock() - ago_s
        node = self.nodes.get(node_id)
        if node is None:
            self.nodes[node_id] = Known("live", at)
        elif not ago_s or (at > node.heard_at and node.standing != "departed"):
            if node.standing != "live" and ago_s < self.times.suspect_s:
                self.falls.pop(node_id, None)
                self.awaited.discard(node_id)
                self.nodes[node_id] = Known("live", at)
            node.heard_at = at

    def departed(self, node_id):
        self.nodes[node_id] = Known("departed", self.clock())
        self._gone(node_id)

    def drop(self, node_id):
        self.nodes.pop(node_id, None)
        self._gone(node_id)

    def _gone(self, node_id):
        self.falls.pop(node_id, None)
        if node_id in self.awaited:
            self.awaited.discard(node_id)
            self.known_ids.discard(node_id)

    def count(self, *standings):
        return sum(node.standing in standings for node in self.nodes.values())

    @property
    def held(self):
        return {node_id for node_id, node in self.nodes.items() if node.held}

    def sweep(self, let_go):
        """What each node stands at after a sweep; `let_go` are the held nodes that the other one made unreachable."""
        now, times = self.clock(), self.times
        passed_s, self.swept_at = now - self.swept_at, now
        if passed_s > times.suspect_s / 2:
            stalled_s = passed_s - min(1.0, times.suspect_s / 8)
            for node in self.nodes.values():
                node.heard_at = min(node.heard_at + stalled_s, now)
            self.warm_until += stalled_s
        known = len(self.known_ids)
        if now >= self.warm_until or (known and (known - len(self.awaited)) >= 0.85 * known):
            self.complete = True
            self.awaited.clear()
        self._fall(now)
        ripe = set()
        for node_id, node in self.nodes.items():
            if node.standing == "suspect" and self.complete and node.heard_at + times.unreachable_s <= now:
                if not node.held:
                    node.standing = "unreachable"
                elif node.heard_at + times.unreachable_s + 60 <= now:
                    ripe.add(node_id)
        self._let_go(ripe, let_go, passed_s)

    def _fall(self, now):
        fell = False
        for node_id, node in self.nodes.items():
            silent = node.standing in ("live", "suspect") and node.heard_at + self.times.suspect_s <= now
            if silent and node.fell_at is None:
                node.standing, node.fell_at, fell = "suspect", now, True
                self.falls[node_id] = now
        wave = {node_id for node_id, at in self.falls.items() if at > now - 60}
        if fell and len(wave) >= 3 and len(wave) > 0.15 * (self.count("live") + len(wave)):
            for node_id in wave:
                self.nodes[node_id].held = self.nodes[node_id].standing == "suspect"

    def _let_go(self, ripe, let_go, passed_s):
        rate = max(1.0, 0.02 * self.count("live", "suspect"))
        self.allowance = min(self.allowance + rate * min(passed_s, 1.0), rate) if ripe else 0.0
        assert let_go <= ripe
        assert len(let_go) == min(len(ripe), int(self.allowance))
        self.allowance -= len(let_go)
        for node_id in let_go:
            self.nodes[node_id] = Known("unreachable", self.nodes[node_id].heard_at, self.nodes[node_id].fell_at)
            self.falls.pop(node_id, None)

    def forgettable(self):
        now = self.clock()
        return {
            node_id
            for node_id, node in self.nodes.items()
            if node.standing in ("unreachable", "departed") and node.heard_at + self.times.forget_s <= now
        }


class Pair:
    """`Liveness` and the naive one, told the same."""

    def __init__(self, times, seed=0):
        self.times = times
        self.clock = Clock()
        self.real = Liveness(times, self.clock, Random(seed))
        self.naive = Naive(times, self.clock)

    def tell(self, what, *arguments):
        getattr(self.real, what)(*arguments)
        getattr(self.naive, what)(*arguments)

    def sweep(self):
        held = self.naive.held
        transitions = self.real.sweep()
        let_go = {transition.node_id for transition in transitions if transition.after == "unreachable"} & held
        self.naive.sweep(let_go)
        self.compare()
        return transitions

    def compare(self):
        assert {node_id: str(self.real.standing(node_id)) for node_id in self.naive.nodes} == {
            node_id: node.standing for node_id, node in self.naive.nodes.items()
        }
        assert self.real.held == len(self.naive.held)
        assert self.real.complete == self.naive.complete
        for standing, count in self.real.counts.items():
            assert count == self.naive.count(standing)
