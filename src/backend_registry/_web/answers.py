"""Answers as JSON: documents, documents that a client may know already, and problem details (RFC 9457)."""

from collections.abc import Mapping
from hashlib import blake2b
from http import HTTPStatus

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

__all__ = ("is_known", "json_answer", "known_or_new", "problem")


def json_answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`content` as a JSON document; bytes are one already."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return Response(body, status, headers, media_type="application/json")


def known_or_new(
    request: Request, content: object, headers: Mapping[str, str] | None = None, *, state: bytes | None = None
) -> Response:
    """`content` as a JSON document with an ETag, or 304 if the client has that very answer.

    The tag is a digest of the body and of `headers`. Counters change without a revision, so no number that the registry keeps
    could stand for what is in the answer.

    Args:
        request: what was asked.
        content: the answer.
        headers: of the answer.
        state: what the tag is made of in place of the body, where something else stands for it, such as a number that changes
            with it, or the body without what follows from the time alone.
    """
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    digest = blake2b(body if state is None else state, digest_size=16)
    for name, value in sorted((headers or {}).items()):
        digest.update(f"\n{name}: {value}".encode())
    tag = f'"{digest.hexdigest()}"'
    facts = {**(headers or {}), "etag": tag, "cache-control": "private, no-cache"}
    if is_known(request.headers, tag):
        return Response(status_code=304, headers=facts)
    return json_answer(body, headers=facts)


def is_known(headers: Headers, tag: str) -> bool:
    """Whether the If-None-Match of a request names the tag; compared weakly, as RFC 9110 has it for reads."""
    tags = {part.strip().removeprefix("W/") for field in headers.getlist("if-none-match") for part in field.split(",")}
    return tag in tags or "*" in tags


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **facts: object) -> Response:
    """A problem document: status, its usual title, what went wrong in this case, and facts to act on."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **facts}
    return Response(msgspec.json.encode(content), status, headers, media_type="application/problem+json")
