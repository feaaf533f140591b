"""The stream of the cluster's backends."""

from functools import partial

from backend_registry._web import Call, EventStreamAnswer
from backend_registry.hub.api.cluster_queries import StreamQuery
from backend_registry.hub.api.context import HubContext

__all__ = ("stream_cluster_backends",)


async def stream_cluster_backends(call: Call[HubContext]) -> EventStreamAnswer:
    """The changes of the backends, from what the client has already, or from a snapshot on."""
    query: StreamQuery = call.query
    last_id = call.request.headers.get("last-event-id") or query.since
    subscribe = partial(call.context.hub.feed.subscribe, query.filter, last_id, once=query.once, lean=query.lean)
    return EventStreamAnswer(subscribe, once=query.once)
