"""Reading a request: its body up to a limit, and of its content only what routing needs."""

import re
from dataclasses import dataclass
from typing import Final

import msgspec
from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from backend_registry.gateway.refusals import body_too_large, invalid_request

__all__ = ("ClientGoneError", "GatewayRequest", "read_request")

_PASSED_ON: Final = ("accept", "content-type", "user-agent", "x-request-id", "traceparent", "tracestate")
"""Never the client's Authorization or cookies: they are meant for us, not for whoever serves the model."""


class ClientGoneError(Exception):
    """The client hung up before its request was complete."""


class _Wanted(msgspec.Struct):
    """The part of a request that routing looks at; everything else passes unseen."""

    model: str
    stream: bool | None = None


@dataclass(frozen=True, slots=True)
class GatewayRequest:
    """One request as the gateway sees it.

    Attributes:
        path: where the backend serves it.
        model: the model asked for.
        stream: whether the client wants events.
        body: the bytes to pass on, unchanged.
        headers: those to pass on.
    """

    path: str
    model: str
    stream: bool
    body: bytes
    headers: dict[str, str]


_decode: Final = msgspec.json.Decoder(_Wanted).decode


async def read_request(scope: Scope, receive: Receive, limit: int) -> GatewayRequest:
    """The request of an ASGI call.

    Raises:
        RefusedError: it is too large, not JSON, or a field that routing needs is missing or of the wrong type.
        ClientGoneError: the client hung up.
    """
    given = Headers(scope=scope)
    body = await _read_body(given, receive, limit)
    try:
        wanted = _decode(body)
    except msgspec.ValidationError as error:
        field = re.search(r"\$\.(\w+)|field `(\w+)`", str(error))
        raise invalid_request(f"request body: {error}", field and (field[1] or field[2])) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid_request("the request body is not JSON", None) from None
    headers = {name: given[name] for name in _PASSED_ON if name in given}
    headers.setdefault("content-type", "application/json")
    return GatewayRequest(scope["path"], wanted.model, bool(wanted.stream), body, headers)


async def _read_body(headers: Headers, receive: Receive, limit: int) -> bytes:
    declared = headers.get("content-length", "")
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
