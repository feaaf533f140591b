"""`GET /backends` and `GET /healthz`."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from backend_registry import Registry
from backend_registry._web import json_answer, problem
from backend_registry.node.encoding import encode_backends

__all__ = ("node_routes",)

_LIMIT: Final = 200
_LIMIT_MOST: Final = 1000
_OFFSET_MOST: Final = 2**31 - 1
_DIGITS_MOST: Final = 12


class NodeApi:
    """Reads a registry, never writes to it."""

    def __init__(self, registry: Registry) -> None:
        self._registry: Final = registry

    async def backends(self, request: Request) -> Response:
        """A page of the backends, in the order in which they were added; `X-Total-Count` is how many there are."""
        try:
            limit = _count(request, "limit", _LIMIT, least=1, most=_LIMIT_MOST)
            offset = _count(request, "offset", 0, least=0, most=_OFFSET_MOST)
        except ValueError as error:
            return problem(400, str(error))
        everyone = self._registry.get_all_backends()
        headers = {"x-total-count": str(len(everyone))}
        return json_answer(encode_backends(everyone[offset : offset + limit], clock=self._registry.clock), headers=headers)

    async def healthz(self, _: Request) -> Response:
        """That the process runs and its event loop turns; says nothing about the backends."""
        return json_answer({"status": "ok"})


def _count(request: Request, name: str, default: int, *, least: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    # The length comes first: Python refuses to read ints of thousands of digits.
    if not text.isascii() or not text.isdecimal() or len(text) > _DIGITS_MOST or not least <= int(text) <= most:
        raise ValueError(f"query parameter {name} must be a number from {least} to {most}")
    return int(text)


def node_routes(registry: Registry) -> list[BaseRoute]:
    """The node API's routes over `registry`."""
    api = NodeApi(registry)
    return [
        Route("/backends", api.backends, methods=["GET"]),
        Route("/healthz", api.healthz, methods=["GET"]),
    ]
