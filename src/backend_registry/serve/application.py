"""The ASGI application: gateway and node API, and what answers where neither does."""

from collections.abc import Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from backend_registry._web import json_answer, problem
from backend_registry.gateway import openai_error, with_shortcuts

__all__ = ("application",)


def application(routes: Sequence[BaseRoute]) -> ASGIApp:
    """The application of these routes."""
    framework = Starlette(routes=routes, exception_handlers={HTTPException: _error_answer, Exception: _error_answer})
    return with_shortcuts(routes, framework)


def _error_answer(request: Request, error: Exception) -> Response:
    """What answers a path or method that does not exist, or an error that nobody expected, in the form its client expects."""
    status, code, detail, headers = 500, "internal_error", "internal error, see the server's log", {}
    if isinstance(error, HTTPException):
        status, code = error.status_code, _CODES.get(error.status_code, "refused")
        remedy = _REMEDIES.get(status, "").format(allowed=(error.headers or {}).get("Allow", ""))
        detail, headers = f"{request.method} {request.url.path}: {error.detail}{remedy}", dict(error.headers or {})
    if request.url.path.startswith("/v1/"):
        kind = "invalid_request_error" if status < 500 else "server_error"
        return json_answer(openai_error(detail, kind=kind, code=code), status, headers)
    return problem(status, detail, headers, code=code)


_CODES: Final = {404: "unknown_url", 405: "method_not_allowed"}
_REMEDIES: Final = {
    404: "; models are at /v1/models, backends at /backends, and /openapi.json says what else there is",
    405: "; it takes {allowed}",
}
