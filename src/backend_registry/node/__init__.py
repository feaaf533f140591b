"""The node API: what this process knows about its backends, for people and for other processes."""

from backend_registry.node.encoding import encode_backends
from backend_registry.node.routes import node_routes

__all__ = ("encode_backends", "node_routes")
