"""The scenarios under a scheduler that decides after every bytecode which thread goes on.

Several strategies, because each misses what another finds: `dpor` enumerates the interleavings in which conflicting steps swap
places, as far as it can see the conflicts, with one preemption first since that goes deeper in the same time; `random` sees
nothing and draws schedules. The scheduler must know about locks, so
those of the core are replaced by cooperative ones with the same rules.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from unittest import mock

import frontrun
from frontrun._cooperative import CooperativeRLock, patch_locks, unpatch_locks

from backend_registry import ReentrantWriteError
from backend_registry._core import backend, topology, waiting
from tests.concurrency.scenarios import Scenario

__all__ = ("STRATEGIES", "Explored", "explore")


class _CooperativeWriterLock(CooperativeRLock):
    def __enter__(self) -> CooperativeRLock:
        if self._is_owned():
            raise ReentrantWriteError
        return super().__enter__()

    @property
    def held_by_me(self) -> bool:
        return self._is_owned()


class Explored(NamedTuple):
    """How many schedules were run, and why one of them broke the promise; None if all kept it."""

    schedules: int
    broken: str | None


STRATEGIES = {
    "dpor, one preemption": {"strategy": "dpor", "preemption_bound": 1},
    "dpor, two preemptions": {"strategy": "dpor", "preemption_bound": 2},
    "random": {"strategy": "random", "seed": 11},
}


@contextmanager
def _cooperative_locks() -> Iterator[None]:
    patch_locks()
    try:
        with (
            mock.patch.object(topology, "WriterLock", _CooperativeWriterLock),
            mock.patch.object(backend, "CounterLock", CooperativeRLock),
            mock.patch.object(waiting, "CounterLock", CooperativeRLock),
        ):
            yield
    finally:
        unpatch_locks()


def explore(scenario: Scenario, strategy: str, most: int, seconds: float) -> Explored:
    """Run the scenario under up to `most` schedules, for `seconds` at most."""
    options = dict(STRATEGIES[strategy])
    options["max_executions" if options["strategy"] == "dpor" else "max_attempts"] = most
    with _cooperative_locks():
        result = frontrun.explore(
            setup=scenario.setup,
            workers=list(scenario.workers),
            invariant=scenario.judge,
            detect_io=False,
            reproduce_on_failure=0,
            total_timeout=seconds,
            **options,
        )
    if result.property_holds:
        return Explored(result.num_explored, None)
    return Explored(result.num_explored, str(result.explanation or result.inconclusive_reason or "broken"))
