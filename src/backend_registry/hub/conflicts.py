"""`Conflicts`: nodes that change their process so often that two processes must share a node id, or one cannot stay up."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

__all__ = ("CHANGES_MOST", "WINDOW_S", "Conflicts")

CHANGES_MOST: Final = 3
"""Changes within `WINDOW_S` that are nothing unusual."""
WINDOW_S: Final = 300.0


class Conflicts:
    """Counts how often another process reports for a node, by a restart or beside the one that does. For one event loop.

    Args:
        clock: seconds, on a clock that never goes back.

    Cost: constant for each change; nodes without one are not kept.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock: Final = clock
        # Of each node its last changes, one more than are usual; the node that changed last stands last.
        self._changes: Final[OrderedDict[str, deque[float]]] = OrderedDict()
        self._flagged: Final[set[str]] = set()

    def __contains__(self, node_id: str) -> bool:
        """Whether a node is in conflict."""
        return node_id in self._flagged

    def changed(self, node_id: str) -> bool:
        """Another process reported for a node; whether the node is in conflict by that, and was not before."""
        now = self._clock()
        changes = self._changes.setdefault(node_id, deque(maxlen=CHANGES_MOST + 1))
        self._changes.move_to_end(node_id)
        changes.append(now)
        is_conflict = len(changes) > CHANGES_MOST and now - changes[0] <= WINDOW_S
        if not is_conflict or node_id in self._flagged:
            return False
        self._flagged.add(node_id)
        return True

    def settled(self) -> list[str]:
        """The nodes that are in conflict no longer, each of them once: nothing has changed for `WINDOW_S`."""
        past = self._clock() - WINDOW_S
        settled: list[str] = []
        while self._changes:
            node_id = next(iter(self._changes))
            if self._changes[node_id][-1] >= past:
                break
            del self._changes[node_id]
            if node_id in self._flagged:
                self._flagged.discard(node_id)
                settled.append(node_id)
        return settled

    def drop(self, node_id: str) -> None:
        """Count for a node from nothing again."""
        self._changes.pop(node_id, None)
        self._flagged.discard(node_id)
