"""`hub_routes`: the hub's API over its parts."""

from typing import Final

from starlette.routing import BaseRoute

from backend_registry._web import endpoint_routes
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.operation_table import BODY_LIMIT
from backend_registry.hub.api.table import ENDPOINTS

__all__ = ("hub_routes",)

_SMALL: Final = 65_536
"""Bytes. Signing in is for everybody, so no more is read for it than it takes; nothing else but a batch takes more."""
_BATCH: Final = "/admin/api/backends:batch"


def hub_routes(context: HubContext) -> list[BaseRoute]:
    """The routes of the hub's API.

    Args:
        context: the parts of the hub that it shows and steers.
    """
    batch = [endpoint for endpoint in ENDPOINTS if endpoint.path == _BATCH]
    others = [endpoint for endpoint in ENDPOINTS if endpoint.path != _BATCH]
    return [
        *endpoint_routes(batch, context, context.auth, body_limit=BODY_LIMIT),
        *endpoint_routes(others, context, context.auth, body_limit=_SMALL),
    ]
