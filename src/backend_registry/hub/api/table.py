"""The hub's API as one table: routes, OpenAPI document, reference page and the tests of who may do what are made of it."""

from typing import Final

from backend_registry._web import Endpoint
from backend_registry.hub.api.cluster_table import CLUSTER
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.node_table import NODES
from backend_registry.hub.api.operation_table import OPERATIONS

__all__ = ("ENDPOINTS",)

ENDPOINTS: Final[tuple[Endpoint[HubContext], ...]] = (*OPERATIONS, *CLUSTER, *NODES)
