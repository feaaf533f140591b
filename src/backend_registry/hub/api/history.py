"""Handler of how the last minutes were."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from starlette.responses import Response

from backend_registry._web import Call, json_answer
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.facts import fact_headers
from backend_registry.hub.api.known import look_up
from backend_registry.hub.api.node_queries import HistoryQuery, key_of
from backend_registry.hub.history import History
from backend_registry.hub.view import Row

__all__ = ("get_history",)

AT_ONCE: Final = 20
"""Backends that are looked at before other tasks of the loop get their turn."""


async def get_history(call: Call[HubContext]) -> Response:
    """How some backends were, or all of them together."""
    query: HistoryQuery = call.query
    hub = call.context.hub
    found = (hub.view.row(key_of(backend)) for backend in dict.fromkeys(query.backend))
    rows = [row for row in found if row is not None]
    # A backend that went and came again has another past.
    state = (hub.history.tag, [(*row.key, row.numbers.first_sample[row.slot]) for row in rows])
    known, headers = look_up(call.request, state, fact_headers(hub))
    if known is not None:
        return known
    until_ms = hub.history.until_ms
    answer: dict[str, object] = {
        "every_s": hub.history.every_s,
        "until": datetime.fromtimestamp(until_ms / 1e3, UTC) if until_ms is not None else None,
    }
    if query.backend:
        return json_answer({**answer, "backends": await _shown(hub.history, rows)}, headers=headers)
    return json_answer({**answer, "fleet": hub.history.of_fleet()._asdict()}, headers=headers)


async def _shown(history: History, rows: Sequence[Row]) -> list[dict[str, object]]:
    shown: list[dict[str, object]] = []
    for start in range(0, len(rows), AT_ONCE):
        some = [row for row in rows[start : start + AT_ONCE] if not row.gone]
        shown += [{"kind": row.kind, "name": row.name, **history.of_row(row)._asdict()} for row in some]
        await asyncio.sleep(0)
    return shown
