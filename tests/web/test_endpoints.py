"""Routes made of a table, wherever they are mounted and whatever server calls them."""

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Match, Mount

from backend_registry._web import Access, Answer, Auth, Endpoint, endpoint_routes
from backend_registry.config import AuthConfig
from tests.web.running import RunningApp


async def echo(call):
    return PlainTextResponse(f"{call.context} {call.path}")


TABLE = (
    Endpoint("GET", "/things/all", Access.READ, echo, "All", {200: Answer("It.")}),
    Endpoint("GET", "/things/{thing}", Access.READ, echo, "One", {200: Answer("It.")}),
    Endpoint("DELETE", "/things/{thing}", Access.ADMIN, echo, "Away with it", {200: Answer("It.")}),
)


def routes():
    return endpoint_routes(TABLE, "context", Auth(AuthConfig(), loopback=True, environ={}), body_limit=10)


def test_each_path_is_one_route_that_knows_its_methods():
    assert [(route.path, route.methods) for route in routes()] == [
        ("/things/all", {"GET", "HEAD"}),
        ("/things/{thing}", {"GET", "HEAD", "DELETE"}),
    ]


def test_a_word_of_the_path_is_a_variable_where_the_method_wants_one():
    with RunningApp(routes) as app:
        assert app.ask("GET", "/things/all").body == b"context {}"
        assert app.ask("DELETE", "/things/all").body == b"context {'thing': 'all'}"


def test_routes_can_be_mounted():
    with RunningApp(lambda: [Mount("/api v1", routes=routes())]) as app:
        assert app.ask("GET", "/api%20v1/things/a%2Fb").body == b"context {'thing': 'a/b'}"


@pytest.mark.parametrize(
    ("scope", "match"),
    [
        ({"type": "http", "method": "GET", "path": "/things/a b"}, Match.FULL),
        ({"type": "http", "method": "PUT", "path": "/things/a b"}, Match.PARTIAL),
        ({"type": "http", "method": "GET", "path": "/things"}, Match.NONE),
        ({"type": "websocket", "path": "/things/a b"}, Match.NONE),
    ],
)
def test_a_server_need_not_pass_the_path_as_it_was_sent(scope, match):
    found, more = routes()[1].matches(scope)
    assert found is match
    assert more.get("path_params", {"thing": "a b"}) == {"thing": "a b"}
