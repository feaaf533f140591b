"""The cluster's backends as a file: CSV for spreadsheets, JSON and NDJSON for programs."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from starlette.responses import Response, StreamingResponse

from backend_registry._web import Call
from backend_registry.hub.api.cluster_queries import ExportQuery
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.facts import fact_headers
from backend_registry.hub.view import ClusterView, Row, in_pieces

__all__ = ("export_cluster_backends",)

_TYPES: Final = {"csv": "text/csv; charset=utf-8", "json": "application/json", "ndjson": "application/x-ndjson"}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula, in both widths."""
_COLUMNS: Final = (
    "name",
    "kind",
    "operations",
    "features",
    "transports",
    "models",
    "tags",
    "weights",
    "priorities",
    "status",
    "status_reason",
    "since",
    "available_nodes",
    "total_nodes",
    "stale_nodes",
    "healthy",
    "unhealthy",
    "unknown",
    "enabled",
    "draining",
    "disabled",
    "pending",
    "avg_latency_ms",
)


async def export_cluster_backends(call: Call[HubContext]) -> Response:
    """All backends that the filters want, as a file that is sent piece by piece."""
    query: ExportQuery = call.query
    hub = call.context.hub
    make = {"csv": _csv, "json": _json, "ndjson": _ndjson}[query.format]
    rows = list(hub.view.find(query.filter))
    headers = {
        **fact_headers(hub),
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="backends.{query.format}"',
        "x-content-type-options": "nosniff",
    }
    return StreamingResponse(_politely(make(hub.view, rows)), headers=headers, media_type=_TYPES[query.format])


async def _politely(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


def _json(view: ClusterView, rows: Sequence[Row]) -> Iterator[bytes]:
    between = b"["
    for piece in in_pieces(rows):
        yield between + b",\n".join(map(view.encoded, piece))
        between = b",\n"
    yield b"]\n" if between != b"[" else b"[]\n"


def _ndjson(view: ClusterView, rows: Sequence[Row]) -> Iterator[bytes]:
    for piece in in_pieces(rows):
        yield b"".join(b"%b\n" % view.encoded(row) for row in piece)


def _csv(_view: ClusterView, rows: Sequence[Row]) -> Iterator[bytes]:
    yield _lines([_COLUMNS])
    for piece in in_pieces(rows):
        yield _lines([_cells(row) for row in piece])


def _lines(lines: Sequence[Sequence[str | int]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


def _cells(row: Row) -> tuple[str | int, ...]:
    numbers, slot, words = row.numbers, row.slot, row.words
    healthy, unhealthy = numbers.healthy[slot], numbers.unhealthy[slot]
    draining, disabled = numbers.draining[slot], numbers.disabled[slot]
    return (
        _safe(row.name),
        _safe(row.kind),
        *(_safe(" ".join(some)) for some in (words.operations, words.features, words.transports, words.models, words.tags)),
        *(_safe(" ".join(map(str, some))) for some in (words.weights, words.priorities)),
        row.status,
        _safe(row.reason),
        datetime.fromtimestamp(numbers.since_ms[slot] / 1000, UTC).isoformat(),
        row.available,
        row.total,
        numbers.stale[slot],
        healthy,
        unhealthy,
        row.total - healthy - unhealthy,
        row.total - draining - disabled,
        draining,
        disabled,
        numbers.pending[slot],
        row.avg_latency_ms,
    )


def _safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
