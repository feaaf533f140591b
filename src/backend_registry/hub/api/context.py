"""What the handlers of the hub's API work on."""

from collections.abc import Callable
from dataclasses import dataclass

from backend_registry.hub.node_api import NodeApi
from backend_registry.hub.service import Hub
from backend_registry.hub.sessions import SessionAuth

__all__ = ("HubContext",)


@dataclass(frozen=True, slots=True)
class HubContext:
    """The parts that answers are made of.

    Attributes:
        hub: the cluster as it is known here.
        auth: who asks, for events and sessions.
        node_api: asks nodes themselves.
        sections: what this process offers, for `GET /admin/api/capabilities`.
        wall_ns: the wall clock, in nanoseconds.
    """

    hub: Hub
    auth: SessionAuth
    node_api: NodeApi
    sections: frozenset[str]
    wall_ns: Callable[[], int]
