"""`node_routes`: the node API over a registry; `process_routes`: that of a process without one; and their OpenAPI document."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

import msgspec
from starlette.routing import BaseRoute

from backend_registry import Registry
from backend_registry._web import Auth, Endpoint, document_of, endpoint_routes
from backend_registry.config import AuthConfig
from backend_registry.discovery import Fleet
from backend_registry.node.context import Node
from backend_registry.node.entries import Entries
from backend_registry.node.feed import BackendFeed
from backend_registry.node.readiness import Readiness, Stopping
from backend_registry.node.table import ENDPOINTS, METRICS, PROCESS, READS, WRITES

__all__ = ("BODY_LIMIT", "node_routes", "openapi_document", "process_routes")

BODY_LIMIT: Final = 1_000_000
"""Bytes; a backend with all the models and metadata that it may have is smaller."""

_DESCRIPTION: Final = (
    "What one router process knows about its backends, and what an operator may do with them. Errors are problem documents "
    "(RFC 9457). The OpenAI-compatible routes under `/v1` are not part of this document."
)


def openapi_document(endpoints: Iterable[Endpoint[Any]] = ENDPOINTS) -> dict[str, Any]:
    """The OpenAPI document of the node API, or of other endpoints that one process serves."""
    return document_of(
        endpoints, title="backend_registry node API", version=version("backend-registry"), description=_DESCRIPTION
    )


def node_routes(  # noqa: PLR0913 -- one argument per part of the process; all but three are by name
    registry: Registry,
    fleet: Fleet | None = None,
    auth: Auth | None = None,
    *,
    readiness: Readiness | None = None,
    metrics: Callable[[str], tuple[bytes, str]] | None = None,
    token_variables: frozenset[str] = frozenset(),
    beside: Iterable[Endpoint[Any]] = (),
) -> list[BaseRoute]:
    """The node API's routes.

    Args:
        registry: the backends that are shown.
        fleet: takes what operators do; without one the API only reads.
        auth: who may do what; without it only this machine may do anything.
        readiness: whether the process is ready; without it it is at once, and streams end when their clients leave.
        metrics: gives the metrics for Prometheus and their content type, by the Accept header of who asks, in any thread;
            without it there is no `/metrics`.
        token_variables: names of variables, beside those of `auth`, that no backend may be given as its credential.
        beside: what else the process serves; it is described in the same document, and routed by its owner.
    """
    if readiness is None:
        readiness = Readiness(registry, is_checked=lambda _: False)
        readiness.configured()
    endpoints = (*READS, *(WRITES if fleet is not None else ()), *PROCESS, *(METRICS if metrics is not None else ()))
    entries = Entries(registry, fleet)
    feed = BackendFeed(registry, entries)
    readiness.call_at_stop(feed.close)
    node = Node(
        registry=registry,
        fleet=fleet,
        auth=auth or Auth(AuthConfig(), loopback=True, environ={}),
        entries=entries,
        feed=feed,
        readiness=readiness,
        metrics=metrics,
        openapi=msgspec.json.encode(openapi_document((*endpoints, *beside))),
        token_variables=token_variables,
    )
    return endpoint_routes(endpoints, node, node.auth, body_limit=BODY_LIMIT)


@dataclass(frozen=True, slots=True)
class _Process:
    """What there is of a process without a registry."""

    readiness: Stopping
    metrics: Callable[[str], tuple[bytes, str]]
    openapi: bytes


def process_routes(
    auth: Auth,
    *,
    readiness: Stopping,
    metrics: Callable[[str], tuple[bytes, str]],
    beside: Iterable[Endpoint[Any]] = (),
) -> list[BaseRoute]:
    """The routes about the process itself, where it has no registry: `/healthz`, `/readyz`, `/metrics`, `/openapi.json`.

    Arguments as `node_routes`.
    """
    endpoints = (*PROCESS, *METRICS)
    document = msgspec.json.encode(openapi_document((*endpoints, *beside)))
    return endpoint_routes(endpoints, _Process(readiness, metrics, document), auth, body_limit=BODY_LIMIT)
