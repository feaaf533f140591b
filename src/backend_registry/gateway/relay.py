"""Passing an answer on to the client, chunk by chunk as it comes."""

import asyncio
from typing import Final

import aiohttp
from starlette.types import Send

from backend_registry import Lease, Outcome
from backend_registry.gateway.attempt import UPSTREAM_ERRORS, Answer
from backend_registry.gateway.events import WholeEvents, broken_event
from backend_registry.health import describe_failure

__all__ = ("relay",)

_PASSED_ON: Final = ("cache-control", "content-encoding", "content-language", "content-type", "retry-after", "x-request-id")

Head = list[tuple[bytes, bytes]]


async def relay(answer: Answer, lease: Lease, send: Send, deadline: float, extra: dict[str, str]) -> None:
    """Send the answer, and finish the lease when the backend has done its part, however slowly the client reads.

    Args:
        answer: what the backend has begun to say.
        lease: on that backend.
        send: to the client.
        deadline: end of the whole request, in the event loop's time.
        extra: headers of our own.
    """
    if answer.complete:
        lease.finish(Outcome.from_status(answer.response.status))
        await _start(answer, send, {**extra, "content-length": str(len(answer.first))})
        await _body(send, answer.first, more=False)
        return
    await _start(answer, send, extra)
    await _body(send, answer.first)
    if answer.events is None:
        await _pass_on(answer, lease, send, deadline)
    else:
        await _pass_on_events(answer, answer.events, lease, send, deadline)


async def _pass_on_events(answer: Answer, events: WholeEvents, lease: Lease, send: Send, deadline: float) -> None:
    try:
        async with asyncio.timeout_at(deadline):
            while chunk := await answer.response.content.readany():
                if ready := events.feed(chunk):
                    await _body(send, ready)
        if answer.may_end_anywhere and not events.done:
            raise aiohttp.ClientPayloadError
    except UPSTREAM_ERRORS as error:
        lease.finish(Outcome.FAILED)
        message = f"backend {lease.backend.id!r} failed after its answer had begun: {describe_failure(error)}"
        await _body(send, broken_event(message), more=False)
        return
    lease.finish(Outcome.from_status(answer.response.status))
    await _body(send, events.rest(), more=False)


async def _pass_on(answer: Answer, lease: Lease, send: Send, deadline: float) -> None:
    try:
        async with asyncio.timeout_at(deadline):
            while chunk := await answer.response.content.readany():
                await _body(send, chunk)
    except UPSTREAM_ERRORS:
        lease.finish(Outcome.FAILED)
        # Without the last message the server cuts the connection, which is the only way left to say that this is not all.
        return
    lease.finish(Outcome.from_status(answer.response.status))
    await _body(send, b"", more=False)


async def _start(answer: Answer, send: Send, extra: dict[str, str]) -> None:
    given = answer.response.headers
    headers = {**{name: given[name] for name in _PASSED_ON if name in given}, **extra}
    head: Head = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.response.status, "headers": head})


async def _body(send: Send, chunk: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": more})
