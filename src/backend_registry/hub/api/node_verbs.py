"""Handlers that do something to a node as a whole: it is deleted, or allowed again."""

from starlette.responses import Response

from backend_registry._web import Call, RefusedRequestError
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.operation_schemas import ReasonQuery
from backend_registry.hub.api.operations import store_unavailable
from backend_registry.hub.store import StoreUnavailableError

__all__ = ("allow_node", "delete_node")


async def delete_node(call: Call[HubContext]) -> Response:
    """Take a node out, until its next start or until it is allowed again."""
    query: ReasonQuery = call.query
    node_id, hub = call.path["node_id"], call.context.hub
    if _presence(call) == "deleted":
        raise RefusedRequestError(404, "this node is deleted already", "node_not_found")
    try:
        await hub.delete_node(node_id, actor=call.context.auth.actor_of(call.request.headers), reason=query.reason)
    except StoreUnavailableError as error:
        return store_unavailable(error)
    return Response(status_code=204)


async def allow_node(call: Call[HubContext]) -> Response:
    """Let a node that was deleted come back."""
    query: ReasonQuery = call.query
    node_id, hub = call.path["node_id"], call.context.hub
    if _presence(call) != "deleted":
        raise RefusedRequestError(409, "this node is not deleted, so there is nothing to allow", "not_deleted")
    try:
        await hub.allow_node(node_id, actor=call.context.auth.actor_of(call.request.headers), reason=query.reason)
    except StoreUnavailableError as error:
        return store_unavailable(error)
    return Response(status_code=204)


def _presence(call: Call[HubContext]) -> str:
    """What is known of the node that the path names.

    Raises:
        RefusedRequestError: 404, nothing is.
    """
    record = call.context.hub.store.records.get(call.path["node_id"])
    if record is None:
        raise RefusedRequestError(404, "no node of this id is known", "node_not_found")
    return record.presence
