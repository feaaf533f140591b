"""`History`: how the last 15 minutes were, of each backend of the cluster and of all together, looked at now and then.

It is for people: nothing is decided by it, and it is gone with the process. A sample is three arrays of two bytes for each slot
of the view, copied from its counts; so a backend takes 366 bytes with a sample every 15 seconds, and 96 with one a minute,
which is what there is from 50,001 slots on.
"""

import asyncio
import logging
import os
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from operator import lt
from typing import Final, NamedTuple

from backend_registry.hub.view import Row
from backend_registry.hub.view.numbers import Numbers

__all__ = ("FleetHistory", "History", "RowHistory")

logger: Final = logging.getLogger("backend_registry.hub")

SPAN_S: Final = 900
EVERY_S: Final = 15
COARSE_EVERY_S: Final = 60
MANY: Final = 50_000
"""Slots; with more of them samples are further apart."""
AT_ONCE: Final = 2000
"""Slots that are looked at before other tasks of the loop get their turn; that is half a millisecond's work."""
_ABSENT: Final = 0xFFFF
_MOST: Final = _ABSENT - 1

Series = list[int | None]
"""One value for each place of time, the oldest first; None where nothing is known."""


class RowHistory(NamedTuple):
    """How one backend of the cluster was. Values above 65,534 are 65,534.

    Attributes:
        avg_latency_ms: the mean over the nodes that have one; None also where none has.
        pending: requests in flight on all nodes.
        available_nodes: on how many nodes it was available.
    """

    avg_latency_ms: Series
    pending: Series
    available_nodes: Series


class FleetHistory(NamedTuple):
    """How all backends together were.

    Attributes:
        available: backends on at least one node.
        degraded: of these, those that were not available on all nodes that had them.
        unavailable: backends on no node.
        pending: requests in flight.
        avg_latency_ms: the mean over all backends of nodes that have one; None also where none has.
    """

    available: Series
    degraded: Series
    unavailable: Series
    pending: Series
    avg_latency_ms: Series


