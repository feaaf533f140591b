"""Handler of the log of events."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from backend_registry._web import Call, json_answer
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.facts import fact_headers
from backend_registry.hub.api.known import look_up
from backend_registry.hub.api.node_queries import EventsQuery, key_of
from backend_registry.hub.events import Event, EventKind, EventPage
from backend_registry.hub.service import Hub
from backend_registry.hub.view import Key

__all__ = ("list_events",)

_OF_ALL_BACKENDS: Final[frozenset[EventKind]] = frozenset(
    {"node_joined", "node_restarted", "node_unreachable", "node_back", "node_departed"}
)
"""What happens to all backends of a node at once, and is one event however many they are."""


async def list_events(call: Call[HubContext]) -> Response:
    """A page of what happened, newest first."""
    query: EventsQuery = call.query
    hub = call.context.hub
    key = key_of(query.backend) if query.backend is not None else None
    having_it = _nodes_with(hub, key)
    known, headers = look_up(call.request, (hub.events.tag, sorted(having_it)), fact_headers(hub))
    if known is not None:
        return known
    page = hub.events.page(query.before, query.limit, _wanted(query, key, having_it), since=query.since_seq)
    return json_answer([_shown(event) for event in page.events], headers={**headers, **_headers(call.request, page)})


def _nodes_with(hub: Hub, key: Key | None) -> frozenset[str]:
    """The nodes that have a backend of this kind and name now."""
    row = hub.view.row(key) if key is not None else None
    return frozenset(node.node_id for node in row.nodes) if row is not None else frozenset()


def _wanted(query: EventsQuery, key: Key | None, having_it: frozenset[str]) -> Callable[[Event], bool] | None:
    """Which events the parameters ask for; None if all."""
    kinds, nodes, actors = frozenset(query.kind), frozenset(query.node), frozenset(query.actor)
    if not (kinds or nodes or actors or key):
        return None
    return lambda event: (
        (not kinds or event.kind in kinds)
        and (not nodes or event.node in nodes)
        and (not actors or event.actor in actors)
        and (key is None or event.backend == key or (event.kind in _OF_ALL_BACKENDS and event.node in having_it))
    )


def _headers(request: Request, page: EventPage) -> dict[str, str]:
    headers = {"x-total-count": str(page.total)}
    if page.next_before is not None:
        asked = [(name, value) for name, value in request.query_params.multi_items() if name != "before"]
        query = urlencode([*asked, ("before", str(page.next_before))])
        headers["link"] = f'<{request.url.path}?{query}>; rel="next"'
    return headers


def _shown(event: Event) -> dict[str, object]:
    kind, name = event.backend or ("", "")
    return {
        "seq": event.seq,
        "at": datetime.fromtimestamp(event.at_ms / 1e3, UTC),
        "kind": event.kind,
        "node": event.node,
        "backend": {"kind": kind, "name": name} if event.backend is not None else None,
        "actor": event.actor,
        "reason": event.reason,
        "facts": event.facts,
    }
