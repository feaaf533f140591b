"""The node API: what this process knows about its backends, for people and for other processes."""

from backend_registry.node.encoding import encode_backends
from backend_registry.node.readiness import Readiness
from backend_registry.node.routes import node_routes, openapi_document

__all__ = ("Readiness", "encode_backends", "node_routes", "openapi_document")
