"""Passing an answer on to the client, chunk by chunk as it comes."""

import asyncio
from typing import Final

import aiohttp
from starlette.types import Message, Send

from backend_registry import Lease, Outcome
from backend_registry.gateway.attempt import UPSTREAM_ERRORS, Answer
from backend_registry.gateway.events import WholeEvents, broken_event
from backend_registry.health import describe_failure

__all__ = ("relay",)

_PASSED_ON: Final = ("cache-control", "content-encoding", "content-language", "content-type", "retry-after", "x-request-id")

Head = list[tuple[bytes, bytes]]


class ClientLostError(Exception):
    """The client did not take in the answer before the deadline, or has gone. Not the backend's fault."""


class Client:
    """The sending end of ASGI, which waits no longer than until `deadline`, in the event loop's time."""

    def __init__(self, send: Send, deadline: float) -> None:
        self._send: Final = send
        self._deadline: Final = deadline

    async def start(self, answer: Answer, extra: dict[str, str]) -> None:
        """Status and headers."""
        given = answer.response.headers
        headers = {**{name: given[name] for name in _PASSED_ON if name in given}, **extra}
        head: Head = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
        await self._deliver({"type": "http.response.start", "status": answer.response.status, "headers": head})

    async def body(self, chunk: bytes, *, more: bool = True) -> None:
        """A part of the body."""
        await self._deliver({"type": "http.response.body", "body": chunk, "more_body": more})

    async def _deliver(self, message: Message) -> None:
        try:
            async with asyncio.timeout_at(self._deadline):
                await self._send(message)
        except OSError:
            # A time-out, which is one as well, or what ASGI servers raise when the client has hung up.
            raise ClientLostError from None


async def relay(answer: Answer, lease: Lease, send: Send, deadline: float, extra: dict[str, str]) -> None:
    """Send the answer, and finish the lease when the last of it has been read from the backend.

    The deadline holds for both sides, and each answers for itself: a backend that has not said everything by then has failed;
    a client that has not taken in what it was sent by then ends the answer, and the lease as cancelled, which counts neither
    for nor against the backend. What has not been sent is dropped; the caller closes the upstream response. How long the
    server keeps a connection whose client reads nothing of what was already written is a matter of its socket, see `serve`.

    Args:
        answer: what the backend has begun to say.
        lease: on that backend.
        send: to the client.
        deadline: end of the whole request, in the event loop's time.
        extra: headers of our own.
    """
    try:
        await _relay(answer, lease, Client(send, deadline), deadline, extra)
    except ClientLostError:
        # Says nothing new where the backend had done its part, or had failed, before. That the answer has no end makes the
        # server cut the connection.
        lease.finish(Outcome.CANCELLED)


async def _relay(answer: Answer, lease: Lease, client: Client, deadline: float, extra: dict[str, str]) -> None:
    if answer.complete:
        lease.finish(Outcome.from_status(answer.response.status))
        await client.start(answer, {**extra, "content-length": str(len(answer.first))})
        await client.body(answer.first, more=False)
        return
    await client.start(answer, extra)
    await client.body(answer.first)
    if answer.events is None:
        await _pass_on(answer, lease, client, deadline)
    else:
        await _pass_on_events(answer, answer.events, lease, client, deadline)


async def _pass_on_events(answer: Answer, events: WholeEvents, lease: Lease, client: Client, deadline: float) -> None:
    try:
        while chunk := await _read(answer, deadline):
            if ready := events.feed(chunk):
                await client.body(ready)
        if answer.may_end_anywhere and not events.done:
            raise aiohttp.ClientPayloadError
    except UPSTREAM_ERRORS as error:
        lease.finish(Outcome.FAILED)
        message = f"backend {lease.backend.id!r} failed after its answer had begun: {describe_failure(error)}"
        await client.body(broken_event(message), more=False)
        return
    lease.finish(Outcome.from_status(answer.response.status))
    await client.body(events.rest(), more=False)


async def _pass_on(answer: Answer, lease: Lease, client: Client, deadline: float) -> None:
    try:
        while chunk := await _read(answer, deadline):
            await client.body(chunk)
    except UPSTREAM_ERRORS:
        lease.finish(Outcome.FAILED)
        # Without the last message the server cuts the connection, which is the only way left to say that this is not all.
        return
    lease.finish(Outcome.from_status(answer.response.status))
    await client.body(b"", more=False)


async def _read(answer: Answer, deadline: float) -> bytes:
    """What has come from the backend, at least one byte; nothing at the end."""
    async with asyncio.timeout_at(deadline):
        return await answer.response.content.readany()
