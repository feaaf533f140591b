"""`Bodies`: reads the bodies of requests, with limits of size and time."""

import asyncio
from typing import Final

from starlette.types import Receive

__all__ = ("PATIENCE_S", "Bodies", "SlowBodyError", "TooLargeError")

PATIENCE_S: Final = 30.0
_TICKS: Final = 6


class TooLargeError(Exception):
    """A body has more bytes than it may."""


class SlowBodyError(Exception):
    """A body did not come in time."""


class Bodies:
    """Reads bodies. One timer looks after all that are under way, since one for each would cost a twentieth of a short request.

    For one event loop.

    Args:
        limit: bytes of a body at most.
        patience_s: how long a body may take; up to a sixth longer before that is noticed.
    """

    def __init__(self, limit: int, *, patience_s: float = PATIENCE_S) -> None:
        self._limit: Final = limit
        self._every_s: Final = patience_s / _TICKS
        self._began: Final[dict[asyncio.Task[object], int]] = {}
        self._late: Final[set[asyncio.Task[object]]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._tick = 0

    async def read(self, declared: bytes | None, receive: Receive) -> bytes | None:
        """The body of a request; None if the client hung up before its end. To be called in the task of the request.

        Args:
            declared: the header Content-Length.
            receive: of the request.

        Raises:
            TooLargeError: it is too large, or says so.
            SlowBodyError: it takes too long.
        """
        if declared is not None and declared.isdigit() and int(declared) > self._limit:
            raise TooLargeError
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 -- a server runs each request in one
        self._began[task] = self._tick
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._every_s, self._look)
        try:
            return await self._read(receive)
        except asyncio.CancelledError:
            # Somebody else, such as a stopping server, may have cancelled it as well.
            if task in self._late and task.uncancel() == 0:
                raise SlowBodyError from None
            raise
        finally:
            del self._began[task]
            self._late.discard(task)

    async def _read(self, receive: Receive) -> bytes | None:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > self._limit:
                raise TooLargeError
            if not message.get("more_body", False):
                # Nearly always the first is the last.
                return b"".join((*chunks, chunk)) if chunks else chunk
            chunks.append(chunk)

    def _look(self) -> None:
        self._tick += 1
        for task, began in self._began.items():
            # One more than it may take, since it began somewhere within its first.
            if self._tick - began > _TICKS and task not in self._late:
                self._late.add(task)
                task.cancel()
        # It stops one tick after the last body, so that nothing ticks in a hub without nodes.
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self._look) if self._began else None
