"""The ASGI application: gateway, node API and hub, and what answers where none of them does."""

from collections.abc import Collection, Mapping, Sequence
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


def application(routes: Sequence[BaseRoute], sections: Collection[str] = ("gateway", "node")) -> ASGIApp:
    """The application of these routes.

    Args:
        routes: all of them.
        sections: what the process offers, for those who look where nothing is.
    """
    places = [place for section, place in _PLACES.items() if section in sections]
    answer = _ErrorAnswer(f"; {', '.join(places)}, and /openapi.json says what else there is")
    framework = Starlette(routes=routes, exception_handlers={HTTPException: answer, Exception: answer})
    return with_shortcuts(routes, framework)


class _ErrorAnswer:
    """What answers a path or method that does not exist, or an error that nobody expected, in the form its client expects."""

    def __init__(self, directions: str) -> None:
        self._directions: Final = directions

    def __call__(self, request: Request, error: Exception) -> Response:
        status, code, detail, headers = 500, "internal_error", "internal error, see the server's log", {}
        if isinstance(error, HTTPException):
            status, code, headers = error.status_code, _CODES.get(error.status_code, "refused"), dict(error.headers or {})
            detail = f"{request.method} {request.url.path}: {error.detail}{self._remedy(status, headers)}"
        if request.url.path.startswith("/v1/"):
            kind = "invalid_request_error" if status < 500 else "server_error"
            return json_answer(openai_error(detail, kind=kind, code=code), status, headers)
        return problem(status, detail, headers, code=code)

    def _remedy(self, status: int, headers: Mapping[str, str]) -> str:
        if status == 405:
            return f"; it takes {headers.get('Allow', '')}"
        return self._directions if status == 404 else ""


_CODES: Final = {404: "unknown_url", 405: "method_not_allowed"}
_PLACES: Final = {
    "page": "the admin page is at /admin/",
    "gateway": "models are at /v1/models",
    "node": "backends at /backends",
    "hub": "the backends of all nodes at /admin/api/backends",
}
