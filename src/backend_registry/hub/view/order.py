"""The orders in which rows are listed, and the keys that pages of each order are cut by."""

from collections.abc import Sequence
from typing import Final, Literal, overload

from backend_registry.hub.view.row import Row

__all__ = ("PageKeys", "Sort", "in_order", "key_prefix")

Sort = Literal[
    "name",
    "status",
    "-status",
    "available_nodes",
    "-available_nodes",
    "pending",
    "-pending",
    "since",
    "-since",
]
"""What rows are sorted by; with a minus the largest come first. Rows that are equal are sorted by name and kind."""

_LARGEST: Final = 2**64 - 1


def in_order(rows: Sequence[Row], sort: Sort) -> Sequence[Row]:
    """Rows that are sorted by name and kind, in another order. Cost: 0.2 microseconds per row, nothing by name."""
    if sort == "name" or not rows:
        return rows
    rows = list(rows)
    values = _values(rows, sort)
    # A reversed sort leaves equals as they are, too.
    places = sorted(range(len(rows)), key=values.__getitem__, reverse=sort.startswith("-"))
    return [rows[place] for place in places]


def _values(rows: Sequence[Row], sort: Sort) -> Sequence[int]:
    """What each of these rows is sorted by; there is at least one."""
    numbers, slots = rows[0].numbers, [row.slot for row in rows]
    match sort.removeprefix("-"):
        case "status":
            available, total = (list(map(counts.__getitem__, slots)) for counts in (numbers.available, numbers.total))
            # The worst first: unavailable, then degraded, then available everywhere.
            return [(some > 0) + (some == every) for some, every in zip(available, total, strict=True)]
        case "available_nodes":
            return list(map(numbers.available.__getitem__, slots))
        case "pending":
            return list(map(numbers.pending.__getitem__, slots))
        case _:
            return list(map(numbers.since_ms.__getitem__, slots))


class PageKeys(Sequence[str]):
    """For each of these rows a text that sorts as they are sorted, made when it is looked at.

    The text begins with the order's name, so that nobody goes on in another order than the one begun with.
    """

    def __init__(self, rows: Sequence[Row], sort: Sort) -> None:
        self._rows: Final = rows
        self._prefix: Final = key_prefix(sort)
        self._sort: Final = sort

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        """The text of one row, or of several."""
        if isinstance(index, slice):
            return [self._key(row) for row in self._rows[index]]
        return self._key(self._rows[index])

    def _key(self, row: Row) -> str:
        value = ""
        if self._sort != "name":
            (number,) = _values((row,), self._sort)
            value = f"{_LARGEST - number if self._sort.startswith('-') else number:016x}"
        # No name holds a control character, so this one sorts before whatever a longer name goes on with.
        return f"{self._prefix}{value}{row.name}\0{row.kind}"


def key_prefix(sort: Sort) -> str:
    """What every key of this order begins with."""
    return f"{sort}:"
