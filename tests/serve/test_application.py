"""Answers to what is not there: in the form that the client of that path expects."""

import asyncio
import contextlib
import json

import pytest
import starlette.routing

from backend_registry import Registry, serve
from backend_registry.config import FleetConfig


async def ask(application, method, path):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": []}
    # The framework answers first and lets the error go on, for the server's log.
    with contextlib.suppress(ZeroDivisionError):
        await application(scope, receive, send)
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent))


@pytest.fixture
def answer():
    async def broken(request):
        raise ZeroDivisionError

    def run(method, path):
        application = serve._application(FleetConfig(), Registry(), None)
        application.router.routes += [starlette.routing.Route(path, broken) for path in ("/v1/broken", "/broken")]
        return asyncio.run(ask(application, method, path))

    return run


def test_unknown_path_under_v1_is_an_openai_error(answer):
    status, document = answer("GET", "/v1/nothing")
    assert status == 404
    assert document["error"] == {
        "message": "GET /v1/nothing: Not Found",
        "type": "invalid_request_error",
        "param": None,
        "code": "unknown_url",
    }


def test_other_unknown_path_is_a_problem_document(answer):
    status, document = answer("GET", "/nothing")
    assert (status, document["status"], document["detail"]) == (404, 404, "GET /nothing: Not Found")


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/chat/completions"), ("POST", "/backends"), ("DELETE", "/v1/models")])
def test_wrong_method_is_refused(answer, method, path):
    assert answer(method, path)[0] == 405


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
