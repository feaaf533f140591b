"""The handler that lists what operators want of nodes, and what nodes have lately dealt with."""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

import msgspec
from starlette.responses import Response

from backend_registry._web import Call, known_or_new, page_of
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.facts import fact_headers
from backend_registry.hub.api.operation_schemas import DesiredQuery
from backend_registry.hub.events import Event
from backend_registry.hub.service import Hub
from backend_registry.protocol import Wish

__all__ = ("list_desired",)

ACKNOWLEDGED_MOST: Final = 1_000
"""Of the wishes that nodes have dealt with, the last ones that are listed."""
_LONGEST_MS: Final = 10**16

Keyed = tuple[str, dict[str, Any]]
"""An entry with what the list is sorted by."""


async def list_desired(call: Call[HubContext]) -> Response:
    """A page of the open wishes, oldest first, and then of those that were dealt with, newest first."""
    query: DesiredQuery = call.query
    hub = call.context.hub
    keyed = sorted(_keyed(hub, query), key=lambda pair: pair[0])
    page = page_of([key for key, _ in keyed], query.window)
    shown = [entry for _, entry in keyed[page.start : page.stop]]
    return known_or_new(call.request, msgspec.json.encode(shown), {**page.headers(call.request), **fact_headers(hub)})


def _keyed(hub: Hub, query: DesiredQuery) -> Iterator[Keyed]:
    if query.state != "acknowledged":
        for node_id in hub.store.records if query.node is None else (query.node,):
            yield from (_open(hub, node_id, wish) for wish in hub.store.wishes_of(node_id))
    if query.state != "open":
        for event in hub.events.page(None, ACKNOWLEDGED_MOST, lambda event: event.kind == "wish_done").events:
            if query.node is None or event.node == query.node:
                yield _acknowledged(event)


def _open(hub: Hub, node_id: str, wish: Wish) -> Keyed:
    record = hub.store.records.get(node_id)
    backend = record.entries.get(wish.id) if record is not None else None
    entry = {
        "node_id": node_id,
        "id": wish.id,
        "kind": backend.kind if backend is not None else None,
        "name": backend.name if backend is not None else None,
        "intent": wish.intent,
        "reported": backend.intent if backend is not None else None,
        "generation": wish.generation,
        "reason": wish.reason,
        "since": _time(wish.generation),
        "state": "open",
        "acknowledged_at": None,
    }
    return _key("0", wish.generation, node_id, wish.id), entry


def _acknowledged(event: Event) -> Keyed:
    kind, name = event.backend or (None, None)
    facts: dict[str, Any] = event.facts
    entry = {
        "node_id": event.node,
        "id": facts["id"],
        "kind": kind,
        "name": name,
        "intent": facts["intent"],
        "reported": facts["intent"],
        "generation": facts["generation"],
        "reason": event.reason,
        "since": _time(facts["generation"]),
        "state": "acknowledged",
        "acknowledged_at": _time(event.at_ms),
    }
    return _key("1", _LONGEST_MS - event.seq, event.node or "", facts["id"]), entry


def _key(group: str, number: int, node_id: str, backend_id: str) -> str:
    """Sorts by group and number, and is short enough for a cursor whatever a backend is called."""
    return f"{group}{number:016d}{node_id}/{blake2b(backend_id.encode(), digest_size=8).hexdigest()}"


def _time(ms: int) -> datetime:
    # A generation is the time of its wish, unless many were made within one millisecond.
    return datetime.fromtimestamp(ms / 1000, UTC)
