"""`Liveness`: how long each node has been silent, and what follows from that.

A node is live, then suspect (it may be gone, and nothing is concluded from that), then unreachable (its backends are), then
forgotten. Only what hubs themselves have seen counts: the time of receipt, on a clock that never goes back. What a node says of
its own time is nothing here.

Three things keep a fault of the hub or of its network from being taken for the death of many nodes.

- Time in which the hub was stalled, or deaf without its store, is nobody's silence.
- A hub that has just started calls nobody unreachable until most of the nodes that it knows have come back, or have had the
  time to.
- Nodes that fall silent together (`Waves`) are held at suspect. A minute after they would have gone they are let go, few at a
  time and in random order.
"""

import heapq
import math
import random
from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from backend_registry.hub.waves import HOLD_S, Waves

__all__ = ("Liveness", "Silences", "Standing", "Transition")

COMPLETE_SHARE: Final = 0.85
"""Of the nodes that are known at the start, heard of; from then on the view is complete."""


class Silences(Protocol):
    """After how many seconds of silence a node is what."""

    @property
    def suspect_s(self) -> float:
        """Suspected to be gone."""
        ...

    @property
    def unreachable_s(self) -> float:
        """Taken to be gone."""
        ...

    @property
    def forget_s(self) -> float:
        """Of no interest any more."""
        ...


class Standing(StrEnum):
    """How a node stands with this hub."""

    LIVE = "live"
    SUSPECT = "suspect"
    UNREACHABLE = "unreachable"
    DEPARTED = "departed"
    """It said that it goes."""


class Transition(NamedTuple):
    """A node that stands otherwise than before, through nothing but time."""

    node_id: str
    before: Standing
    after: Standing | None
    """None if it should be forgotten; that is said again every `suspect_s` until the node is dropped."""


class _Node:
    """What is known of one node."""

    __slots__ = ("due", "fallen", "heard_at", "id", "standing")

    def __init__(self, node_id: str, standing: Standing) -> None:
        self.id: Final = node_id
        self.standing = standing
        self.heard_at = -math.inf
        self.due = math.inf
        """Its one valid place in the queue."""
        self.fallen = False
        """Whether its present silence has been counted."""


