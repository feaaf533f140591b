"""`with_reports`: where nodes' reports come in, `POST /v1/nodes/{node_id}/report`.

Written against ASGI itself, and in front of everything else: a hub of ten thousand nodes hears a thousand of them a second, and
a framework's way through its middleware and routes takes longer than all that is done here.
"""

import math
from functools import lru_cache
from typing import Any, Final

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from backend_registry._web import problem
from backend_registry.hub.admission import refusal_to_report
from backend_registry.hub.bodies import PATIENCE_S, Bodies, SlowBodyError, TooLargeError
from backend_registry.hub.service import Hub
from backend_registry.hub.store import StoreUnavailableError
from backend_registry.hub.tokens import NodeGate
from backend_registry.protocol import RefusedReportError, Report, read_report

__all__ = ("REPORT_PATH", "with_reports")

REPORT_PATH: Final = "/v1/nodes/{node_id}/report"
BODY_LIMIT: Final = 2_097_152
"""Bytes of a report, before and after it is unpacked."""
_BEFORE, _AFTER = REPORT_PATH.split("{node_id}")
_ID_AT: Final = len(_BEFORE)
_ID_TO: Final = -len(_AFTER)
_JSON: Final = b"application/json"
_encode: Final = msgspec.json.Encoder().encode


def with_reports(hub: Hub, gate: NodeGate, app: ASGIApp, *, patience_s: float = PATIENCE_S) -> ASGIApp:
    """An application that takes reports in, and passes all other requests on.

    Args:
        hub: takes in what was read.
        gate: knows who may report.
        app: serves all other requests.
        patience_s: how long the body of a report may take to arrive.
    """
    door = _Door(hub, gate, patience_s)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith(_BEFORE) and path.endswith(_AFTER):
                node_id = path[_ID_AT:_ID_TO]
                if node_id and "/" not in node_id:
                    await door.serve(node_id, scope, receive, send)
                    return
        await app(scope, receive, send)

    return application


class _Door:
    """Serves the path of reports."""

    def __init__(self, hub: Hub, gate: NodeGate, patience_s: float) -> None:
        self._hub: Final = hub
        self._gate: Final = gate
        self._bodies: Final = Bodies(BODY_LIMIT, patience_s=patience_s)

    async def serve(self, node_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; not at all if the client hangs up before its end."""
        # Of a header that comes twice the last one counts; none that is looked at here may.
        head: dict[bytes, bytes] = dict(scope["headers"])
        refusal = self._refusal(node_id, scope["method"], head)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        try:
            body = await self._bodies.read(head.get(b"content-length"), receive)
            if body is None:
                return
            answer = await self._taken_in(node_id, body, head.get(b"content-encoding", b"").decode("latin-1"))
        except RefusedReportError as refused:
            await _problem(refused)(scope, receive, send)
        except StoreUnavailableError as error:
            await _unavailable(error)(scope, receive, send)
        except (TooLargeError, SlowBodyError) as error:
            await self._unread(node_id, error)(scope, receive, send)
        else:
            await send({"type": "http.response.start", "status": 200, "headers": _headers(len(answer))})
            await send({"type": "http.response.body", "body": answer})

    async def _taken_in(self, node_id: str, body: bytes, encoding: str) -> bytes:
        """The answer to a report that was taken in."""
        try:
            report = _read(node_id, body, encoding)
        except RefusedReportError as refused:
            self._hub.refused(node_id, refused.code)
            raise
        return _encode(await self._hub.report(report))

    def _refusal(self, node_id: str, method: str, head: dict[bytes, bytes]) -> Response | None:
        """The answer to a request of which the body is not worth reading; None if it is."""
        if method != "POST":
            detail = f"{method} cannot be done to {REPORT_PATH}; it takes POST"
            return problem(405, detail, {"allow": "POST"}, code="method_not_allowed")
        refusal = refusal_to_report(self._gate, node_id, head)
        if refusal is not None:
            # Whoever this is, it is not certain that it has to do with the node.
            self._hub.refused(None, "unauthorized" if refusal.status_code == 401 else "forbidden")
            return refusal
        media_type = head.get(b"content-type", b"")
        if media_type != _JSON and media_type.partition(b";")[0].strip().lower() != _JSON:
            self._hub.refused(node_id, "not_json")
            return problem(415, "send the header Content-Type: application/json", code="not_json")
        return None

    def _unread(self, node_id: str, error: TooLargeError | SlowBodyError) -> Response:
        if isinstance(error, SlowBodyError):
            self._hub.refused(node_id, "slow_body")
            return problem(408, "the body did not arrive in time; send it at once", {"connection": "close"}, code="slow_body")
        self._hub.refused(node_id, "too_large")
        detail = f"a report has {BODY_LIMIT} bytes at most; report fewer backends per node, or pack it with gzip"
        return problem(413, detail, code="too_large")


def _read(node_id: str, body: bytes, encoding: str) -> Report:
    report = read_report(body, encoding, limit=BODY_LIMIT)
    if report.node_id != node_id:
        raise RefusedReportError(403, "wrong_node", "node_id: is not the node of the path; report for one and the same")
    return report


def _problem(refused: RefusedReportError) -> Response:
    facts: dict[str, Any] = {"code": refused.code, **refused.facts}
    return problem(refused.status, refused.detail, **facts)


def _unavailable(error: StoreUnavailableError) -> Response:
    retry_after = str(max(1, math.ceil(error.retry_after_s)))
    detail = "the store cannot be written to now; keep the report and send it again"
    return problem(503, detail, {"retry-after": retry_after}, code="store_unavailable")


@lru_cache(maxsize=1024)
def _headers(length: int) -> list[tuple[bytes, bytes]]:
    """The headers of an answer of so many bytes; most answers are of the same few lengths."""
    return [(b"content-type", _JSON), (b"content-length", str(length).encode())]
