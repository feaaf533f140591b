"""Handlers about the process itself: whether it runs, whether it is ready, its metrics, and what its API is."""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from starlette.responses import Response

from backend_registry._web import Call, RefusedRequestError, json_answer, known_or_new
from backend_registry.node.readiness import Stopping

__all__ = ("Process", "healthz", "metrics", "openapi", "readyz")


class Process(Protocol):
    """What these handlers look at; a `Node` has all of it."""

    @property
    def readiness(self) -> Stopping:
        """Whether this process should be sent requests."""
        ...

    @property
    def metrics(self) -> Callable[[str], tuple[bytes, str]] | None:
        """Gives the metrics and their content type, by the Accept header of who asks, in any thread; None if there are none."""
        ...

    @property
    def openapi(self) -> bytes:
        """The OpenAPI document, as JSON."""
        ...


async def healthz(_: Call[Process]) -> Response:
    """That the process runs and its event loop turns."""
    return json_answer({"status": "ok"})


async def readyz(call: Call[Process]) -> Response:
    """Whether this process should be sent requests."""
    reason = call.context.readiness.why_not()
    if reason:
        raise RefusedRequestError(503, reason, "not_ready")
    return json_answer({"status": "ready"})


async def metrics(call: Call[Process]) -> Response:
    """The metrics, for Prometheus. Those of a large fleet take a while, in which others must not wait."""
    exposition = cast("Callable[[str], tuple[bytes, str]]", call.context.metrics)
    body, content_type = await asyncio.to_thread(exposition, call.request.headers.get("accept", ""))
    return Response(body, headers={"content-type": content_type})


async def openapi(call: Call[Process]) -> Response:
    """What this API takes and gives."""
    return known_or_new(call.request, call.context.openapi)
