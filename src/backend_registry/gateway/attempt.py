"""One attempt: asking one backend, up to the point where its answer can be trusted to begin.

For a stream that is its first whole event; for anything else the whole body, if it is small enough to hold. Until then nothing
has been sent to the client, so another backend may be asked instead.
"""

import io
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import msgspec

from backend_registry import Lease, Outcome
from backend_registry.gateway.deadline import Deadline
from backend_registry.gateway.events import WholeEvents, begins_with_error
from backend_registry.gateway.gateway import Gateway
from backend_registry.gateway.request import GatewayRequest
from backend_registry.health import describe_failure, gateway_credentials, gateway_endpoint

__all__ = ("UPSTREAM_ERRORS", "Answer", "AttemptFailedError", "ask")

UPSTREAM_ERRORS: Final = (aiohttp.ClientError, TimeoutError, OSError)
"""What reading from a backend may raise when the backend or the way to it fails."""
_SENT_IN_ONE: Final = 2**20
"""Bytes up to which the HTTP client takes a body without complaint; larger ones have to be files, which it sends in pieces."""
_PARSED_MOST: Final = 65_536


class AttemptFailedError(Exception):
    """A backend did not begin to answer; another may be asked.

    Attributes:
        status: what the backend answered, or 502 or 504 if it did not.
        reason: in a few words.
        outcome: what its lease is to be told. That a backend lacks the model or does not know the path (404, 501) says nothing
            about what else it serves.
        retry_after: seconds for which the backend asks to be left alone.
    """

    def __init__(self, status: int, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.outcome: Outcome = _OUTCOMES.get(status, Outcome.FAILED)
        self.retry_after = retry_after


_OUTCOMES: Final = {
    404: Outcome.CLIENT_ERROR,
    429: Outcome.OVERLOADED,
    501: Outcome.CLIENT_ERROR,
    503: Outcome.OVERLOADED,
}


@dataclass(slots=True)
class Answer:
    """An answer that has begun.

    Attributes:
        response: the upstream response; whoever has the answer closes it.
        backend_id: whose it is.
        began: when its first byte came, in the event loop's time.
        first: what has been read of the body and may be sent.
        complete: whether `first` is all of it.
        events: of a stream of events, the rest of what has been read; else None.
    """

    response: aiohttp.ClientResponse
    backend_id: str
    began: float
    first: bytes = b""
    complete: bool = False
    events: WholeEvents | None = None

    @property
    def may_end_anywhere(self) -> bool:
        """Whether the end of the connection is the only sign of the end of the body."""
        headers = self.response.headers
        return "content-length" not in headers and headers.get("transfer-encoding", "").lower() != "chunked"


async def ask(gateway: Gateway, lease: Lease, request: GatewayRequest, deadline: Deadline) -> Answer:
    """Send the request to the lease's backend and wait for its answer to begin.

    Args:
        gateway: the HTTP client and the time limits.
        lease: whose backend to ask; it is told when the first byte arrives, and not finished.
        request: what to ask.
        deadline: end of the whole request.

    Raises:
        AttemptFailedError: another backend may do better.
    """
    settings = gateway.settings
    record = lease.backend.record
    body = request.body_for(lease.model)
    headers = {**request.head.passed_on, **gateway_credentials(record)}
    borrowed = settings.forward_client_auth and not record.credential_env and "authorization" in request.head.looked_at
    if borrowed:
        headers["authorization"] = request.head.looked_at["authorization"]
    try:
        with deadline.within(settings.first_byte_timeout_s):
            response = await gateway.session.post(
                gateway_endpoint(record, request.endpoint.path),
                data=aiohttp.BytesPayload(body) if len(body) <= _SENT_IN_ONE else io.BytesIO(body),
                headers=headers,
                allow_redirects=False,
            )
            try:
                _check_status(response, borrowed=borrowed)
                chunk = await response.content.readany()
                lease.first_byte()
                deadline.extend()
                answer = Answer(response, record.id, deadline.now(), chunk, complete=not chunk)
                return await _begun(answer, settings.buffer_limit, flows=request.endpoint.binary)
            except BaseException:
                response.close()
                raise
    except UPSTREAM_ERRORS as error:
        raise AttemptFailedError(504 if isinstance(error, TimeoutError) else 502, describe_failure(error)) from None
    except ValueError:
        # A header that cannot be sent, such as a key with a line break inside.
        raise AttemptFailedError(502, "request could not be sent") from None


async def _begun(answer: Answer, limit: int, *, flows: bool) -> Answer:
    """The answer, read as far as it has to be known before any of it may be sent."""
    kind = answer.response.content_type
    if kind == "text/event-stream":
        await _read_first_events(answer)
    elif kind == "application/json" or not flows:
        await _read_whole(answer, limit)
        if kind == "application/json" and answer.complete and answer.response.status < 300:
            _check_document(answer)
    return answer


async def _read_first_events(answer: Answer) -> None:
    """Up to the first event that says something: comments that keep a connection alive may come before it."""
    events = answer.events = WholeEvents()
    chunk, answer.first = answer.first, b""
    while chunk:
        answer.first += events.feed(chunk)
        failed = begins_with_error(answer.first)
        if failed:
            raise AttemptFailedError(502, "stream began with an error")
        if failed is False:
            return
        chunk = await answer.response.content.readany()
    raise AttemptFailedError(502, "stream ended before its first event")


async def _read_whole(answer: Answer, limit: int) -> None:
    if answer.response.content.at_eof():
        # Came in one piece, as small answers do.
        answer.complete = True
        return
    body = bytearray(answer.first)
    while not answer.complete and len(body) <= limit:
        chunk = await answer.response.content.readany()
        body += chunk
        answer.complete = not chunk
    answer.first = bytes(body)


class _Document(msgspec.Struct):
    """The part of an answer that tells whether it is one."""

    error: Any = None


_decode_document: Final = msgspec.json.Decoder(_Document).decode


def _check_document(answer: Answer) -> None:
    """Some servers say 200 and mean an error. One that cuts the connection to end its answer may have cut it short."""
    body = answer.first
    if "content-encoding" in answer.response.headers or (len(body) > _PARSED_MOST and not answer.may_end_anywhere):
        return
    try:
        failed = bool(_decode_document(body).error)
    except msgspec.ValidationError:
        # A list, perhaps. JSON in any case.
        return
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise AttemptFailedError(502, "answer is not the JSON that it says it is") from None
    if failed:
        raise AttemptFailedError(502, "status 200 with an error inside")


def _check_status(response: aiohttp.ClientResponse, *, borrowed: bool) -> None:
    """Let pass what the client should see: successes, and errors that are its own."""
    status = response.status
    if status in (401, 403) and not borrowed:
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
