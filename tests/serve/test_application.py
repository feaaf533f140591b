"""Answers to what is not there: in the form that the client of that path expects."""

import asyncio
import contextlib
import json
import re

import pytest
import starlette.routing

from backend_registry import Backend, Registry
from backend_registry.config import GatewayConfig
from backend_registry.gateway import gateway_routes
from backend_registry.serve.application import application


async def ask(app, method, path, body=b"", scope=None):
    sent = []
    parts = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def send(message):
        sent.append(message)

    async def receive():
        # After the body nothing comes until the client leaves, and this one stays.
        return next(parts, None) or await asyncio.Future()

    scope = {} if scope is None else scope
    scope |= {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": []}
    # The framework answers first and lets the error go on, for the server's log.
    with contextlib.suppress(ZeroDivisionError):
        await app(scope, receive, send)
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent))


@pytest.fixture
def answer():
    async def broken(request):
        raise ZeroDivisionError

    def run(method, path):
        routes = [starlette.routing.Route(path, broken, methods=["GET"]) for path in ("/v1/broken", "/broken")]
        return asyncio.run(ask(application(routes), method, path))

    return run


REMEDY = "; models are at /v1/models, backends at /backends, and /openapi.json says what else there is"


def test_unknown_path_under_v1_is_an_openai_error(answer):
    status, document = answer("GET", "/v1/nothing")
    assert status == 404
    assert document["error"] == {
        "message": f"GET /v1/nothing: Not Found{REMEDY}",
        "type": "invalid_request_error",
        "param": None,
        "code": "unknown_url",
    }


@pytest.mark.parametrize("path", ["/nothing", "/", "/v1"])
def test_other_unknown_path_is_a_problem_document_that_says_what_there_is(answer, path):
    assert answer("GET", path) == (
        404,
        {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": f"GET {path}: Not Found{REMEDY}",
            "code": "unknown_url",
        },
    )


def test_wrong_method_is_refused_and_the_right_one_named(answer):
    status, document = answer("POST", "/v1/broken")
    assert (status, document["error"]["code"]) == (405, "method_not_allowed")
    assert re.search("it takes (GET, HEAD|HEAD, GET)$", document["error"]["message"])
    status, document = answer("DELETE", "/broken")
    assert (status, document["code"]) == (405, "method_not_allowed")
    assert re.search("it takes (GET, HEAD|HEAD, GET)$", document["detail"])


def test_unexpected_error_is_a_500_without_details(answer):
    assert answer("GET", "/v1/broken") == (
        500,
        {
            "error": {
                "message": "internal error, see the server's log",
                "type": "server_error",
                "param": None,
                "code": "internal_error",
            }
        },
    )
    assert answer("GET", "/broken")[1]["detail"] == "internal error, see the server's log"


def test_what_is_to_be_passed_on_takes_the_short_way_and_an_unexpected_error_there_is_answered_alike(caplog):
    class Broken(Registry):
        """Cannot lease anything, for no reason that anybody knows."""

        def acquire(self, *_, **__):
            raise ZeroDivisionError

    registry = Broken()
    registry.add_backend(Backend("a", "http://a:1", models=["m"]))

    async def run():
        app = application(gateway_routes(registry, None, GatewayConfig(), body_limit=1000))
        return await ask(app, "POST", "/v1/chat/completions", b'{"model": "m", "messages": []}', seen := {}), seen

    (status, document), scope = asyncio.run(run())
    assert (status, document["error"]["code"]) == (500, "internal_error")
    assert "ZeroDivisionError" in caplog.text
    # The framework leaves its name in every request that it gets to see.
    assert "app" not in scope
