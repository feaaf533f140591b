"""`in_pieces`: many rows, some at a time, so that other tasks of the loop get their turn in between."""

from collections.abc import Iterable, Iterator
from typing import Final

from backend_registry.hub.view.row import Row

__all__ = ("in_pieces",)

AT_ONCE: Final = 1000
"""Nodes of the rows in one piece, about; that is a millisecond's work."""


def in_pieces(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows in their order, without those that are gone when it is their turn."""
    piece: list[Row] = []
    room = AT_ONCE
    for row in rows:
        if row.gone:
            continue
        piece.append(row)
        room -= row.total + 1
        if room <= 0:
            yield piece
            piece, room = [], AT_ONCE
    if piece:
        yield piece
