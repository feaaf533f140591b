"""`BackendService.ListBackends`: the list of `GET /backends` as a remote procedure call."""

from typing import Any, Final

import msgspec
from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from backend_registry import Registry
from backend_registry._web import (
    Access,
    Auth,
    Enumerated,
    Message,
    RpcBackend,
    RpcError,
    RpcStatus,
    rpc_route,
)
from backend_registry.config import AuthConfig
from backend_registry.discovery import Fleet
from backend_registry.node.entries import Entries
from backend_registry.node.queries import BackendsQuery
from backend_registry.node.reads import page_of_backends

__all__ = ("ListBackendsRequest", "ListBackendsResponse", "rpc_routes")

_PATH: Final = "/backend_registry.v1.BackendService/ListBackends"
_BODY_LIMIT: Final = 65_536
_STATUSES: Final = {"available": RpcStatus.AVAILABLE, "unavailable": RpcStatus.UNAVAILABLE}


class ListBackendsRequest(Message):
    """Which backends; what is left out does not matter."""

    kind: str = ""
    operation: str = ""
    transport: str = ""
    status: Enumerated[RpcStatus] = RpcStatus.UNSPECIFIED
    limit: int = Field(default=0, ge=0, lt=2**32)
    """At most; 0 is 200."""
    offset: int = Field(default=0, ge=0, lt=2**32)


class ListBackendsResponse(Message):
    """One page of them, sorted by id."""

    backends: tuple[RpcBackend, ...]
    total_count: int
    """How many there are in all that were asked for."""


def rpc_routes(registry: Registry, fleet: Fleet | None = None, auth: Auth | None = None) -> list[BaseRoute]:
    """The routes of the service, for those who may read the node API.

    Args:
        registry: the backends that are shown.
        fleet: knows where they are from; None if the registry is filled by its embedder alone.
        auth: who may read; without it only this machine may.
    """
    entries = Entries(registry, fleet)
    admitted = auth or Auth(AuthConfig(), loopback=True, environ={})

    def refusal(request: Request) -> Response | None:
        return admitted.refusal(request.headers, Access.READ, writes=False)

    async def listed(_: Request, asked: ListBackendsRequest) -> ListBackendsResponse:
        array, page = await page_of_backends(registry, entries, _query_of(asked))
        return ListBackendsResponse(backends=tuple(map(_info, msgspec.json.decode(array))), total_count=page.total)

    return [rpc_route(_PATH, ListBackendsRequest, listed, refusal=refusal, body_limit=_BODY_LIMIT)]


def _query_of(asked: ListBackendsRequest) -> BackendsQuery:
    """The same question as parameters of `GET /backends`, with their checks."""
    given: dict[str, Any] = {name: [value] for name in ("kind", "operation", "transport") if (value := getattr(asked, name))}
    given["status"] = [name for name, status in _STATUSES.items() if status is asked.status]
    given |= {name: str(value) for name in ("limit", "offset") if (value := getattr(asked, name))}
    try:
        return BackendsQuery.model_validate(given)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise RpcError("invalid_argument", f"{wrong['loc'][0]}: {wrong['msg'].removeprefix('Input ')}", "invalid") from None


def _info(entry: dict[str, Any]) -> RpcBackend:
    """An entry of `GET /backends` as a message."""
    alike = (
        "name",
        "kind",
        "operations",
        "features",
        "transports",
        "weight",
        "priority",
        "base_url",
        "status_reason",
        "instance_id",
        "id",
    )
    models = tuple(model["id"] for model in entry["models"])
    return RpcBackend(**{name: entry[name] for name in alike}, status=_STATUSES[entry["status"]], models=models)
