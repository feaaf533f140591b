"""`Tracing`: OpenTelemetry spans of gateway requests, one for each and below it one for each backend that was asked.

The gateway knows nothing of this. A request's span is begun and ended by a wrapper around the application, an attempt's by the
HTTP client's own trace hooks, which also hand the trace on to the backend in `traceparent`; what both were about is told by the
gateway's observer calls. They find each other through a context variable, which tasks inherit. Health checks and discovery
speak outside of any request and leave no spans.

Names are those of OpenTelemetry's conventions for HTTP and for generative AI. No content, no query and no header is recorded.
"""

import threading
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from types import SimpleNamespace
from typing import Final

import aiohttp
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend_registry import BackendType, Registry
from backend_registry.telemetry.metrics import EndedRequestFacts

__all__ = ("EXPORTERS", "Tracing")

EXPORTERS: Final[Mapping[str, type[SpanExporter]]] = {"otlp": OTLPSpanExporter, "console": ConsoleSpanExporter}
"""Values of `OTEL_TRACES_EXPORTER` that are understood, beside `none`."""

_CLOSE_S: Final = 5.0
_PATHS: Final = "/v1/"
_TRACE_HEADERS: Final = (b"traceparent", b"tracestate")
_OPERATIONS: Final = {"chat_completions": "chat", "completions": "text_completion", "responses": "chat"}
"""What the conventions call them; the others keep their own names."""
_PROVIDERS: Final = {BackendType.GOOGLE: "gcp.gemini"}


@dataclass(slots=True)
class _Traced:
    """A gateway request on its way: its path, its span, and that of the backend that is being asked."""

    path: str
    span: Span
    attempt: Span | None = None

    @property
    def operation(self) -> str:
        """What is asked for, as the conventions have it."""
        name = self.path.removeprefix(_PATHS).replace("/", "_")
        return _OPERATIONS.get(name, name)


_current: Final[ContextVar[_Traced | None]] = ContextVar("backend_registry_traced_request", default=None)


