"""Remote procedure calls without a second server: unary methods of the Connect protocol, with messages as JSON.

A method is `POST /package.Service/Method` with a message of Protocol Buffers in its JSON form. So a generated Connect client
that is told to use JSON can call it, and so can curl. Neither binary messages nor gRPC's framing over HTTP/2 is spoken.

What is refused is a Connect error: one of its sixteen codes with the HTTP status that belongs to it, a sentence, and, as
`google.rpc.ErrorInfo`, the project's own code and its facts.
"""

import base64
import math
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, ClassVar, Final, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, model_validator
from pydantic.alias_generators import to_camel
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from backend_registry._web.answers import json_answer
from backend_registry._web.reading import RefusedRequestError, parsed, read_bytes

__all__ = ("Int64", "Message", "RpcError", "UInt64", "rpc_error_of", "rpc_route")

STATUSES: Final = {
    "invalid_argument": 400,
    "failed_precondition": 400,
    "unauthenticated": 401,
    "permission_denied": 403,
    "not_found": 404,
    "already_exists": 409,
    "aborted": 409,
    "resource_exhausted": 429,
    "internal": 500,
    "unimplemented": 501,
    "unavailable": 503,
    "deadline_exceeded": 504,
}
"""Code of an error to its HTTP status, as the Connect protocol has them; those that are used here."""

_BY_STATUS: Final = {
    400: "invalid_argument",
    401: "unauthenticated",
    403: "permission_denied",
    404: "not_found",
    408: "deadline_exceeded",
    409: "aborted",
    410: "failed_precondition",
    413: "resource_exhausted",
    422: "invalid_argument",
    503: "unavailable",
}
_DOMAIN: Final = "backend_registry"
_INFO: Final = "google.rpc.ErrorInfo"
_ENCODINGS: Final = ("identity", "gzip")
_GZIP: Final = 16 + zlib.MAX_WBITS

Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63), PlainSerializer(str, when_used="json")]
"""A number that JSON has as text, since not every reader holds it; it is taken as a number too."""
UInt64 = Annotated[int, Field(ge=0, lt=2**64), PlainSerializer(str, when_used="json")]


class Message(BaseModel):
    """A message of Protocol Buffers in its JSON form.

    Fields are written in lowerCamelCase and may be given as in the .proto file too; null is the default; what is not known is
    left alone, as a newer client may say more.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    @model_validator(mode="before")
    @classmethod
    def _without_null(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if value is not None} if isinstance(given, dict) else given


class RpcError(Exception):
    """A call that is refused.

    Attributes:
        code: one of `STATUSES`.
        detail: what is wrong and what to do, in a sentence.
        reason: the project's own code for it.
        facts: what helps to act on it.
        retry_after_s: when to call again; None if that is not known.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        reason: str,
        facts: Mapping[str, object] | None = None,
        *,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.reason = reason
        self.facts = facts or {}
        self.retry_after_s = retry_after_s

    def answer(self) -> Response:
        """The error as a Connect client reads it."""
        info = {
            "reason": self.reason.upper(),
            "domain": _DOMAIN,
            "metadata": {name: str(self.facts[name]) for name in self.facts},
        }
        detail = {"type": _INFO, "value": base64.b64encode(_error_info(info)).decode().rstrip("="), "debug": info}
        headers = {} if self.retry_after_s is None else {"retry-after": str(max(1, math.ceil(self.retry_after_s)))}
        content = {"code": self.code, "message": self.detail, "details": [detail]}
        return json_answer(content, STATUSES[self.code], headers)


def rpc_error_of(status: int, detail: str, reason: str, facts: Mapping[str, object] | None = None) -> RpcError:
    """The error for what is refused over HTTP with this status."""
    return RpcError(_BY_STATUS.get(status, "internal"), detail, reason, facts)


Asked = TypeVar("Asked", bound=Message)


def rpc_route(
    path: str,
    asked: type[Asked],
    handler: Callable[[Request, Asked], Awaitable[Message]],
    *,
    refusal: Callable[[Request], Response | None],
    body_limit: int,
) -> Route:
    """The route of one method.

    Args:
        path: `/package.Service/Method`, after a prefix if there is one.
        asked: the message that it takes.
        handler: gives the message that it answers with; may raise `RpcError` and `RefusedRequestError`.
        refusal: the problem document for who may not call it; None if they may. Asked before the body is read.
        body_limit: bytes of a message at most, packed or not.
    """

    async def answer(request: Request) -> Response:
        try:
            refused = refusal(request)
            if refused is not None:
                raise _of_problem(refused)
            if not _speaks_json(request):
                return Response(status_code=415, headers={"accept-post": "application/json"})
            _check_headers(request)
            message: Any = parsed(await _body(request, body_limit), asked)
            answered = await handler(request, message)
        except RpcError as error:
            return error.answer()
        except RefusedRequestError as error:
            return _of_fields(error).answer()
        except ClientDisconnect:
            # Nobody is there to be answered.
            return Response(status_code=499)
        return json_answer(answered.model_dump_json(by_alias=True, exclude_none=True).encode())

    return Route(path, answer, methods=["POST"])


def _speaks_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def _check_headers(request: Request) -> None:
    if request.headers.get("content-encoding", "identity") not in _ENCODINGS:
        detail = f"Content-Encoding: is not known here; supported are {' and '.join(_ENCODINGS)}"
        raise RpcError("unimplemented", detail, "unsupported_encoding")
    if request.headers.get("connect-protocol-version", "1") != "1":
        detail = "Connect-Protocol-Version: is one that is not spoken here; send 1"
        raise RpcError("invalid_argument", detail, "unsupported_version")


async def _body(request: Request, limit: int) -> bytes:
    """The message, unpacked if it comes packed; of what is packed no more than the limit is ever unpacked."""
    body = await read_bytes(request, limit)
    # An empty message is not packed, whatever the header says.
    if not body or request.headers.get("content-encoding") != "gzip":
        return body
    unpacker = zlib.decompressobj(wbits=_GZIP)
    try:
        unpacked = unpacker.decompress(body, limit + 1)
    except zlib.error:
        raise RpcError("invalid_argument", "the message is not gzip, though Content-Encoding says so", "not_gzip") from None
    if len(unpacked) > limit:
        raise RpcError("resource_exhausted", f"a message has {limit} bytes at most, unpacked", "too_large")
    return unpacked


def _of_problem(refused: Response) -> RpcError:
    """The same refusal, in the words of this protocol."""
    content = msgspec.json.decode(bytes(refused.body))
    return rpc_error_of(refused.status_code, content["detail"], content["code"])


def _of_fields(error: RefusedRequestError) -> RpcError:
    facts = {wrong["field"]: f"{wrong['problem']}; {wrong['remedy']}" for wrong in error.errors}
    return rpc_error_of(error.status, error.detail, error.code, facts)


# --- ErrorInfo, the one message that goes out in binary form ------------------------------------------------------------


def _error_info(info: Mapping[str, Any]) -> bytes:
    """`google.rpc.ErrorInfo`: reason is field 1, domain 2; metadata is 3, a map, which is a message for each key and value."""
    metadata = (_text(1, name) + _text(2, value) for name, value in info["metadata"].items())
    return _text(1, info["reason"]) + _text(2, info["domain"]) + b"".join(_bytes(3, entry) for entry in metadata)


def _text(number: int, text: str) -> bytes:
    return _bytes(number, text.encode())


def _bytes(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
