"""`Postings`: for each value of a facet, which rows have it, as sorted slot numbers of four bytes each."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

__all__ = ("Postings",)


class Postings:
    """The rows of each value of one facet. For one event loop.

    A set of Python objects would take ten times the room. Cost of a change: a binary search and moving what lies behind.
    """

    def __init__(self) -> None:
        self._slots: Final[dict[str, array[int]]] = {}

    def __iter__(self) -> Iterator[str]:
        """The values that any row has."""
        return iter(self._slots)

    def __contains__(self, value: object) -> bool:
        return value in self._slots

    def count(self, value: str) -> int:
        """How many rows have the value."""
        return len(self._slots.get(value, ()))

    def any_is(self, values: Iterable[str], count: int) -> bool:
        """Whether as many rows have one of the values."""
        return any(self.count(value) == count for value in values)

    def of(self, values: Iterable[str]) -> set[int]:
        """The slots of the rows that have any of the values."""
        slots: set[int] = set()
        for value in values:
            slots.update(self._slots.get(value, ()))
        return slots

    def within(self, slots: set[int], values: Iterable[str]) -> set[int]:
        """Those of these slots whose rows have any of the values."""
        found: set[int] = set()
        for value in values:
            found |= slots.intersection(self._slots.get(value, ()))
        return found

    def move(self, slot: int, before: Iterable[str], after: Iterable[str]) -> None:
        """Let a row have the values `after` in place of `before`; neither names a value twice."""
        if before is after or before == after:
            return
        had, has = set(before), set(after)
        for value in had - has:
            slots = self._slots[value]
            del slots[bisect_left(slots, slot)]
            if not slots:
                del self._slots[value]
        for value in has - had:
            slots = self._slots.setdefault(value, array("I"))
            slots.insert(bisect_left(slots, slot), slot)