class Tracing:
    """Makes spans of what the gateway does and exports them. Fits the gateway's observer. For one event loop.

    Args:
        registry: knows what kind of server a backend is.
        exporter: where spans go. Which are kept, and what the service is called, is said by OpenTelemetry's own variables
            (`OTEL_TRACES_SAMPLER`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` ...).
    """

    def __init__(self, registry: Registry, exporter: SpanExporter) -> None:
        self._registry: Final = registry
        ours = {"service.name": "backend_registry", "service.version": version("backend-registry")}
        self._provider: Final = TracerProvider(resource=_resource(ours), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer: Final = self._provider.get_tracer("backend_registry")
        self._propagator: Final = TraceContextTextMapPropagator()

    def close(self) -> None:
        """Export what is left, in 5 seconds at most. Blocks."""
        # A thread of its own, since a collector that does not answer would keep us for half a minute.
        closing = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        closing.start()
        closing.join(_CLOSE_S)

    # --- a request -----------------------------------------------------------------------------------------------------

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """The application with a span around each gateway request; all others pass untouched."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].startswith(_PATHS):
                await self._in_span(app, scope, receive, send)
            else:
                await app(scope, receive, send)

        return traced

    async def _in_span(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        traced = _Traced(scope["path"], self._begun(scope))

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                traced.span.set_attribute("http.response.status_code", message["status"])
            await send(message)

        token = _current.set(traced)
        try:
            await app(scope, receive, noting)
        except BaseException as error:
            _fail(traced.span, type(error).__name__)
            raise
        finally:
            _current.reset(token)
            traced.span.end()

    def _begun(self, scope: Scope) -> Span:
        context = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _TRACE_HEADERS}
        # The path is in the name only once the gateway has taken the request, so that names are few.
        return self._tracer.start_span(
            "POST /v1",
            context=self._propagator.extract(context),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": "POST", "url.scheme": scope["scheme"]},
        )

    def request_ended(self, ended: EndedRequestFacts) -> None:
        """Say in the request's span what it was about."""
        traced = _current.get()
        if traced is None:
            return
        span = traced.span
        span.update_name(f"POST {traced.path}")
        facts: dict[str, AttributeValue] = {
            "http.route": traced.path,
            "gen_ai.operation.name": traced.operation,
            "gen_ai.request.model": ended.model[:256],
            "gen_ai.response.model": ended.served_model,
            "backend_registry.backend.id": ended.backend_id or "",
            "backend_registry.outcome": str(ended.outcome),
            "backend_registry.attempts": ended.attempts,
            "backend_registry.policy": ended.policy,
            "backend_registry.last_resort": ended.last_resort,
            "backend_registry.fallback": ended.fallback,
        }
        span.set_attributes({name: value for name, value in facts.items() if value != ""})
        if ended.first_byte_s is not None:
            span.set_attribute("gen_ai.response.time_to_first_chunk", ended.first_byte_s)
        if ended.status >= 500 or ended.outcome == "failed":
            _fail(span, str(ended.status))

    # --- asking a backend ----------------------------------------------------------------------------------------------

    def trace_config(self) -> aiohttp.TraceConfig:
        """Hooks for the HTTP client by which backends are asked."""
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._asked)
        config.on_request_end.append(_answered)
        config.on_request_exception.append(_unanswered)
        config.freeze()
        return config

    async def _asked(self, _: aiohttp.ClientSession, __: SimpleNamespace, request: aiohttp.TraceRequestStartParams) -> None:
        traced = _current.get()
        if traced is None:
            return
        # Host and port, but not the url: it may hold a password.
        where: dict[str, AttributeValue] = {"server.address": request.url.host or "", "server.port": request.url.port or 0}
        about: dict[str, AttributeValue] = {"http.request.method": request.method, "gen_ai.operation.name": traced.operation}
        context = set_span_in_context(traced.span)
        traced.attempt = self._tracer.start_span(
            traced.operation, context=context, kind=SpanKind.CLIENT, attributes={**about, **where}
        )
        self._propagator.inject(request.headers, context=set_span_in_context(traced.attempt))

    def attempt_ended(self, model: str, backend_id: str, outcome: str) -> None:
        """End the span of an attempt, with what it was about."""
        traced = _current.get()
        if traced is None or traced.attempt is None:
            return
        span, traced.attempt = traced.attempt, None
        backend = self._registry.get_backend(backend_id)
        kind = backend.backend_type if backend is not None else BackendType.GENERIC
        span.update_name(f"{traced.operation} {model}")
        span.set_attributes(
            {
                "gen_ai.request.model": model,
                "gen_ai.provider.name": _PROVIDERS.get(kind, kind.value),
                "backend_registry.backend.id": backend_id,
                "backend_registry.outcome": str(outcome),
            }
        )
        if outcome in ("failed", "overloaded"):
            _fail(span, str(outcome))
        span.end()


async def _answered(_: aiohttp.ClientSession, __: SimpleNamespace, answer: aiohttp.TraceRequestEndParams) -> None:
    traced = _current.get()
    if traced is not None and traced.attempt is not None:
        traced.attempt.set_attribute("http.response.status_code", answer.response.status)


async def _unanswered(_: aiohttp.ClientSession, __: SimpleNamespace, failure: aiohttp.TraceRequestExceptionParams) -> None:
    traced = _current.get()
    if traced is not None and traced.attempt is not None:
        # Its text may quote an address with a password in it.
        traced.attempt.add_event("exception", {"exception.type": type(failure.exception).__name__})


def _fail(span: Span, kind: str) -> None:
    span.set_status(StatusCode.ERROR)
    span.set_attribute("error.type", kind)


def _resource(ours: Mapping[str, str]) -> Resource:
    """What the spans say about this service; what the environment says about it goes before."""
    told = Resource.create()
    # Without a name in the environment the SDK makes one up.
    made_up = str(told.attributes.get("service.name", "")).startswith("unknown_service")
    return told.merge(Resource(ours)) if made_up else Resource(ours).merge(told)
