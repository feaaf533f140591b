"""One attempt: asking one backend, up to the point where its answer can be trusted to begin.

For a stream that is its first whole event; for anything else the whole body, if it is small enough to hold. Until then nothing
has been sent to the client, so another backend may be asked instead.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

import aiohttp

from backend_registry import Lease, Outcome
from backend_registry.config import GatewayConfig
from backend_registry.gateway.events import WholeEvents, is_error_event
from backend_registry.gateway.request import GatewayRequest
from backend_registry.health import credential_headers, describe_failure, endpoint

__all__ = ("UPSTREAM_ERRORS", "Answer", "AttemptFailedError", "ask")

UPSTREAM_ERRORS: Final = (aiohttp.ClientError, TimeoutError, OSError)
"""What reading from a backend may raise when the backend or the way to it fails."""


class AttemptFailedError(Exception):
    """A backend did not begin to answer; another may be asked.

    Attributes:
        status: what the backend answered, or 502 or 504 if it did not.
        reason: in a few words.
        outcome: what its lease is to be told.
        retry_after: seconds for which the backend asks to be left alone.
    """

    def __init__(self, status: int, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.outcome = Outcome.OVERLOADED if status in (429, 503) else Outcome.FAILED
        self.retry_after = retry_after


@dataclass(slots=True)
class Answer:
    """An answer that has begun.

    Attributes:
        response: the upstream response; whoever has the answer closes it.
        first: what has been read of the body and may be sent.
        complete: whether `first` is all of it.
        events: of a stream of events, the rest of what has been read; else None.
    """

    response: aiohttp.ClientResponse
    first: bytes = b""
    complete: bool = False
    events: WholeEvents | None = None

    @property
    def may_end_anywhere(self) -> bool:
        """Whether the end of the connection is the only sign of the end of the body."""
        headers = self.response.headers
        return "content-length" not in headers and headers.get("transfer-encoding", "").lower() != "chunked"


async def ask(
    session: aiohttp.ClientSession, lease: Lease, request: GatewayRequest, settings: GatewayConfig, deadline: float
) -> Answer:
    """Send the request to the lease's backend and wait for its answer to begin.

    Args:
        session: the HTTP client.
        lease: whose backend to ask; it is told when the first byte arrives, and not finished.
        request: what to ask.
        settings: time limits.
        deadline: end of the whole request, in the event loop's time.

    Raises:
        AttemptFailedError: another backend may do better.
    """
    record = lease.backend.record
    first_byte_by = min(deadline, asyncio.get_running_loop().time() + settings.first_byte_timeout_s)
    try:
        async with asyncio.timeout_at(first_byte_by):
            response = await session.post(
                endpoint(record.url, request.path),
                data=request.body,
                headers={**request.headers, **credential_headers(record)},
                allow_redirects=False,
            )
        try:
            _check_status(response)
            return await _begun(response, lease, settings.buffer_limit, first_byte_by, deadline)
        except BaseException:
            response.close()
            raise
    except UPSTREAM_ERRORS as error:
        raise AttemptFailedError(504 if isinstance(error, TimeoutError) else 502, describe_failure(error)) from None
    except ValueError:
        # A header that cannot be sent, such as a key with a line break inside.
        raise AttemptFailedError(502, "request could not be sent") from None


async def _begun(
    response: aiohttp.ClientResponse, lease: Lease, buffer_limit: int, first_byte_by: float, deadline: float
) -> Answer:
    async with asyncio.timeout_at(first_byte_by):
        chunk = await response.content.readany()
    lease.first_byte()
    async with asyncio.timeout_at(deadline):
        if response.content_type == "text/event-stream":
            return await _first_events(response, chunk)
        return await _buffered(response, chunk, buffer_limit)


async def _first_events(response: aiohttp.ClientResponse, chunk: bytes) -> Answer:
    events = WholeEvents()
    while chunk:
        ready = events.feed(chunk)
        if is_error_event(ready):
            raise AttemptFailedError(502, "stream began with an error")
        if ready:
            return Answer(response, ready, events=events)
        chunk = await response.content.readany()
    raise AttemptFailedError(502, "stream ended before its first event")


async def _buffered(response: aiohttp.ClientResponse, chunk: bytes, limit: int) -> Answer:
    body = bytearray(chunk)
    while chunk and len(body) <= limit:
        chunk = await response.content.readany()
        body += chunk
    return Answer(response, bytes(body), complete=not chunk)


def _check_status(response: aiohttp.ClientResponse) -> None:
    """Let pass what the client should see: successes, and errors that are its own."""
    status = response.status
    if status in (401, 403):
        # Our key was refused, not the client's; telling it 401 would make it look for the fault in its own.
        raise AttemptFailedError(401, "credential rejected")
    if status in (404, 429) or status >= 500:
        raise AttemptFailedError(status, f"HTTP {status}", _retry_after(response))
    if 300 <= status < 400:
        raise AttemptFailedError(502, "redirects, which is not followed")


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Seconds; the form with a date is not used by model servers and is ignored."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdecimal() and len(value) < 7 else None
