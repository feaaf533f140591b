"""Noticing that a client has hung up, at once and not only at the next attempt to send."""

import asyncio
from types import TracebackType
from typing import cast

from starlette.types import Receive

__all__ = ("CancelOnDisconnect",)


class CancelOnDisconnect:
    """An `async with` block that is cancelled when the client hangs up, and then just ends.

    To be entered when the request has been read completely: from then on the only news from the client is that it left.
    Cancellation from elsewhere passes through.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False

    async def __aenter__(self) -> None:
        # Never None here: an ASGI server runs each request in a task.
        self._task = cast("asyncio.Task[object]", asyncio.current_task())
        self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        self._gone = True
        self._task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        # Also the end of an answer looks like the end of the client, so this comes before anything else can happen.
        self._listener.cancel()
        # The count is back at zero unless somebody else, such as a stopping server, has cancelled this task too.
        return self._gone and self._task.uncancel() == 0 and kind is asyncio.CancelledError
