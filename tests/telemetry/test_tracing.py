"""Traces: one span for each gateway request, one below it for each backend that was asked, and the trace goes on upstream."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
import time

import pytest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.applications import Starlette

from backend_registry import Registry
from backend_registry.config import GatewayConfig
from backend_registry.gateway import gateway_routes
from backend_registry.health import open_session
from backend_registry.telemetry import open_tracing
from backend_registry.telemetry.tracing import Tracing
from backend_registry.testing import FakeBackend

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


async def ask(app, path, body, headers):
    sent, messages = [], [{"type": "http.request", "body": json.dumps(body).encode()}]

    async def receive():
        return messages.pop() if messages else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    raw = [(b"content-type", b"application/json"), *((name.encode(), value.encode()) for name, value in headers.items())]
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"key=q-canary",
        "headers": raw,
    }
    await app(scope, receive, send)
    return sent[0]["status"]


@pytest.fixture
def fakes():
    with FakeBackend("one", models=["m1"]) as one, FakeBackend("two", kind="vllm", models=["m1"]) as two:
        yield one, two


@pytest.fixture
def traced(fakes):
    """Send one request through a traced gateway; its status, and the spans by name."""

    def run(path="/v1/chat/completions", model="m1", **headers):
        registry = Registry()
        for fake in fakes:
            registry.add_backend(fake.backend())
        exporter = InMemorySpanExporter()
        tracing = Tracing(registry, exporter)

        async def request():
            async with open_session(connect_timeout_s=5, trace_configs=[tracing.trace_config()]) as session:
                routes = gateway_routes(registry, session, GatewayConfig(), body_limit=10**6, observer=tracing)
                app = tracing.wrap(Starlette(routes=routes))
                body = {"model": model, "messages": [{"role": "user", "content": "content-canary"}]}
                return await ask(app, path, body, headers)

        status = asyncio.run(request())
        tracing.close()
        return status, exporter.get_finished_spans()

    return run


def test_a_request_is_a_server_span_and_each_attempt_a_client_span_below_it(traced, fakes):
    status, (attempt, request) = traced()
    assert (status, request.name, request.kind) == (200, "POST /v1/chat/completions", SpanKind.SERVER)
    assert (attempt.name, attempt.kind) == ("chat m1", SpanKind.CLIENT)
    assert attempt.parent.span_id == request.context.span_id
    served = next(fake for fake in fakes if fake.id == attempt.attributes["backend_registry.backend.id"])
    assert attempt.attributes["server.port"] == int(served.url.rpartition(":")[2])
    assert attempt.attributes["gen_ai.provider.name"] == {"one": "openai", "two": "vllm"}[served.id]
    assert attempt.attributes["http.response.status_code"] == request.attributes["http.response.status_code"] == 200
    assert request.attributes["gen_ai.request.model"] == request.attributes["gen_ai.response.model"] == "m1"
    assert request.attributes["backend_registry.outcome"] == "ok"
    assert request.attributes["gen_ai.response.time_to_first_chunk"] > 0
    assert request.resource.attributes["service.name"] == "backend_registry"


def test_a_trace_from_the_client_goes_on_through_us_to_the_backend(traced, fakes):
    _, (attempt, request) = traced(traceparent=PARENT)
    assert f"{request.context.trace_id:032x}" == TRACE
    assert f"{request.parent.span_id:016x}" == PARENT.split("-")[2]
    (seen,) = (seen for fake in fakes for seen in fake.requests)
    assert seen.headers["traceparent"] == f"00-{TRACE}-{attempt.context.span_id:016x}-01"


def test_an_attempt_that_failed_is_an_error_and_the_request_that_was_saved_is_none(traced, fakes):
    for fake in fakes:
        fake.fail("status", status=500, times=1, only="/v1/chat")
    status, spans = traced()
    assert status == 502
    *attempts, request = spans
    assert [attempt.status.status_code for attempt in attempts] == [StatusCode.ERROR] * 2
    assert {attempt.attributes["error.type"] for attempt in attempts} == {"failed"}
    assert (request.status.status_code, request.attributes["error.type"]) == (StatusCode.ERROR, "502")

    fakes[0].fail("reset", after_chunks=0, times=1, only="/v1/chat")
    fakes[1].fail("reset", after_chunks=0, times=1, only="/v1/chat")
    _, spans = traced()
    assert spans[0].events[0].attributes["exception.type"]
    assert "127.0.0.1" not in str(dict(spans[0].events[0].attributes))


def test_a_refused_request_leaves_a_span_without_attempts(traced):
    status, (request,) = traced(model="nobody-has-it")
    assert status == 404
    assert request.attributes["backend_registry.outcome"] in {"refused", "client_error"}
    assert request.status.status_code is StatusCode.UNSET


def test_names_of_spans_are_few_whatever_path_is_asked(traced):
    status, (request,) = traced(path="/v1/anything/at/all")
    assert (status, request.name) == (404, "POST /v1")


def test_no_content_no_query_and_no_key_is_in_a_span(traced):
    _, spans = traced(authorization="Bearer key-canary")
    assert "canary" not in "".join(span.to_json() for span in spans)


def test_other_requests_leave_no_span(fakes):
    exporter = InMemorySpanExporter()
    tracing = Tracing(Registry(), exporter)
    called = []

    async def app(scope, receive, send):
        called.append(scope["path"])

    async def run():
        for scope in (
            {"type": "http", "method": "GET", "path": "/v1/models"},
            {"type": "http", "method": "POST", "path": "/x"},
        ):
            await tracing.wrap(app)(scope, None, None)
        async with open_session(connect_timeout_s=5, trace_configs=[tracing.trace_config()]) as session:
            async with session.get(fakes[0].url + "/v1/models") as answer:
                await answer.read()
            with pytest.raises(OSError):
                await session.get("http://127.0.0.1:1/")

    asyncio.run(run())
    tracing.attempt_ended("m1", "one", "ok")
    tracing.close()
    assert called == ["/v1/models", "/x"]
    assert exporter.get_finished_spans() == ()


def test_an_error_in_the_application_ends_the_span_as_one():
    exporter = InMemorySpanExporter()
    tracing = Tracing(Registry(), exporter)

    async def app(scope, receive, send):
        raise ZeroDivisionError

    scope = {"type": "http", "method": "POST", "scheme": "http", "path": "/v1/chat/completions", "headers": []}
    with pytest.raises(ZeroDivisionError):
        asyncio.run(tracing.wrap(app)(scope, None, None))
    tracing.close()
    (span,) = exporter.get_finished_spans()
    assert span.attributes["error.type"] == "ZeroDivisionError"


def test_a_service_name_in_the_environment_stands(monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "my-router")
    exporter = InMemorySpanExporter()
    tracing = Tracing(Registry(), exporter)
    tracing._tracer.start_span("x").end()
    tracing.close()
    (span,) = exporter.get_finished_spans()
    assert span.resource.attributes["service.name"] == "my-router"


def test_a_collector_that_does_not_answer_does_not_keep_us(monkeypatch):
    from backend_registry.telemetry import tracing as module

    class Stuck(SpanExporter):
        release = threading.Event()

        def export(self, spans):
            self.release.wait(30)
            return SpanExportResult.FAILURE

    monkeypatch.setattr(module, "_CLOSE_S", 0.2)
    stuck = Stuck()
    tracing = Tracing(Registry(), stuck)
    tracing._tracer.start_span("x").end()
    began = time.monotonic()
    tracing.close()
    assert time.monotonic() - began < 10
    stuck.release.set()


# --- whether there are any ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"},
        {"OTEL_SDK_DISABLED": "TRUE", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
    ],
)
def test_there_are_no_traces_unless_they_are_asked_for(environ):
    assert open_tracing(Registry(), environ) is None


@pytest.mark.parametrize(
    "environ",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1"},
        {"OTEL_TRACES_EXPORTER": " OTLP "},
        {"OTEL_TRACES_EXPORTER": "console"},
    ],
)
def test_an_endpoint_or_an_exporter_turns_them_on(environ):
    tracing = open_tracing(Registry(), environ)
    assert isinstance(tracing, Tracing)
    tracing.close()


def test_an_exporter_that_is_not_known_is_logged_and_done_without(caplog):
    with caplog.at_level(logging.WARNING, "backend_registry.telemetry"):
        assert open_tracing(Registry(), {"OTEL_TRACES_EXPORTER": "zipkin"}) is None
    assert "none of otlp, console and none" in caplog.text


def test_without_the_extra_it_is_logged_with_the_command(caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "backend_registry.telemetry.tracing", None)
    with caplog.at_level(logging.WARNING, "backend_registry.telemetry"):
        assert open_tracing(Registry(), {"OTEL_TRACES_EXPORTER": "otlp"}) is None
    assert 'pip install "backend-registry[otel]"' in caplog.text


def test_a_process_without_traces_imports_nothing_of_opentelemetry():
    code = "import sys, backend_registry.telemetry; sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=environ)
