"""Handlers for signing in and out with a browser."""

from datetime import UTC, datetime
from math import ceil
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from backend_registry._web import Access, Call, RefusedRequestError, Role, host_asked, is_from_here, is_loopback, problem
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.operation_schemas import SessionAnswer, SignIn
from backend_registry.hub.sessions import COOKIE, SESSION_S, Session

__all__ = ("get_session", "sign_in", "sign_out")

_NOT_KEPT: Final = {"cache-control": "no-store"}
_CHALLENGE: Final = {"www-authenticate": 'Bearer realm="backend_registry", error="invalid_token"', **_NOT_KEPT}


async def sign_in(call: Call[HubContext]) -> Response:
    """Make a session for the bearer of a token."""
    asked: SignIn = call.body
    auth, request = call.context.auth, call.request
    if auth.open:
        # Strangers learn no more here than anywhere else.
        refusal = auth.refusal(request.headers, Access.ADMIN, writes=True)
        return refusal or _answer(call, None)
    if not is_from_here(request.headers):
        # Else a page could sign somebody in under a token of its own.
        raise RefusedRequestError(403, "a page of another site may not sign anybody in", "cross_site")
    peer = request.client.host if request.client is not None else ""
    wait_s = auth.guesses.wait_s(peer)
    if wait_s:
        return _later(wait_s)
    session = auth.sign_in(asked.token, peer)
    if session is None:
        detail = "token: is not known here; give the token that is in the hub's environment"
        return problem(401, detail, _CHALLENGE, code="unauthorized")
    answer = _answer(call, session)
    answer.set_cookie(COOKIE, session.cookie, max_age=SESSION_S, **_cookie_facts(request))
    return answer


async def sign_out(call: Call[HubContext]) -> Response:
    """End the session of the request, if it has one."""
    call.context.auth.sign_out(call.request.headers)
    answer = Response(status_code=204, headers=_NOT_KEPT)
    answer.delete_cookie(COOKIE, **_cookie_facts(call.request))
    return answer


async def get_session(call: Call[HubContext]) -> Response:
    """Who asks, and what a page needs to change something."""
    headers = call.request.headers
    by_cookie = "authorization" not in headers
    return _answer(call, call.context.auth.session_of(headers) if by_cookie else None)


def _answer(call: Call[HubContext], session: Session | None) -> Response:
    auth, headers = call.context.auth, call.request.headers
    admin = auth.open or (session.role if session is not None else auth.role_of(headers)) is Role.ADMIN
    answer = SessionAnswer(
        role="operator" if admin else "viewer",
        sign_in="not_needed" if auth.open else "needed",
        expires_at=datetime.fromtimestamp(session.expires_s, UTC) if session is not None else None,
        csrf=session.csrf if session is not None else None,
    )
    return Response(answer.model_dump_json(), headers=_NOT_KEPT, media_type="application/json")


def _later(wait_s: float) -> Response:
    seconds = ceil(wait_s)
    return problem(
        429,
        f"there were too many wrong tokens; try again in {seconds} s",
        {"retry-after": str(seconds), **_NOT_KEPT},
        code="too_many_guesses",
    )


def _cookie_facts(request: Request) -> dict[str, Any]:
    """The attributes of the cookie, the same when it is set and when it is taken back.

    It goes over plain HTTP to this very machine only. Behind a proxy that ends TLS the scheme is http here too, but the name is
    not a loopback name.
    """
    plain = request.url.scheme == "http" and is_loopback(host_asked(request.headers))
    path = f"{request.scope.get('root_path', '')}/admin"
    return {"path": path, "secure": not plain, "httponly": True, "samesite": "strict"}
