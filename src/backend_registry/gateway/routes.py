"""The gateway's routes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import aiohttp
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from backend_registry import Backend, InvalidValueError, Registry
from backend_registry._web import ClientKeys
from backend_registry.config import GatewayConfig
from backend_registry.gateway.endpoints import ENDPOINTS, Endpoint
from backend_registry.gateway.exchange import Exchange
from backend_registry.gateway.gateway import Gateway
from backend_registry.gateway.listing import ModelListing
from backend_registry.gateway.observer import GatewayObserver

__all__ = ("gateway_routes", "with_shortcuts")


class _Door:
    """An ASGI application for one path.

    Written against ASGI itself, since a framework's streaming answer costs a task group per request and notices a client that
    hung up only at the next chunk.
    """

    def __init__(self, gateway: Gateway, endpoint: Endpoint) -> None:
        self._gateway: Final = gateway
        self._endpoint: Final = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        exchange = Exchange(self._gateway, self._endpoint)
        try:
            await exchange.serve(scope, receive, send)
        finally:
            if self._gateway.observer is not None:
                self._gateway.observer.request_ended(exchange.ended())


def _nobody(_: object) -> None:
    """Listens to what nobody else wants to know."""


def gateway_routes(  # noqa: PLR0913 -- one argument per part that the composition root has made, most by name
    registry: Registry,
    session: aiohttp.ClientSession,
    settings: GatewayConfig,
    *,
    body_limit: int,
    aliases: Mapping[str, str] | None = None,
    fallbacks: Mapping[str, Sequence[str]] | None = None,
    keys: ClientKeys | None = None,
    probe_soon: Callable[[Backend], None] | None = None,
    observer: GatewayObserver | None = None,
    queue_changed: Callable[[int], None] | None = None,
) -> list[BaseRoute]:
    """The OpenAI-compatible routes over `registry`, for one event loop.

    Args:
        registry: where requests are leased.
        session: the HTTP client, see `health.open_session`.
        settings: the `[gateway]` table.
        body_limit: bytes of a request body at most.
        aliases: other names of models, each with the model itself; not followed any further. Looked at for each request, so
            what is changed in place is in force at once; the same holds for `fallbacks`.
        fallbacks: the models to try after a model, in order; neither holds aliases.
        keys: who may come in; None admits everybody.
        probe_soon: asked to have a backend looked at, when it refuses a credential or lacks a model that it lists.
        observer: told about every request that has ended.
        queue_changed: told how many requests wait for a backend, whenever that changes; must not raise.

    Raises:
        InvalidValueError: clients' keys are both checked here and forwarded, so backends would get to see them.
    """
    if keys and settings.forward_client_auth:
        raise InvalidValueError(
            "forward_client_auth",
            "is on, and clients must show a key that is meant for this gateway alone",
            "turn it off, or take out the client keys",
        )
    gateway = Gateway(
        registry=registry,
        session=session,
        settings=settings,
        body_limit=body_limit,
        aliases={} if aliases is None else aliases,
        fallbacks={} if fallbacks is None else fallbacks,
        keys=keys,
        probe_soon=probe_soon or _nobody,
        observer=observer,
        queue_changed=queue_changed or _nobody,
    )
    listing = ModelListing(gateway)
    return [
        *(Route(endpoint.path, _Door(gateway, endpoint), methods=["POST"]) for endpoint in ENDPOINTS),
        Route("/v1/models", listing.all, methods=["GET"]),
        Route("/v1/models/{model:path}", listing.one, methods=["GET"]),
    ]


def with_shortcuts(routes: Iterable[BaseRoute], otherwise: ASGIApp) -> ASGIApp:
    """An application that serves the requests that are passed on by a straight way, and all others by `otherwise`.

    A framework's way through its middleware and routes takes a fifth of the time of a short request.

    Args:
        routes: those of the gateway, perhaps among others.
        otherwise: the application with all the routes, and with what answers where there are none.
    """
    doors = {route.path: route.app for route in routes if isinstance(route, Route) and isinstance(route.app, _Door)}

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        straight = doors.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        await (straight or otherwise)(scope, receive, send)

    return application