class Liveness:
    """Who is there. Pure but for the clock and the dice that it is given; for one event loop.

    Args:
        settings: after which silence a node is what.
        clock: seconds, on a clock that never goes back.
        rng: for the order in which the nodes of a wave are let go.

    Attributes:
        counts: how many nodes stand how.
        period_s: how often `sweep` wants to be called.

    Cost: constant for each sign of life; a sweep costs as much as there are nodes due, each of which is looked at about once in
    `suspect_s`. Only after a stall all are gone through.
    """

    def __init__(self, settings: Silences, clock: Callable[[], float], rng: random.Random) -> None:
        self._settings: Final = settings
        self._clock: Final = clock
        self._nodes: Final[dict[str, _Node]] = {}
        self._queue: Final[list[tuple[float, str]]] = []
        self._waves: Final = Waves(rng)
        self._swept_at = clock()
        self._awaited: Final[set[str]] = set()
        self._known = 0
        self._warm_until = self._swept_at + 2 * settings.suspect_s
        self._complete = False
        self.counts: Final[dict[Standing, int]] = dict.fromkeys(Standing, 0)
        self.period_s: Final[float] = min(1.0, settings.suspect_s / 8)

    def __contains__(self, node_id: str) -> bool:
        """Whether a node is followed."""
        return node_id in self._nodes

    @property
    def held(self) -> int:
        """How many nodes are held at suspect, since too many have fallen silent at once."""
        return len(self._waves)

    @property
    def protected(self) -> bool:
        """Whether nodes are held."""
        return self.held > 0

    @property
    def complete(self) -> bool:
        """Whether most of the nodes that were known at the start have come back, or have had the time to."""
        return self._complete

    def standing(self, node_id: str) -> Standing:
        """How a node stands. Raises KeyError if it is not followed."""
        return self._nodes[node_id].standing

    def silent_s(self, node_id: str) -> float:
        """Seconds since a node was heard, or said bye. Raises KeyError if it is not followed."""
        return max(0.0, self._clock() - self._nodes[node_id].heard_at)

    def holds(self, node_id: str) -> bool:
        """Whether a node would be unreachable, but for a wave or a hub that has just started. Raises KeyError as `standing`."""
        node = self._nodes[node_id]
        due = node.standing is Standing.SUSPECT and node.heard_at + self._settings.unreachable_s <= self._clock()
        return due and (not self._complete or node_id in self._waves)

    # --- what is seen of nodes -----------------------------------------------------------------------------------------

    def known(self, node_id: str) -> None:
        """Follow a node that is known from before this hub's start: suspect until it is heard, as if it had just become so."""
        self._follow(node_id, Standing.SUSPECT, self._clock() - self._settings.suspect_s)
        if not self._complete:
            self._awaited.add(node_id)
            self._known += 1

    def heard(self, node_id: str, ago_s: float = 0.0) -> Standing | None:
        """A sign of life, by this hub or another. How the node stood before; None if it was not followed.

        Args:
            node_id: the node.
            ago_s: how long ago. One that is older than what is known says nothing, nor does an old one of a node that departed.
        """
        at = self._clock() - ago_s
        node = self._nodes.get(node_id)
        if node is None:
            self._follow(node_id, Standing.LIVE, at)
            return None
        before = node.standing
        if ago_s and (at <= node.heard_at or before is Standing.DEPARTED):
            return before
        if before is Standing.LIVE or ago_s >= self._settings.suspect_s:
            # What is in the queue is too early now, which does no harm.
            node.heard_at = at
        else:
            self._follow(node_id, Standing.LIVE, at)
            self._awaited.discard(node_id)
        return before

    def departed(self, node_id: str) -> None:
        """A node said that it goes, so nobody has to be protected from that."""
        self._follow(node_id, Standing.DEPARTED, self._clock())
        self._expect_no_more(node_id)

    def drop(self, node_id: str) -> None:
        """Follow a node no longer; no-op if it is not followed."""
        node = self._nodes.pop(node_id, None)
        if node is not None:
            self.counts[node.standing] -= 1
            self._waves.left(node_id)
            self._expect_no_more(node_id)

    def _follow(self, node_id: str, standing: Standing, heard_at: float) -> None:
        """From now on a node stands so, and whatever its silence had come to is void."""
        node = self._nodes.get(node_id)
        if node is None:
            node = self._nodes[node_id] = _Node(node_id, standing)
            self.counts[standing] += 1
        else:
            self._stand(node, standing)
            self._waves.left(node_id)
        node.heard_at = heard_at
        node.fallen = False
        self._enqueue(node, self._next_time(node))

    def _expect_no_more(self, node_id: str) -> None:
        if node_id in self._awaited:
            self._awaited.discard(node_id)
            self._known -= 1

    def _stand(self, node: _Node, standing: Standing) -> None:
        self.counts[node.standing] -= 1
        self.counts[standing] += 1
        node.standing = standing

    # --- time ----------------------------------------------------------------------------------------------------------

    def sweep(self, *, deaf: bool = False) -> list[Transition]:
        """What has become of nodes since the last time. To be called every `period_s`.

        Args:
            deaf: whether no node could be heard since then.
        """
        now = self._clock()
        passed_s = now - self._swept_at
        self._swept_at = now
        if deaf:
            self._forgive(passed_s, now)
        elif passed_s > self._settings.suspect_s / 2:
            self._forgive(passed_s - self.period_s, now)
        self._look_for_completeness(now)
        due = self._take_due(now)
        transitions: list[Transition] = []
        # All that fall silent are counted before any of them is given up.
        if sum(self._falls(node, now, transitions) for node in due):
            wave = self._waves.rise(now, self.counts[Standing.LIVE])
            self._waves.hold(node_id for node_id in wave if self._nodes[node_id].standing is Standing.SUSPECT)
        for node in due:
            self._age(node, now, transitions)
            self._enqueue_after(node, now)
        for node_id in self._waves.let_go(passed_s, self.counts[Standing.LIVE] + self.counts[Standing.SUSPECT]):
            node = self._nodes[node_id]
            self._move(node, Standing.UNREACHABLE, transitions)
            self._enqueue_after(node, now)
        return transitions

    def _forgive(self, lost_s: float, now: float) -> None:
        """Take lost time out of everybody's silence. Places in the queue are too early then, which does no harm."""
        for node in self._nodes.values():
            node.heard_at = min(node.heard_at + lost_s, now)
        self._warm_until += lost_s

    def _look_for_completeness(self, now: float) -> None:
        if self._complete:
            return
        enough = self._known > 0 and self._known - len(self._awaited) >= COMPLETE_SHARE * self._known
        if enough or now >= self._warm_until:
            self._complete = True
            self._awaited.clear()
            for node in self._nodes.values():
                self._enqueue(node, self._next_time(node))

    def _take_due(self, now: float) -> list[_Node]:
        """The nodes whose place in the queue has come."""
        due: list[_Node] = []
        while self._queue and self._queue[0][0] <= now:
            at, node_id = heapq.heappop(self._queue)
            node = self._nodes.get(node_id)
            # Otherwise it has got another place since.
            if node is not None and node.due == at:
                node.due = math.inf
                due.append(node)
        return due

    def _falls(self, node: _Node, now: float, transitions: list[Transition]) -> bool:
        """Note that a node has been silent for so long that it is suspect; whether that was not noted before."""
        if node.fallen or node.standing is Standing.DEPARTED or node.heard_at + self._settings.suspect_s > now:
            return False
        node.fallen = True
        self._waves.fell(node.id, now)
        if node.standing is Standing.LIVE:
            self._move(node, Standing.SUSPECT, transitions)
        return True

    def _age(self, node: _Node, now: float, transitions: list[Transition]) -> None:
        """What follows from a longer silence."""
        if node.standing is Standing.SUSPECT:
            unreachable_at = node.heard_at + self._settings.unreachable_s
            if not self._complete or unreachable_at > now:
                return
            if node.id not in self._waves:
                self._move(node, Standing.UNREACHABLE, transitions)
            elif unreachable_at + HOLD_S <= now:
                self._waves.ripe(node.id)
        elif node.standing is not Standing.LIVE and node.heard_at + self._settings.forget_s <= now:
            transitions.append(Transition(node.id, node.standing, None))

    def _move(self, node: _Node, standing: Standing, transitions: list[Transition]) -> None:
        transitions.append(Transition(node.id, node.standing, standing))
        self._stand(node, standing)

    def _enqueue_after(self, node: _Node, now: float) -> None:
        """See to it that a node that has just been looked at is looked at again."""
        due = self._next_time(node)
        if due <= now:
            # It waits for its turn among those who are let go, or to be dropped.
            due = now + self._settings.suspect_s
        # Not much later: if the node is heard, its place stays behind until it comes, and it may come and go for long.
        self._enqueue(node, min(due, now + self._settings.unreachable_s))

    def _enqueue(self, node: _Node, due: float) -> None:
        """Look at a node by then. One that has an earlier place gets its next one there."""
        if due < node.due:
            node.due = due
            heapq.heappush(self._queue, (due, node.id))

    def _next_time(self, node: _Node) -> float:
        settings = self._settings
        if node.standing in (Standing.UNREACHABLE, Standing.DEPARTED):
            return node.heard_at + settings.forget_s
        if not node.fallen:
            return node.heard_at + settings.suspect_s
        unreachable_at = node.heard_at + settings.unreachable_s
        if not self._complete:
            return max(unreachable_at, self._warm_until)
        return unreachable_at + HOLD_S if node.id in self._waves else unreachable_at
