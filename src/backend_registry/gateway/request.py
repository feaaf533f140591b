"""Reading a request: its headers as far as they are known here, its body up to a limit, and what it wants."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from starlette.types import Receive

from backend_registry.gateway.deadline import Deadline
from backend_registry.gateway.endpoints import Endpoint
from backend_registry.gateway.form import FormField, model_field
from backend_registry.gateway.refusals import body_too_large, invalid_request, too_slow
from backend_registry.gateway.wanted import Wanted, read_wanted, renamed

__all__ = ("ClientGoneError", "GatewayRequest", "Head", "read_head", "read_request")

_PASSED_ON: Final = {
    name.encode(): name for name in ("accept", "content-type", "user-agent", "x-request-id", "traceparent", "tracestate")
}
"""All that a backend gets to see. Never cookies, and Authorization only where that is configured: they are meant for us."""
_LOOKED_AT: Final = {name.encode(): name for name in ("authorization", "content-length", "sec-fetch-site", "x-priority")}


class ClientGoneError(Exception):
    """The client hung up before its request was complete."""


@dataclass(slots=True)
class Head:
    """The headers that are known here.

    Attributes:
        passed_on: those that a backend gets.
        looked_at: those that the gateway itself goes by.
    """

    passed_on: dict[str, str] = field(default_factory=dict)
    looked_at: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class GatewayRequest:
    """One request as the gateway sees it.

    Attributes:
        endpoint: where it came in.
        wanted: what routing knows of it.
        body: the bytes that came.
        head: its headers.
        urgent: whether it goes before others in the queue.
        form_field: of a form, where the model stands.
    """

    endpoint: Endpoint
    wanted: Wanted
    body: bytes
    head: Head
    urgent: bool
    form_field: FormField | None = None

    def body_for(self, model: str) -> bytes:
        """The bytes to pass on: unchanged, or for another model than the one that was asked for, with its name in its place."""
        if model == self.wanted.model:
            return self.body
        return renamed(self.body, model) if self.form_field is None else self.form_field.replaced(self.body, model)


def read_head(headers: Iterable[tuple[bytes, bytes]]) -> Head:
    """What is known here of the headers of an ASGI call, whose names are in lower case."""
    head = Head()
    for name, value in headers:
        if (known := _PASSED_ON.get(name)) is not None:
            head.passed_on[known] = value.decode("latin-1")
        elif (known := _LOOKED_AT.get(name)) is not None:
            head.looked_at[known] = value.decode("latin-1")
    return head


async def read_request(endpoint: Endpoint, head: Head, receive: Receive, limit: int, deadline: Deadline) -> GatewayRequest:
    """The request of an ASGI call.

    Args:
        endpoint: where it came in.
        head: its headers.
        receive: the rest of it.
        limit: bytes of the body at most.
        deadline: end of the whole request.

    Raises:
        RefusedError: it is too large or too slow, not in the form that the endpoint takes, or a field that routing needs is
            missing or wrong.
        ClientGoneError: the client hung up.
    """
    urgent = _urgency(head.looked_at.get("x-priority", "normal"))
    try:
        with deadline.within():
            body = await _read_body(head.looked_at.get("content-length", ""), receive, limit)
    except TimeoutError:
        raise too_slow() from None
    found = model_field(body, head.passed_on.get("content-type", "")) if endpoint.form else None
    wanted = read_wanted(body, generates=endpoint.generates) if found is None else Wanted(found.value)
    if not wanted.model:
        raise invalid_request("request body: the model is empty", "model")
    head.passed_on.setdefault("content-type", "application/json")
    return GatewayRequest(endpoint, wanted, body, head, urgent, found)


def _urgency(priority: str) -> bool:
    if priority not in ("high", "normal"):
        raise invalid_request("the header x-priority must be high or normal", "x-priority")
    return priority == "high"


async def _read_body(declared: str, receive: Receive, limit: int) -> bytes:
    if declared.isdecimal() and int(declared) > limit:
        raise body_too_large(limit)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise body_too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
