"""`EventStreamAnswer`: a reader of an `EventRing` as an answer of server-sent events.

Written against ASGI itself: what is sent waits for the client to take it in, so its slowness is felt here, where the position
stays behind, and not in a buffer. A snapshot goes out in pieces for the same reason. Who takes in nothing for half a minute is
cut off.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from backend_registry._web.answers import problem
from backend_registry._web.streams import Subscription, TooManyReadersError, frame

__all__ = ("EventStreamAnswer",)

HEARTBEAT_S: Final = 15.0
PATIENCE_S: Final = 30.0
_PIECE: Final = 65_536
_HEADERS: Final = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    # Proxies of the nginx kind would collect events until a buffer is full.
    (b"x-accel-buffering", b"no"),
]
_HEARTBEAT: Final = frame("heartbeat", b"{}")

Open = Callable[[], AbstractAsyncContextManager[Subscription[Any]]]


class EventStreamAnswer:
    """An ASGI answer that goes on until the client leaves or the ring is closed.

    Args:
        subscribe: gives the reader; it is asked when the answer begins.
        once: whether to end after what there is now.
    """

    def __init__(self, subscribe: Open, *, once: bool) -> None:
        self._subscribe: Final = subscribe
        self._once: Final = once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream."""
        try:
            async with self._subscribe() as subscription:
                await _Stream(receive, send).run(subscription, once=self._once, head_only=scope["method"] == "HEAD")
        except TooManyReadersError:
            refusal = problem(503, "as many streams as may be are open", {"retry-after": "10"}, code="too_many_streams")
            await refusal(scope, receive, send)


class _Stream:
    """One client's side of a stream."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive: Final = receive
        self._send: Final = send

    async def run(self, subscription: Subscription[Any], *, once: bool, head_only: bool) -> None:
        await self._send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        if head_only:
            await self._send({"type": "http.response.body", "body": b""})
            return
        gone = asyncio.ensure_future(self._until_gone())
        try:
            # Who left, or takes in nothing, needs no end of its stream.
            with contextlib.suppress(TimeoutError, OSError):
                await self._events(subscription, gone, once=once)
        finally:
            gone.cancel()

    async def _events(self, subscription: Subscription[Any], gone: "asyncio.Future[None]", *, once: bool) -> None:
        # Not all at once when a server comes back.
        await self._write(f"retry: {random.randrange(1000, 5000)}\n\n".encode())
        if once:
            await self._write(subscription.take() or subscription.unchanged())
        clock = asyncio.get_running_loop().time
        beat = clock() + HEARTBEAT_S
        while not (once or subscription.closed or gone.done()):
            # Asked for before it is looked: whatever is published in between is not slept over.
            news = subscription.news()
            events = subscription.take()
            # There may be news all the time of which this reader wants nothing.
            if not events and clock() >= beat:
                events = _HEARTBEAT
            if events:
                await self._write(events)
                beat = clock() + HEARTBEAT_S
            else:
                await asyncio.wait((news, gone), timeout=beat - clock(), return_when=asyncio.FIRST_COMPLETED)
        await self._send({"type": "http.response.body", "body": b""})

    async def _write(self, events: bytes) -> None:
        for start in range(0, len(events), _PIECE):
            async with asyncio.timeout(PATIENCE_S):
                await self._send({"type": "http.response.body", "body": events[start : start + _PIECE], "more_body": True})

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
