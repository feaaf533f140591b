"""The gateway: an OpenAI-compatible reverse proxy over leases.

The way of a request: `request` reads it, `forward` finds a backend that begins to answer (one lease per attempt), `attempt`
speaks with one backend, `relay` passes its answer to the client. `refusals` is what is said when that fails.
"""

from backend_registry.gateway.refusals import RefusedError, openai_error
from backend_registry.gateway.routes import gateway_routes

__all__ = ("RefusedError", "gateway_routes", "openai_error")
