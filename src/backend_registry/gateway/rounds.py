"""`Rounds`: one timer for all that may come upon requests from outside, their time limits and clients that hang up.

Timers of their own, set and cancelled for each request, are a twentieth of what a short one costs. Nothing here needs to be
exact: whoever looks every 50 ms is late by that much at most.
"""

import asyncio
from typing import Final, Protocol

__all__ = ("Rounds",)

_EVERY_S: Final = 0.05


class Guarded(Protocol):
    """Something that is looked after."""

    def look(self, now: float) -> None:
        """Do what is due at `now`, in the event loop's time; must not raise."""
        ...


class Rounds:
    """Looks after what has joined, every 50 ms while there is anything. For one event loop."""

    __slots__ = ("_guarded", "_loop", "_timer")

    def __init__(self) -> None:
        self._guarded: Final[dict[Guarded, None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop, asked for once: up to Python 3.11 that is a system call."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def join(self, guarded: Guarded) -> None:
        """Have it looked after, until it leaves."""
        self._guarded[guarded] = None
        if self._timer is None:
            self._timer = self.loop.call_later(_EVERY_S, self._look)

    def leave(self, guarded: Guarded) -> None:
        """Look after it no longer; no-op if it has left."""
        self._guarded.pop(guarded, None)

    def _look(self) -> None:
        now = self.loop.time()
        for guarded in tuple(self._guarded):
            guarded.look(now)
        # It stops one round after the last request, so that nothing ticks in a gateway without work.
        self._timer = self.loop.call_later(_EVERY_S, self._look) if self._guarded else None
