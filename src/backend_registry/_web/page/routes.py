"""The routes of the admin page.

    /              to the page, for browsers, if nothing else is there
    /admin         to /admin/
    /admin/        the page; so is every path below it that is nothing else, since the page finds its way by itself
    /admin/assets  its files

`/admin/api` is the hub's API and none of this. All addresses are relative, so the page works behind a proxy that puts a prefix
in front of it, whether the process knows of that prefix or not.
"""

from collections.abc import Sequence
from html import escape
from importlib.metadata import version
from typing import Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from backend_registry._web.answers import is_known, problem
from backend_registry._web.auth import Auth
from backend_registry._web.encodings import preferred_encoding
from backend_registry._web.endpoints import segments_sent
from backend_registry._web.page.build import Asset, BuiltPage
from backend_registry._web.page.headers import PAGE_HEADERS

__all__ = ("page_routes",)

_METHODS: Final = ("GET", "HEAD")
_ROOT: Final = ["", ""]
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_NOT_BUILT: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>No admin page</title>
</head>
<body>
<h1>The admin page is not in this installation</h1>
<p>The hub works, and its API is at <code>/admin/api</code>; only the page was not built, or was left out when the package was
installed with <code>BACKEND_REGISTRY_NO_PAGE</code> set.</p>
<p>To build it, run this where the sources are, without that variable, and start again:</p>
<pre>python -m pip install -e ".[server]"</pre>
</body>
</html>
"""


def page_routes(page: BuiltPage | None, auth: Auth) -> list[BaseRoute]:
    """The routes of the page; to be the last ones, since they take every path below `/admin/`.

    Args:
        page: what is served; None if none was built, which is said to those who look for it.
        auth: knows who is a stranger where there are no tokens.
    """
    return [_PageRoute(page, auth)]


class _PageRoute(BaseRoute):
    """Serves the page. For one event loop. Cost of an answer: about 20 microseconds and its bytes."""

    def __init__(self, page: BuiltPage | None, auth: Auth) -> None:
        self._page: Final = page
        self._auth: Final = auth
        self._version: Final = f'<meta name="version" content="{escape(version("backend-registry"))}">'

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this is a path of the page; partly, if the method is another."""
        if scope["type"] != "http":
            return Match.NONE, {}
        segments = segments_sent(scope)
        reads = scope["method"] in _METHODS
        if segments == _ROOT:
            # Others than browsers are told there what there is.
            wanted = reads and "text/html" in Request(scope).headers.get("accept", "")
            return Match.FULL if wanted else Match.NONE, {"endpoint": self}
        if segments[1:2] != ["admin"] or unquote("".join(segments[2:3])) == "api":
            return Match.NONE, {}
        return Match.FULL if reads else Match.PARTIAL, {"endpoint": self}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope)
        answer = self._refusal(request) or self._answer(request, segments_sent(scope))
        answer.headers.update(PAGE_HEADERS)
        await answer(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        if request.method not in _METHODS:
            allowed = ", ".join(_METHODS)
            detail = f"{request.method} cannot be done to a page; it takes {allowed}"
            return problem(405, detail, {"allow": allowed}, code="method_not_allowed")
        return self._auth.refusal_of_stranger(request.headers)

    def _answer(self, request: Request, segments: Sequence[str]) -> Response:
        if len(segments) == 2:
            # Relative to `/` and to `/admin` alike.
            query = f"?{request.url.query}" if request.url.query else ""
            return Response(status_code=307, headers={"location": f"admin/{query}", "cache-control": "no-store"})
        if self._page is None:
            return HTMLResponse(_NOT_BUILT, 503, {"cache-control": "no-store"})
        name = unquote("/".join(segments[2:]))
        asset = self._page.assets.get(name)
        if asset is not None:
            return _file(request, asset)
        if segments[2] == "assets":
            return problem(404, "the page has no such file; load the page again", code="unknown_asset")
        base = f'<base href="{"../" * (len(segments) - 3) or "./"}">'
        return HTMLResponse(self._page.index((base + self._version).encode()), headers={"cache-control": "no-store"})


def _file(request: Request, asset: Asset) -> Response:
    """A file in the encoding that the client likes best; 304 if the client has it."""
    encoding = preferred_encoding(request.headers.getlist("accept-encoding"), asset.variants)
    variant = asset.variants[encoding]
    headers = {
        "etag": variant.etag,
        "cache-control": _FOR_EVER if asset.immutable else "no-cache",
        "vary": "accept-encoding",
    }
    if is_known(request.headers, variant.etag):
        return Response(status_code=304, headers=headers)
    if encoding != "identity":
        headers["content-encoding"] = encoding
    return Response(variant.body, headers={**headers, "content-type": asset.media_type})
