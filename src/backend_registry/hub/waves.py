"""`Waves`: nodes that fall silent together, and how they are let go one by one. Pure; the time and the dice are passed in."""

import random
from collections.abc import Iterable
from typing import Final

__all__ = ("HOLD_S", "RELEASE_SHARE", "WAVE_LEAST", "WAVE_S", "WAVE_SHARE", "Waves")

WAVE_SHARE: Final = 0.15
"""Of the live nodes: if more than this fall silent within `WAVE_S`, it is a wave."""
WAVE_LEAST: Final = 3
"""Nodes that a wave has at least."""
WAVE_S: Final = 60.0
HOLD_S: Final = 60.0
"""How much later than alone a node of a wave becomes unreachable at the earliest."""
RELEASE_SHARE: Final = 0.02
"""Of the nodes that are not given up yet, let go in a second; one node at least."""


class Waves:
    """Which nodes are held. For one event loop.

    Args:
        rng: for the order in which nodes are let go.

    Cost: constant for each call and node.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng: Final = rng
        self._falls: Final[dict[str, float]] = {}
        self._held: Final[set[str]] = set()
        self._ripe: Final = _Drawing()
        self._allowance = 0.0

    def __contains__(self, node_id: str) -> bool:
        """Whether a node is held."""
        return node_id in self._held

    def __len__(self) -> int:
        """How many nodes are held."""
        return len(self._held)

    def fell(self, node_id: str, now: float) -> None:
        """A node has just fallen silent."""
        self._falls[node_id] = now

    def left(self, node_id: str) -> None:
        """A node is part of no wave any more, whatever became of it."""
        self._falls.pop(node_id, None)
        self._held.discard(node_id)
        self._ripe.discard(node_id)

    def rise(self, now: float, live: int) -> Iterable[str]:
        """The nodes that have fallen silent within `WAVE_S`, if they are a wave; none if they are not.

        Args:
            now: seconds.
            live: how many nodes are live.
        """
        while self._falls:
            oldest = next(iter(self._falls))
            if self._falls[oldest] > now - WAVE_S:
                break
            del self._falls[oldest]
        wave = len(self._falls)
        return self._falls if wave >= WAVE_LEAST and wave > WAVE_SHARE * (live + wave) else ()

    def hold(self, node_ids: Iterable[str]) -> None:
        """Give none of these up until it is `ripe` and let go."""
        self._held.update(node_ids)

    def ripe(self, node_id: str) -> None:
        """A node that is held has been so for long enough."""
        self._ripe.add(node_id)

    def let_go(self, passed_s: float, of: int) -> list[str]:
        """The ripe nodes that may go in this time, drawn at random; they are not held any more.

        Args:
            passed_s: seconds since the last time; more than one count as one, so that nothing is made up for.
            of: how many nodes are not given up yet.
        """
        if not self._ripe:
            self._allowance = 0.0
            return []
        rate = max(1.0, RELEASE_SHARE * of)
        self._allowance = min(self._allowance + rate * min(passed_s, 1.0), rate)
        gone: list[str] = []
        while self._ripe and self._allowance >= 1:
            self._allowance -= 1
            gone.append(self._ripe.draw(self._rng))
        for node_id in gone:
            self.left(node_id)
        return gone


class _Drawing:
    """A set of ids of which one can be drawn at random. Cost: constant."""

    __slots__ = ("_ids", "_places")

    def __init__(self) -> None:
        self._ids: Final[list[str]] = []
        self._places: Final[dict[str, int]] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, node_id: str) -> None:
        if node_id not in self._places:
            self._places[node_id] = len(self._ids)
            self._ids.append(node_id)

    def discard(self, node_id: str) -> None:
        place = self._places.pop(node_id, None)
        if place is None:
            return
        last = self._ids.pop()
        if last != node_id:
            self._ids[place] = last
            self._places[last] = place

    def draw(self, rng: random.Random) -> str:
        node_id = self._ids[rng.randrange(len(self._ids))]
        self.discard(node_id)
        return node_id
