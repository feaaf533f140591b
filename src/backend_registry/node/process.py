"""Handlers about the process itself: whether it runs, whether it is ready, its metrics, and what its API is."""

import asyncio
from collections.abc import Callable
from typing import cast

from starlette.responses import Response

from backend_registry._web import Call, RefusedRequestError, json_answer, known_or_new
from backend_registry.node.context import Node

__all__ = ("healthz", "metrics", "openapi", "readyz")


async def healthz(_: Call[Node]) -> Response:
    """That the process runs and its event loop turns."""
    return json_answer({"status": "ok"})


async def readyz(call: Call[Node]) -> Response:
    """Whether this process should be sent requests."""
    reason = call.context.readiness.why_not()
    if reason:
        raise RefusedRequestError(503, reason, "not_ready")
    return json_answer({"status": "ready"})


async def metrics(call: Call[Node]) -> Response:
    """The metrics, for Prometheus. Those of a large fleet take a while, in which others must not wait."""
    exposition = cast("Callable[[str], tuple[bytes, str]]", call.context.metrics)
    body, content_type = await asyncio.to_thread(exposition, call.request.headers.get("accept", ""))
    return Response(body, headers={"content-type": content_type})


async def openapi(call: Call[Node]) -> Response:
    """What this API takes and gives."""
    return known_or_new(call.request, call.context.openapi)
