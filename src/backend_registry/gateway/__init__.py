"""The gateway: an OpenAI-compatible reverse proxy over leases.

The way of a request: an `exchange` reads it (`request`, `wanted`, `form`); `forward` finds a backend that begins to answer, one
lease per attempt (`demands` says which may be asked, `waiting` is where requests wait for whom there is none); `attempt` speaks
with one backend; `relay` passes its answer to the client. `refusals` and `verdict` are what is said when that fails. An
`observer` is told how it went.
"""

from backend_registry.gateway.observer import EndedRequest, GatewayObserver
from backend_registry.gateway.refusals import RefusedError, openai_error
from backend_registry.gateway.routes import gateway_routes, with_shortcuts

__all__ = ("EndedRequest", "GatewayObserver", "RefusedError", "gateway_routes", "openai_error", "with_shortcuts")
