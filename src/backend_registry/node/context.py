"""`Node`: what the handlers of the node API work on."""

from collections.abc import Callable
from dataclasses import dataclass

from backend_registry import Registry
from backend_registry._web import Auth
from backend_registry.discovery import Fleet
from backend_registry.node.entries import Entries
from backend_registry.node.feed import BackendFeed
from backend_registry.node.readiness import Readiness

__all__ = ("Node",)


@dataclass(frozen=True, slots=True)
class Node:
    """The parts of this process that the node API shows and steers.

    Attributes:
        registry: the backends.
        fleet: takes what operators do; None if the API only reads.
        auth: who may do what.
        entries: how a backend is shown.
        feed: the stream of changes.
        readiness: whether this process should be sent requests.
        metrics: gives the metrics and their content type, by the Accept header of who asks; None if there are none.
        openapi: the OpenAPI document, as JSON.
        token_variables: names of variables, beside those of `auth`, that no backend may be given as its credential.
    """

    registry: Registry
    fleet: Fleet | None
    auth: Auth
    entries: Entries
    feed: BackendFeed
    readiness: Readiness
    metrics: Callable[[str], tuple[bytes, str]] | None
    openapi: bytes
    token_variables: frozenset[str] = frozenset()
