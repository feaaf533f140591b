"""The node API: what this process knows about its backends, for people and for other processes; and the way to a hub."""

from backend_registry.node.connect import rpc_routes
from backend_registry.node.encoding import encode_backends
from backend_registry.node.epoch import EpochFile
from backend_registry.node.hub_link import HttpHubLink, HubLink, HubUnavailableError, LocalHubLink, open_hub_session
from backend_registry.node.readiness import Readiness, Stopping
from backend_registry.node.reporter import Reporter
from backend_registry.node.routes import node_routes, openapi_document, process_routes
from backend_registry.node.wishes import Wishes

__all__ = (
    "EpochFile",
    "HttpHubLink",
    "HubLink",
    "HubUnavailableError",
    "LocalHubLink",
    "Readiness",
    "Reporter",
    "Stopping",
    "Wishes",
    "encode_backends",
    "node_routes",
    "open_hub_session",
    "openapi_document",
    "process_routes",
    "rpc_routes",
)
