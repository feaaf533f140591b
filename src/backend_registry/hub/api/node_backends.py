"""Handler of one node's backends: as it has reported them, as it says now, and both side by side."""

from typing import Final

import msgspec
from starlette.responses import Response

from backend_registry._web import Call, RefusedRequestError, json_answer, known_or_new, page_of
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.facts import fact_headers
from backend_registry.hub.api.node_queries import NodeBackendsQuery
from backend_registry.hub.api.nodes import record_of
from backend_registry.hub.comparison import Row, look_at
from backend_registry.hub.view import NodeRow
from backend_registry.hub.view.node import SILENT
from backend_registry.protocol import Entry, Load, Wish

__all__ = ("list_node_backends",)

SETTLE_S: Final = 0.5
"""Seconds that a report may take: the time for which nodes gather changes, and some."""
_NO_LOAD: Final[Load] = (0, 0, 0)
_NOT_KEPT: Final = {"cache-control": "no-store"}


async def list_node_backends(call: Call[HubContext]) -> Response:
    """A page of a node's backends, sorted by id, from where `source` says."""
    query: NodeBackendsQuery = call.query
    record = record_of(call)
    if query.source == "stored":
        return _stored(call, record.node_id)
    if record.presence in ("deleted", "forgotten"):
        raise RefusedRequestError(
            409, f"this node is {record.presence}, so it is not asked; it comes back by a report of its own", "node_gone"
        )
    if query.source == "node":
        return await _said(call, record.node_id, record.url)
    return await _compared(call, record.node_id)


def _stored(call: Call[HubContext], node_id: str) -> Response:
    hub = call.context.hub
    row = hub.view.node(node_id) if node_id in hub.view else None
    entries = row.record.entries if row is not None else {}
    ids = sorted(entries)
    page = page_of(ids, call.query.window)
    wishes = {wish.id: wish for wish in hub.store.wishes_of(node_id)}
    shown = [_shown(row, entries[key], wishes.get(key)) for key in ids[page.start : page.stop]] if row is not None else []
    return known_or_new(call.request, shown, {**page.headers(call.request), **fact_headers(hub)})


def _shown(row: NodeRow, entry: Entry, wish: Wish | None) -> dict[str, object]:
    """A backend as the cluster shows it. Of one whose node cannot be reached only the status says so, and why."""
    silent = row.standing in SILENT
    pending, avg_latency_ms, total_requests = row.load.get(entry.id, _NO_LOAD)
    shown: dict[str, object] = msgspec.structs.asdict(entry)
    if silent:
        shown |= {"status": "unavailable", "status_reason": row.standing.value}
    return shown | {
        "reported_status": entry.status,
        "pending": 0 if silent else pending,
        "avg_latency_ms": 0 if silent else avg_latency_ms,
        "total_requests": total_requests,
        "wish": wish,
    }


async def _said(call: Call[HubContext], node_id: str, url: str | None) -> Response:
    live = sorted(await call.context.node_api.backends_of(node_id, url), key=lambda entry: entry.id)
    page = page_of([entry.id for entry in live], call.query.window)
    body = b"[%b]" % b",".join(entry.model_dump_json().encode() for entry in live[page.start : page.stop])
    return json_answer(body, headers={**page.headers(call.request), **fact_headers(call.context.hub), **_NOT_KEPT})


async def _compared(call: Call[HubContext], node_id: str) -> Response:
    hub = call.context.hub
    try:
        look = await look_at(hub.store.records, call.context.node_api, node_id, settle_s=SETTLE_S)
    except KeyError:
        raise RefusedRequestError(404, "no node of this id is known any more", "node_not_found") from None
    page = page_of([row.id for row in look.rows], call.query.window)
    settled = {"x-settled": "true" if look.settled else "false"}
    headers = {**page.headers(call.request), **fact_headers(hub), **settled, **_NOT_KEPT}
    return json_answer([_diff(row) for row in look.rows[page.start : page.stop]], headers=headers)


def _diff(row: Row) -> dict[str, object]:
    return {
        "id": row.id,
        "verdict": row.verdict,
        "differences": [difference._asdict() for difference in row.differences],
        "stored": row.stored,
        "node": msgspec.Raw(row.node.model_dump_json().encode()) if row.node is not None else None,
    }
