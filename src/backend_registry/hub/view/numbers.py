"""`Numbers`: what is counted of each row, as one array for each count, so that it takes a few bytes and no Python objects."""

from array import array
from typing import Final, NamedTuple

__all__ = ("NOTHING", "Numbers", "Part")


class Part(NamedTuple):
    """What one node contributes to a row.

    Attributes:
        counts: what adds up over nodes, in the order of `Numbers`: 1 in `total` and, as it is, in the others.
        reason: why the row is not available on this node; None if it is.
    """

    counts: tuple[int, ...]
    reason: str | None


NOTHING: Final = Part((0,) * 10, None)
"""Of a node that does not have the row."""


class Numbers:
    """The sums over the nodes of each row, by slot, and since when its status is what it is.

    `latency_ms` is the sum of average latencies, and `answering` on how many nodes there is one. `reasons` has only the slots
    of rows that are not available on some nodes: why, and on how many.
    """

    def __init__(self) -> None:
        self.total: Final = array("I")
        self.available: Final = array("I")
        self.healthy: Final = array("I")
        self.unhealthy: Final = array("I")
        self.draining: Final = array("I")
        self.disabled: Final = array("I")
        self.stale: Final = array("I")
        self.pending: Final = array("Q")
        self.latency_ms: Final = array("Q")
        self.answering: Final = array("I")
        self.since_ms: Final = array("Q")
        self.reasons: Final[dict[int, dict[str, int]]] = {}
        # In the order of `Part.counts`.
        self._sums: Final = (
            self.total,
            self.available,
            self.healthy,
            self.unhealthy,
            self.draining,
            self.disabled,
            self.stale,
            self.pending,
            self.latency_ms,
            self.answering,
        )

    def clear(self, slot: int, now_ms: int) -> None:
        """Begin a row with this slot; the next slot there is, or one whose row has gone."""
        if slot == len(self.since_ms):
            for sums in self._sums:
                sums.append(0)
            self.since_ms.append(now_ms)
        self.since_ms[slot] = now_ms

    def recount(self, slot: int, before: Part, after: Part) -> None:
        """Take out what a node contributed before, and add what it does now."""
        for sums, was, now in zip(self._sums, before.counts, after.counts, strict=True):
            if was != now:
                sums[slot] += now - was
        if before.reason != after.reason:
            self._count_reason(slot, before.reason, -1)
            self._count_reason(slot, after.reason, 1)

    def _count_reason(self, slot: int, reason: str | None, sign: int) -> None:
        if reason is None:
            return
        reasons = self.reasons.setdefault(slot, {})
        reasons[reason] = reasons.get(reason, 0) + sign
        if not reasons[reason]:
            del reasons[reason]
        if not reasons:
            del self.reasons[slot]
