"""Endpoints as data: one table of them makes the routes, the OpenAPI document and the tests of who may do what.

A path's variables are taken from the path as it was sent, before percent-decoding, so that an id may hold slashes:
`/backends/a%2Fb/drain` is about the backend `a/b`. In the path that an ASGI server decodes, `a%2Fb` and `a/b` look alike.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote, unquote_to_bytes

from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from backend_registry._web.answers import problem
from backend_registry._web.auth import Access, Auth
from backend_registry._web.reading import RefusedRequestError, check_media_type, read_body, read_query

__all__ = ("Answer", "Call", "Endpoint", "EndpointRoute", "endpoint_routes", "segments_sent")

_READING: Final = ("GET", "HEAD")

Context = TypeVar("Context")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that an endpoint may give.

    Attributes:
        description: what it means.
        model: what its JSON is; None if it has none.
        many: whether it is an array of that.
        media_type: of its body.
        headers: name and meaning of each header that belongs to it.
    """

    description: str
    model: type[BaseModel] | None = None
    many: bool = False
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call(Generic[Context]):
    """One request, after all checks.

    Attributes:
        context: what the endpoints work on.
        request: the request itself.
        path: the variables of the path, decoded.
        query: the parameters, as the endpoint's query model; None if it has none.
        body: the body, as the endpoint's body model; None if it has none.
    """

    context: Context
    request: Request
    path: Mapping[str, str]
    query: Any
    body: Any


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[Context]):
    """One method on one path. `answers` are those on success; `problems` are statuses of its own, beside those of all."""

    method: str
    path: str
    access: Access
    handler: Callable[[Call[Context]], Awaitable[ASGIApp]]
    summary: str
    answers: Mapping[int, Answer]
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    problems: Mapping[int, str] = field(default_factory=dict)
    description: str = ""

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method not in _READING


class EndpointRoute(BaseRoute, Generic[Context]):
    """All endpoints of one path.

    Attributes:
        path: the path, its variables in braces.
        endpoints: method to endpoint.
    """

    def __init__(self, endpoints: Mapping[str, Endpoint[Context]], context: Context, auth: Auth, body_limit: int) -> None:
        self.endpoints: Final = endpoints
        self.path: Final = next(iter(endpoints.values())).path
        self._segments: Final = self.path.split("/")
        self._context: Final = context
        self._auth: Final = auth
        self._body_limit: Final = body_limit

    @property
    def methods(self) -> frozenset[str]:
        """The methods that it answers."""
        names = self.endpoints.keys()
        return frozenset({*names, "HEAD"} if "GET" in names else names)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this is the path; partly, if the method is another."""
        if scope["type"] != "http":
            return Match.NONE, {}
        variables = _variables(self._segments, segments_sent(scope))
        if variables is None:
            return Match.NONE, {}
        match = Match.FULL if scope["method"] in self.methods else Match.PARTIAL
        return match, {"path_params": variables, "endpoint": self}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except RefusedRequestError as refused:
            facts: dict[str, Any] = {"errors": refused.errors} if refused.errors else {}
            answer = problem(refused.status, refused.detail, code=refused.code, **facts)
        except ClientDisconnect:
            return
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> ASGIApp:
        method = "GET" if request.method == "HEAD" else request.method
        endpoint = self.endpoints.get(method)
        if endpoint is None:
            allowed = ", ".join(sorted(self.methods))
            detail = f"{request.method} cannot be done to {self.path}; it takes {allowed}"
            return problem(405, detail, {"allow": allowed}, code="method_not_allowed")
        refusal = self._auth.refusal(request.headers, endpoint.access, writes=endpoint.writes)
        if refusal is not None:
            return refusal
        query = read_query(request.query_params, endpoint.query) if endpoint.query else None
        body = await read_body(request, endpoint.body, self._body_limit) if endpoint.body else None
        if endpoint.writes and not endpoint.body:
            check_media_type(request.headers, needed=False)
        return await endpoint.handler(Call(self._context, request, request.path_params, query, body))


def endpoint_routes(
    endpoints: Iterable[Endpoint[Context]], context: Context, auth: Auth, *, body_limit: int
) -> list[BaseRoute]:
    """One route per path, in the order of the table: a path without variables stands before one that would take it in.

    Args:
        endpoints: the table.
        context: what handlers get as `Call.context`.
        auth: decides who may go on.
        body_limit: bytes of a body at most.
    """
    by_path: dict[str, dict[str, Endpoint[Context]]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return [EndpointRoute(methods, context, auth, body_limit) for methods in by_path.values()]


def segments_sent(scope: Scope) -> list[str]:
    """The parts of the path between its slashes, the first of which is empty; still percent-encoded, without a prefix."""
    raw = scope.get("raw_path")
    path = raw.decode("latin-1") if raw is not None else quote(scope["path"])
    return path.removeprefix(quote(scope.get("root_path", ""))).split("/")


def _variables(template: list[str], sent: list[str]) -> dict[str, str] | None:
    """The values of the braced parts of a path; None if it is another path."""
    if len(template) != len(sent):
        return None
    variables: dict[str, str] = {}
    for wanted, part in zip(template, sent, strict=True):
        if not wanted.startswith("{"):
            if wanted != part:
                return None
            continue
        try:
            value = unquote_to_bytes(part).decode()
        except UnicodeDecodeError:
            return None
        if not value:
            return None
        variables[wanted[1:-1]] = value
    return variables
