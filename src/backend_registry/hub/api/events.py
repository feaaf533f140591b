"""Handler of the log of events."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from backend_registry._web import Call, known_or_new
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.facts import fact_headers
from backend_registry.hub.api.node_queries import EventsQuery
from backend_registry.hub.events import Event, EventPage

__all__ = ("list_events",)


async def list_events(call: Call[HubContext]) -> Response:
    """A page of what happened, newest first."""
    query: EventsQuery = call.query
    hub = call.context.hub
    page = hub.events.page(query.before, query.limit, _wanted(query))
    shown = [_shown(event) for event in page.events]
    return known_or_new(call.request, shown, {**_headers(call.request, page), **fact_headers(hub)})


def _wanted(query: EventsQuery) -> Callable[[Event], bool] | None:
    """Which events the parameters ask for; None if all."""
    kinds, nodes, actors = frozenset(query.kind), frozenset(query.node), frozenset(query.actor)
    backend: tuple[str, ...] = tuple(query.backend.split("/", 1)) if query.backend is not None else ()
    if not (kinds or nodes or actors or backend):
        return None
    return lambda event: (
        (not kinds or event.kind in kinds)
        and (not nodes or event.node in nodes)
        and (not actors or event.actor in actors)
        and (not backend or event.backend == backend)
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
