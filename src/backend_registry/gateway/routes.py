"""The gateway's routes."""

from typing import Final

import aiohttp
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from backend_registry import Registry
from backend_registry.config import GatewayConfig
from backend_registry.gateway.disconnect import CancelOnDisconnect
from backend_registry.gateway.forward import Forwarding
from backend_registry.gateway.listing import ModelListing
from backend_registry.gateway.refusals import RefusedError
from backend_registry.gateway.relay import relay
from backend_registry.gateway.request import ClientGoneError, read_request

__all__ = ("gateway_routes",)


class Gateway:
    """An ASGI application for every path whose request names a model.

    Written against ASGI itself, since a framework's streaming answer costs a task group per request and notices a client that
    hung up only at the next chunk.
    """

    def __init__(self, registry: Registry, session: aiohttp.ClientSession, settings: GatewayConfig, body_limit: int) -> None:
        self._registry: Final = registry
        self._session: Final = session
        self._settings: Final = settings
        self._body_limit: Final = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            request = await read_request(scope, receive, self._body_limit)
        except ClientGoneError:
            return
        except RefusedError as refusal:
            await refusal.answer()(scope, receive, send)
            return
        async with CancelOnDisconnect(receive):
            with Forwarding(self._registry, self._session, self._settings) as forwarding:
                try:
                    lease, answer = await forwarding.first_answer(request)
                except RefusedError as refusal:
                    await refusal.answer()(scope, receive, send)
                    return
                await relay(answer, lease, send, forwarding.deadline, self._own_headers(lease.backend.id, forwarding.attempts))

    def _own_headers(self, backend_id: str, attempts: int) -> dict[str, str]:
        if not self._settings.expose_headers:
            return {}
        return {"x-backend-id": backend_id, "x-attempts": str(attempts)}


def gateway_routes(
    registry: Registry, session: aiohttp.ClientSession, settings: GatewayConfig, *, body_limit: int
) -> list[BaseRoute]:
    """The OpenAI-compatible routes over `registry`.

    Args:
        registry: where requests are leased.
        session: the HTTP client, see `health.open_session`.
        settings: the `[gateway]` table.
        body_limit: bytes of a request body at most.
    """
    gateway = Gateway(registry, session, settings, body_limit)
    return [
        Route("/v1/chat/completions", gateway, methods=["POST"]),
        Route("/v1/models", ModelListing(registry).answer, methods=["GET"]),
    ]
