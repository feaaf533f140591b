"""`Holding`: what one process holds of all nodes, and the one place where it changes."""

from collections.abc import Callable
from typing import Final

from backend_registry import Clock
from backend_registry.hub.store.shared import Listener, NodeChange
from backend_registry.hub.store.state import NO_WISHES, NodeState, Wishes, done, is_fence
from backend_registry.protocol import NodeRecord, Verdict, Wish

__all__ = ("FENCE_S", "SWEEP_S", "Holding")

FENCE_S: Final = 7 * 86_400.0
"""How long what is left of a deleted or forgotten node is kept: longer than any message can be under way."""
SWEEP_S: Final = 60.0
"""How often a store looks for fences to be dropped."""


class Holding:
    """Records and wishes in memory, and the listener to changes of records.

    Args:
        clock: for the age of fences.

    Attributes:
        revision: another number whenever a record or a wish is another one.

    For one event loop.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock: Final = clock
        self.records: Final[dict[str, NodeRecord]] = {}
        self._wishes: Final[dict[str, Wishes]] = {}
        self._fenced_ns: Final[dict[str, int]] = {}
        self.revision: int = 0
        self._listener: Listener = _nobody
        self._touched: Callable[[str], None] = _nothing

    def listen(self, listener: Listener) -> None:
        """Tell this one of changes from now on."""
        self._listener = listener

    def on_touch(self, touched: Callable[[str], None]) -> None:
        """Call this with the id of each node of which a record or a wish changes, before the listener is told."""
        self._touched = touched

    def state(self, node_id: str) -> NodeState | None:
        """What is held of a node; None if nothing is."""
        record = self.records.get(node_id)
        return None if record is None else NodeState(record, self._wishes.get(node_id, NO_WISHES))

    def wishes_of(self, node_id: str) -> tuple[Wish, ...]:
        """What the node has not yet reported as dealt with."""
        wishes = self._wishes.get(node_id)
        return () if wishes is None else wishes.pending

    def take(self, after: NodeState, verdict: Verdict | None = None, *, fence_age_s: float = 0.0) -> None:
        """Hold this from now on, and tell the listener if the record is another one.

        Args:
            after: the node's state.
            verdict: what the report that made it came to.
            fence_age_s: of a fence, for how long it has been one.
        """
        record, wishes = after
        node_id = record.node_id
        before = self.records.get(node_id)
        dealt_with = done(self.wishes_of(node_id), record.entries)
        self.records[node_id] = record
        if wishes.last:
            self._wishes[node_id] = wishes
        else:
            self._wishes.pop(node_id, None)
        if is_fence(record):
            self._fenced_ns[node_id] = self.clock.monotonic_ns() - round(fence_age_s * 1e9)
        else:
            self._fenced_ns.pop(node_id, None)
        self.revision += 1
        self._touched(node_id)
        if record is not before:
            self._listener(NodeChange(before, record, verdict, dealt_with))

    def drop(self, node_id: str) -> None:
        """Hold nothing of a node any more, not even its fence."""
        before = self.records.pop(node_id, None)
        self._wishes.pop(node_id, None)
        self._fenced_ns.pop(node_id, None)
        if before is not None:
            self.revision += 1
            self._touched(node_id)
            self._listener(NodeChange(before, None, None))

    def fence_age_s(self, node_id: str) -> float | None:
        """For how long a node has been a fence; None if it is none."""
        since_ns = self._fenced_ns.get(node_id)
        return None if since_ns is None else (self.clock.monotonic_ns() - since_ns) / 1e9

    def old_fences(self) -> list[str]:
        """Nodes whose fence has been kept for `FENCE_S`."""
        oldest_ns = self.clock.monotonic_ns() - round(FENCE_S * 1e9)
        return [node_id for node_id, since_ns in self._fenced_ns.items() if since_ns <= oldest_ns]

    def drop_old_fences(self) -> None:
        """Hold nothing any more of nodes whose fence has been kept for `FENCE_S`."""
        for node_id in self.old_fences():
            self.drop(node_id)


def _nobody(_change: NodeChange) -> None:
    """The listener before there is one."""


def _nothing(_node_id: str) -> None:
    """What is called at a touch before anything is to be."""
