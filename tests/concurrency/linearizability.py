"""Is a recorded history linearizable? The Wing and Gong search with Lowe's memory of visited states.

A history is linearizable if its operations can be put into one order that keeps every operation inside the interval in which
it ran and in which a sequential specification gives every one the answer that it really got. The search takes, from the
operations that may come next, one whose answer fits, and steps back when none does. What it has been through already is a set
of operations and a state, which is remembered.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

__all__ = ("ILLEGAL", "LEGAL", "UNKNOWN", "Operation", "Specification", "by_key", "verdict")

LEGAL, ILLEGAL, UNKNOWN = "legal", "illegal", "unknown"


class Operation(NamedTuple):
    """One call: what it was asked, what it answered, and numbers that order its start and its end among all others."""

    key: Hashable
    name: str
    argument: Hashable
    answer: Hashable
    start: int
    end: int


Specification: TypeAlias = Callable[[Hashable, Operation], tuple[bool, Hashable]]
"""From a state and an operation: whether the answer is right in that state, and the state after it."""


def by_key(history: Iterable[Operation]) -> dict[Hashable, list[Operation]]:
    """One history per key: linearizability is local, so each may be judged on its own."""
    parts: dict[Hashable, list[Operation]] = {}
    for operation in history:
        parts.setdefault(operation.key, []).append(operation)
    return parts


def verdict(history: Sequence[Operation], specification: Specification, initial: Hashable, most: int = 2_000_000) -> str:
    """LEGAL, ILLEGAL, or UNKNOWN after `most` steps, which is to be taken as a failure."""
    pending = sorted(history, key=lambda operation: operation.start)
    # `first` operations are in order from the beginning; `ahead` holds the few beyond them that are in order too.
    state, first, ahead = initial, 0, frozenset[int]()
    candidates = _candidates(pending, first, ahead)
    visited: set[tuple[int, frozenset[int], Hashable]] = set()
    trail: list[tuple[Hashable, int, frozenset[int], list[int]]] = []
    for _ in range(most):
        if first == len(pending):
            return LEGAL
        if not candidates:
            if not trail:
                return ILLEGAL
            state, first, ahead, candidates = trail.pop()
            continue
        index = candidates.pop()
        fits, after = specification(state, pending[index])
        if not fits:
            continue
        reached = (*_advance(first, ahead | {index}), after)
        if reached not in visited:
            visited.add(reached)
            trail.append((state, first, ahead, candidates))
            first, ahead, state = reached
            candidates = _candidates(pending, first, ahead)
    return UNKNOWN


def _advance(first: int, ahead: frozenset[int]) -> tuple[int, frozenset[int]]:
    while first in ahead:
        ahead -= {first}
        first += 1
    return first, ahead


def _candidates(pending: Sequence[Operation], first: int, ahead: frozenset[int]) -> list[int]:
    """The operations that began before the earliest end among those that are left; the earliest start is tried first."""
    found: list[int] = []
    earliest_end = float("inf")
    for index in range(first, len(pending)):
        if pending[index].start > earliest_end:
            break
        if index not in ahead:
            found.append(index)
            earliest_end = min(earliest_end, pending[index].end)
    return found[::-1]
