"""`Numbers`: what is counted of each row, as one array for each count, so that it takes a few bytes and no Python objects."""

from array import array
from typing import Final, NamedTuple

__all__ = ("NOTHING", "Numbers", "Part")


Reasons = dict[int, dict[str, int]]
"""Slot to the reasons that nodes give, and how many of them give each. Slots without any are not there."""


class Part(NamedTuple):
    """What one node contributes to a row.

    Attributes:
        counts: what adds up over nodes, in the order of `Numbers`: 1 in `total` and, as it is, in the others.
        fault: why the row is not available on this node where operators want it to be; None if it is, or need not be.
        withdrawal: why it is not available on this node, where operators have taken it out; None if they have not.
    """

    counts: tuple[int, ...]
    fault: str | None = None
    withdrawal: str | None = None


NOTHING: Final = Part((0,) * 10)
"""Of a node that does not have the row."""


class Numbers:
    """The sums over the nodes of each row, by slot, and since when it is available, degraded or unavailable.

    `latency_ms` is the sum of average latencies, and `answering` on how many nodes there is one. `faults` and `withdrawals`
    have only the slots of rows that are not available on some nodes: why, and on how many. `samples` is how many samples of
    all slots have been begun (see `History`), and `first_sample` the number of the first that shows the row that has the
    slot, and no earlier one.
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
        self.samples = 0
        self.first_sample: Final = array("I")
        self.faults: Final[Reasons] = {}
        self.withdrawals: Final[Reasons] = {}
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
            self.first_sample.append(self.samples)
        self.since_ms[slot] = now_ms
        self.first_sample[slot] = self.samples

    def recount(self, slot: int, before: Part, after: Part) -> None:
        """Take out what a node contributed before, and add what it does now."""
        for sums, was, now in zip(self._sums, before.counts, after.counts, strict=True):
            if was != now:
                sums[slot] += now - was
        if before.fault != after.fault:
            _count(self.faults, slot, before.fault, -1)
            _count(self.faults, slot, after.fault, 1)
        if before.withdrawal != after.withdrawal:
            _count(self.withdrawals, slot, before.withdrawal, -1)
            _count(self.withdrawals, slot, after.withdrawal, 1)


def _count(counted: Reasons, slot: int, reason: str | None, sign: int) -> None:
    if reason is None:
        return
    reasons = counted.setdefault(slot, {})
    reasons[reason] = reasons.get(reason, 0) + sign
    if not reasons[reason]:
        del reasons[reason]
    if not reasons:
        del counted[slot]
