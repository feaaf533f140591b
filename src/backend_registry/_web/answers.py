"""Answers as JSON: documents, and problem details (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.responses import Response

__all__ = ("json_answer", "problem")


def json_answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`content` as a JSON document; bytes are one already."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return Response(body, status, headers, media_type="application/json")


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **facts: object) -> Response:
    """A problem document: status, its usual title, what went wrong in this case, and facts to act on."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **facts}
    return Response(msgspec.json.encode(content), status, headers, media_type="application/problem+json")
