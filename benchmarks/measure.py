"""Timing of short statements side by side, on a machine that other programs use too.

A case is a statement, run in a loop by `timeit` with the garbage collector off. The clock is the CPU time of the thread, so
that time taken by other processes does not count. Cases of one group take turns, in a new order each round, so that a slow
moment hits all of them; of the rounds the lower quartile is kept, because disturbances only ever add. The empty loop is
measured like a case and subtracted.
"""

import random
import time
import timeit
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ("FULL", "SMOKE", "Case", "Effort", "lower_quartile", "side_by_side")


@dataclass(frozen=True)
class Effort:
    """How much work a report may do.

    `runs` are repetitions with new objects, of which the report takes the median; `rounds` are samples within a run;
    `sample_ns` is how long one sample should take at least.
    """

    runs: int
    rounds: int
    sample_ns: int
    smoke: bool = False


FULL = Effort(runs=7, rounds=31, sample_ns=300_000)
SMOKE = Effort(runs=1, rounds=3, sample_ns=2_000, smoke=True)


def _nothing(_count: int) -> None:
    """No preparation."""


@dataclass(frozen=True)
class Case:
    """A statement to time, and the names it uses.

    `before` and `after` are called with the number of operations of a sample, and not timed; `operations` is how many
    operations the statement stands for; `most` bounds how often it may be repeated in one sample, for statements that fill
    something up.
    """

    statement: str
    names: Mapping[str, Any] = field(default_factory=dict)
    before: Callable[[int], None] = _nothing
    after: Callable[[int], None] = _nothing
    operations: int = 1
    most: int = 100_000


def lower_quartile(samples: list[float]) -> float:
    """A value that a quarter of the samples stay below."""
    return sorted(samples)[len(samples) // 4]


class _Timed:
    """A case, compiled, with the number of repetitions that makes a sample long enough."""

    def __init__(self, case: Case, sample_ns: int) -> None:
        self._case = case
        self._timer = timeit.Timer(case.statement, timer=time.thread_time_ns, globals=dict(case.names))
        # What starting and stopping the clock takes.
        started = timeit.Timer("pass", timer=time.thread_time_ns)
        self._overhead_ns = min(started.timeit(1) for _ in range(50))
        self._count = 1
        # The first time is special: caches are cold, and what is made when first asked for is made.
        self.sample()
        while self._count < case.most and min(self.sample(), self.sample()) * self._count < sample_ns:
            self._count = min(self._count * 2, case.most)

    def sample(self) -> float:
        """Nanoseconds per run of the statement."""
        self._case.before(self._count)
        took_ns = self._timer.timeit(self._count)
        self._case.after(self._count)
        return (took_ns - self._overhead_ns) / self._count


def side_by_side(cases: Mapping[str, Case], effort: Effort) -> dict[str, float]:
    """Nanoseconds of CPU time per operation for each case, all measured in turns."""
    loop = "the empty loop"
    timed = {name: _Timed(case, effort.sample_ns) for name, case in {**cases, loop: Case("pass")}.items()}
    samples: dict[str, list[float]] = {name: [] for name in timed}
    order = list(timed)
    for _ in range(effort.rounds):
        random.shuffle(order)
        for name in order:
            samples[name].append(timed[name].sample())
    empty_ns = lower_quartile(samples.pop(loop))
    return {name: max(lower_quartile(taken) - empty_ns, 0.1) / cases[name].operations for name, taken in samples.items()}