class History:
    """Samples of the view's counts. For one event loop.

    Args:
        numbers: the counts; its `samples` is counted up.
        clock: seconds, on a clock that never goes back; a sample belongs to the span of `every_s` in which it was taken.
        now_ms: the wall clock, for what people see.

    Attributes:
        every_s: seconds between two samples.
    """

    def __init__(self, numbers: Numbers, *, clock: Callable[[], float], now_ms: Callable[[], int]) -> None:
        self._numbers: Final = numbers
        self._clock: Final = clock
        self._now_ms: Final = now_ms
        self._epoch: Final = os.urandom(8).hex()
        self._samples: Final[deque[_Sample]] = deque()
        self.every_s: int = EVERY_S

    @property
    def tag(self) -> str:
        """Stands for all samples there are, in this history and no other."""
        return f"{self._epoch}.{self._samples[-1].number if self._samples else ''}"

    @property
    def until_ms(self) -> int | None:
        """When the newest sample was taken, by the wall clock; None if there is none yet."""
        return self._samples[-1].at_ms if self._samples else None

    # --- writing -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Take samples, until cancelled."""
        while True:
            try:
                await self.sample()
            except Exception:
                logger.exception("a sample of the cluster's history failed")
            await asyncio.sleep(self.every_s - self._clock() % self.every_s)

    async def sample(self) -> None:
        """Take a sample, unless there is one of this span of time.

        Cost: 0.3 microseconds per slot, with turns for other tasks.
        """
        numbers = self._numbers
        if len(numbers.total) > MANY and self.every_s < COARSE_EVERY_S:
            self._coarsen()
        place = int(self._clock() // self.every_s)
        if self._samples and self._samples[-1].place >= place:
            return
        taken = _Sample(numbers.samples, place, self._now_ms())
        numbers.samples += 1
        for start in range(0, len(numbers.total), AT_ONCE):
            taken.look_at(numbers, start, start + AT_ONCE)
            await asyncio.sleep(0)
        self._samples.append(taken)
        while self._samples[0].place < place - SPAN_S // self.every_s:
            self._samples.popleft()

    def _coarsen(self) -> None:
        factor = COARSE_EVERY_S // self.every_s
        kept = [sample for sample in self._samples if sample.place % factor == 0]
        for sample in kept:
            sample.place //= factor
        self._samples.clear()
        self._samples.extend(kept)
        self.every_s = COARSE_EVERY_S

    # --- reading -------------------------------------------------------------------------------------------------------

    def of_row(self, row: Row) -> RowHistory:
        """How a row of the view was, as long as it has been there. Cost: about 15 microseconds."""
        slot = row.slot
        first = self._numbers.first_sample[slot]
        # A slot may have been another row's before.
        samples = [
            sample if sample is not None and sample.number >= first and slot < len(sample.pending) else None
            for sample in self._places()
        ]
        return RowHistory(
            [_known(sample.latency_ms[slot]) if sample is not None else None for sample in samples],
            [_known(sample.pending[slot]) if sample is not None else None for sample in samples],
            [_known(sample.available[slot]) if sample is not None else None for sample in samples],
        )

    def of_fleet(self) -> FleetHistory:
        """How all rows together were."""
        fleets = [sample.fleet() if sample is not None else _NOTHING for sample in self._places()]
        return FleetHistory(*map(list, zip(*fleets, strict=True)))

    def _places(self) -> "Sequence[_Sample | None]":
        """The sample of each place of time, the oldest first; the newest is the last."""
        count = SPAN_S // self.every_s + 1
        places: list[_Sample | None] = [None] * count
        for sample in self._samples:
            places[sample.place - self._samples[-1].place - 1] = sample
        return places


class _Sample:
    """The counts of all slots at one time. `number` counts samples, and `place` spans of time."""

    __slots__ = (
        "_answering",
        "_below",
        "_latency_ms",
        "_pending",
        "_rows",
        "_unavailable",
        "at_ms",
        "available",
        "latency_ms",
        "number",
        "pending",
        "place",
    )

    def __init__(self, number: int, place: int, at_ms: int) -> None:
        self.number: Final = number
        self.place = place
        self.at_ms: Final = at_ms
        self.latency_ms: Final = array("H")
        self.pending: Final = array("H")
        self.available: Final = array("H")
        self._rows = self._unavailable = self._below = 0
        self._pending = self._latency_ms = self._answering = 0

    def look_at(self, numbers: Numbers, start: int, stop: int) -> None:
        """Take in the counts of these slots."""
        total, available = numbers.total[start:stop], numbers.available[start:stop]
        pending = numbers.pending[start:stop]
        latency_ms, answering = numbers.latency_ms[start:stop], numbers.answering[start:stop]
        self.latency_ms.extend(_means(latency_ms, answering))
        self.pending.extend(_clamped(pending))
        self.available.extend(_clamped(available))
        # Slots that no row has count nothing.
        empty = total.count(0)
        self._rows += len(total) - empty
        self._unavailable += available.count(0) - empty
        self._below += sum(map(lt, available, total))
        self._pending += sum(pending)
        self._latency_ms += sum(latency_ms)
        self._answering += sum(answering)

    def fleet(self) -> tuple[int | None, ...]:
        """What `FleetHistory` has of this time, in its order."""
        mean = self._latency_ms // self._answering if self._answering else None
        return (self._rows - self._unavailable, self._below - self._unavailable, self._unavailable, self._pending, mean)


_NOTHING: Final = (None,) * len(FleetHistory._fields)


def _clamped(values: "array[int]") -> "array[int]":
    if max(values, default=0) > _MOST:
        return array("H", [min(value, _MOST) for value in values])
    return array("H", values)


def _means(sums: "array[int]", counts: "array[int]") -> "array[int]":
    return array("H", [min(total // count, _MOST) if count else _ABSENT for total, count in zip(sums, counts, strict=True)])


def _known(value: int) -> int | None:
    return None if value == _ABSENT else value
