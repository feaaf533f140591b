"""`Changes`: which rows are others than they were last published, in the order in which they first became so."""

from typing import Final

from backend_registry.hub.view.row import Row

__all__ = ("Changes",)


class Changes:
    """Rows that have changed, each once however often it has. For one event loop."""

    def __init__(self) -> None:
        self._rows: Final[dict[Row, None]] = {}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._rows)

    def add(self, row: Row) -> None:
        """A row has changed; or has gone, which comes after all else that becomes of it."""
        self._rows[row] = None

    def take(self, most: int | None) -> list[Row]:
        """The rows that changed first, which then are as published.

        Args:
            most: nodes that they have in all, at most, beyond the first of them; None for all rows.
        """
        taken: list[Row] = []
        room = most
        for row in self._rows:
            if room is not None:
                if room < 0:
                    break
                room -= len(row.nodes) + 1
            taken.append(row)
        for row in taken:
            del self._rows[row]
        return taken

    def clear(self) -> None:
        """Let go of all: nobody wants them."""
        self._rows.clear()
