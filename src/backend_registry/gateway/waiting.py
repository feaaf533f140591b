"""The bounded waiting room of requests for which no backend is free; the lines themselves are the registry's."""

from collections.abc import Callable
from typing import Final

from backend_registry import Lease, PickOptions, Registry
from backend_registry.gateway.deadline import Deadline

__all__ = ("RoomFullError", "WaitingRoom")


class RoomFullError(Exception):
    """As many requests wait already as may."""


class WaitingRoom:
    """Room for so many requests at once, whichever models they are for. For one event loop.

    Args:
        registry: in whose lines they stand: first come, first served, the urgent ones before all others.
        patience_s: seconds that each waits at most.
        places: how many may wait.
        changed: told how many do, whenever that changes; must not raise.

    Attributes:
        waiting: how many do.
    """

    def __init__(self, registry: Registry, patience_s: float, places: int, changed: Callable[[int], None]) -> None:
        self._registry: Final = registry
        self._patience_s: Final = patience_s
        self._places: Final = places
        self._changed: Final = changed
        self.waiting: int = 0

    @property
    def open(self) -> bool:
        """Whether anybody waits here at all."""
        return self._patience_s > 0

    async def lease(self, model: str, options: PickOptions, *, urgent: bool, deadline: Deadline) -> Lease:
        """Wait for a backend; a caller that is cancelled has left at once.

        Args:
            model: the model asked for.
            options: as of `Registry.acquire`.
            urgent: whether to stand before those who are not.
            deadline: end of the whole request.

        Raises:
            RoomFullError: there is no place left.
            NoBackendError: the patience is at its end, or the model is not served any more.
        """
        if self.waiting >= self._places:
            raise RoomFullError
        left_s = max(0.0, deadline.end - deadline.now())
        self._count(1)
        try:
            return await self._registry.acquire_async(model, timeout=min(self._patience_s, left_s), urgent=urgent, **options)
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        self.waiting += more
        self._changed(self.waiting)
