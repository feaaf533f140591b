"""Passing an answer on to the client, chunk by chunk as it comes."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Final

import aiohttp
from starlette.types import Message, Send

from backend_registry import Outcome
from backend_registry.gateway.attempt import UPSTREAM_ERRORS, Answer
from backend_registry.gateway.deadline import Deadline
from backend_registry.gateway.events import WholeEvents, broken_event
from backend_registry.health import describe_failure

__all__ = ("relay",)

_PASSED_ON: Final = frozenset(
    (b"cache-control", b"content-encoding", b"content-language", b"content-type", b"retry-after", b"x-request-id")
)
"""Never cookies or what concerns one connection only; lengths are ours to say."""

End = Callable[[Outcome], None]


class Client:
    """The sending end of ASGI.

    Attributes:
        awaited: whether it is the client that is waited for, and thus to blame for a time-out or a broken connection.
    """

    def __init__(self, send: Send) -> None:
        self._send: Final = send
        self.awaited: bool = False

    async def start(self, answer: Answer, own: Mapping[str, str]) -> None:
        """Status and headers: those of the backend that may pass, and `own`."""
        head = [(name.lower(), value) for name, value in answer.response.raw_headers if name.lower() in _PASSED_ON]
        head += [(name.encode(), value.encode("latin-1", "replace")) for name, value in own.items()]
        if answer.complete:
            head.append((b"content-length", b"%d" % len(answer.first)))
        await self._deliver({"type": "http.response.start", "status": answer.response.status, "headers": head})

    async def body(self, chunk: bytes, *, more: bool = True) -> None:
        """A part of the body."""
        await self._deliver({"type": "http.response.body", "body": chunk, "more_body": more})

    async def _deliver(self, message: Message) -> None:
        self.awaited = True
        await self._send(message)
        self.awaited = False


async def relay(answer: Answer, send: Send, deadline: Deadline, own: Mapping[str, str], end: End) -> Outcome:
    """Send the answer, and end the lease when the last of it has been read from the backend.

    The deadline holds for both sides, and each answers for itself: a backend that has not said everything by then has failed;
    a client that has not taken in what it was sent by then ends the answer, and the lease as cancelled, which counts neither
    for nor against the backend. What has not been sent is dropped; the caller closes the upstream response. How long the
    server keeps a connection whose client reads nothing of what was already written is a matter of its socket, see `serve`.

    Args:
        answer: what the backend has begun to say.
        send: to the client.
        deadline: end of the whole request.
        own: headers of the gateway's own.
        end: tells the lease how it went; only the first call has an effect.

    Returns:
        How the request ended. That may differ from the lease: a client can leave when its backend has done its part.
    """
    client = Client(send)
    try:
        with deadline.within():
            return await _relay(answer, client, own, end)
    except UPSTREAM_ERRORS as error:
        # Servers raise an OSError as well when their client has hung up.
        if client.awaited:
            end(Outcome.CANCELLED)
            return Outcome.CANCELLED
        end(Outcome.FAILED)
        if answer.events is not None:
            message = f"backend {answer.backend_id!r} failed after its answer had begun: {describe_failure(error)}"
            await _break_off(client, message, deadline)
        # Of anything else no end is sent, so the server cuts the connection: the only way left to say that this is not all.
        return Outcome.FAILED


async def _break_off(client: Client, message: str, deadline: Deadline) -> None:
    # It may be past the deadline; then a client that takes it in at once gets it all the same.
    with contextlib.suppress(OSError), deadline.within():
        await client.body(broken_event(message), more=False)


async def _relay(answer: Answer, client: Client, own: Mapping[str, str], end: End) -> Outcome:
    outcome = Outcome.from_status(answer.response.status)
    if answer.complete:
        end(outcome)
        await client.start(answer, own)
        await client.body(answer.first, more=False)
        return outcome
    await client.start(answer, own)
    await client.body(answer.first)
    end_of_body = await (_pass_on(answer, client) if answer.events is None else _pass_on_events(answer, answer.events, client))
    end(outcome)
    await client.body(end_of_body, more=False)
    return outcome


async def _pass_on(answer: Answer, client: Client) -> bytes:
    while chunk := await answer.response.content.readany():
        await client.body(chunk)
    return b""


async def _pass_on_events(answer: Answer, events: WholeEvents, client: Client) -> bytes:
    while chunk := await answer.response.content.readany():
        if ready := events.feed(chunk):
            await client.body(ready)
    if answer.may_end_anywhere and not events.done:
        raise aiohttp.ClientPayloadError
    return events.rest()
