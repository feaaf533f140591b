"""Noticing that a client has hung up while its request is served, and not only at the next attempt to send."""

import asyncio
from types import TracebackType
from typing import Final

from starlette.types import Receive

from backend_registry.gateway.rounds import Rounds

__all__ = ("CancelOnDisconnect",)

_UNHEARD_S: Final = 0.05
"""Listening takes a task, a fifth of what a short request costs in all. Nothing is lost by not listening to those that are over
before: a client that leaves in this time is noticed at its end."""


class CancelOnDisconnect:
    """A `with` block that is cancelled when the client hangs up, and then just ends.

    To be entered when the request has been read completely: from then on the only news from the client is that it left. It is
    listened to after the first tenth of a second. Cancellation from elsewhere passes through.

    Args:
        rounds: by which listening is begun.
        task: that serves the request.
        receive: what the client sends.
    """

    __slots__ = ("_from", "_gone", "_listener", "_receive", "_rounds", "_task")

    def __init__(self, rounds: Rounds, task: "asyncio.Task[object]", receive: Receive) -> None:
        self._rounds: Final = rounds
        self._task: Final = task
        self._receive: Final = receive
        self._from: Final = rounds.loop.time() + _UNHEARD_S
        self._gone = False
        self._listener: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._rounds.join(self)

    def look(self, now: float) -> None:
        """Begin to listen, if it is time."""
        if now >= self._from:
            self._rounds.leave(self)
            self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        self._gone = True
        self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        # Also the end of an answer looks like the end of the client, so this comes before anything else can happen.
        self._rounds.leave(self)
        if self._listener is not None:
            self._listener.cancel()
        # The count is back at zero unless somebody else, such as a stopping server, has cancelled this task too.
        return self._gone and self._task.uncancel() == 0 and kind is asyncio.CancelledError
