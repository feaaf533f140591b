"""`BackendRegistryService.ReportNodeBackends`: a node's backends as one message, for programs that are not routers of ours.

It says in other words what `POST /v1/nodes/{node_id}/report` says, and goes the same way: a full report, read, judged and kept
as any other. What it lacks against that is said here, so that nobody relies on it:

- The digest is reckoned here, so it does not guard the message on its way.
- There are no deltas and no beats: the whole state comes each time, and has to come well within `suspect_s`.
- What operators at the hub want does not reach the node: there is no way back.
- **Without `epoch` and `instance`** nothing tells a restart, or a second process, from what was there before. `reported_at_ms`
  then stands for the revision and decides which of two reports is newer; a clock that is set back makes reports old ones, and
  the answer says so. Without `reported_at_ms` too, they count in the order of their arrival.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, NoReturn

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from backend_registry._web import Int64, Message, RpcBackend, RpcError, RpcStatus, UInt64, rpc_error_of, rpc_route
from backend_registry.hub.admission import refusal_to_report
from backend_registry.hub.service import Hub
from backend_registry.hub.store import StoreUnavailableError
from backend_registry.hub.tokens import NodeGate
from backend_registry.protocol import RefusedReportError, Report, digest_of, in_hex, ordered, read_report

__all__ = ("ReportNodeBackendsRequest", "ReportNodeBackendsResponse", "report_routes")

BODY_LIMIT: Final = 2_097_152
SNAPSHOT_EPOCH: Final = 1
"""The epoch of nodes that give none: whoever gives one comes after it."""
SNAPSHOT_INSTANCE: Final = "snapshot"
_PATH: Final = "/v1/nodes/{node_id}/backend_registry.v1.BackendRegistryService/ReportNodeBackends"
_DAY_MS: Final = 86_400_000
_ANY_DIGEST: Final = in_hex(0)
_OLD: Final = (
    "a report with a later reported_at_ms is known, so nothing has changed; set the node's clock right, leave reported_at_ms "
    "out, or give epoch and instance"
)
_CODES: Final = {"identity_conflict": "already_exists", "unsupported_encoding": "unimplemented"}


class ReportNodeBackendsRequest(Message):
    """All backends of a node."""

    node_uuid: str = ""
    reported_at_ms: Int64 = 0
    revision: UInt64 = 0
    backends: tuple[RpcBackend, ...] = ()
    instance: str | None = None
    epoch: UInt64 | None = None


class ReportNodeBackendsResponse(Message):
    """What became of them."""

    success: bool
    """Whether the hub now holds what the report said."""
    message: str
    accepted_revision: UInt64
    """The revision that the hub holds; 0 if it holds another report of a node without epochs."""
    result: str
    lease_ms: Int64
    next_report_ms: Int64


def report_routes(hub: Hub, gate: NodeGate, *, now_ms: Callable[[], int]) -> list[BaseRoute]:
    """The routes of the service, under `/v1/nodes/{node_id}`, so that a token is checked before a message is read.

    Args:
        hub: takes the reports.
        gate: who may report for which node.
        now_ms: the wall clock.
    """

    async def report(request: Request, asked: ReportNodeBackendsRequest) -> ReportNodeBackendsResponse:
        if asked.node_uuid != request.path_params["node_id"]:
            raise RpcError("permission_denied", "nodeUuid: is not the node of the path; send them alike", "wrong_node")
        try:
            return await _reported(hub, asked, now_ms())
        except RefusedReportError as refused:
            _refuse(refused)
        except StoreUnavailableError as error:
            detail = "the store cannot be written to now; send the report again"
            raise RpcError("unavailable", detail, "store_unavailable", retry_after_s=error.retry_after_s) from None

    return [rpc_route(_PATH, ReportNodeBackendsRequest, report, refusal=partial(_refusal, gate), body_limit=BODY_LIMIT)]


def _refusal(gate: NodeGate, request: Request) -> Response | None:
    return refusal_to_report(gate, request.path_params["node_id"], dict(request.scope["headers"]))


async def _reported(hub: Hub, asked: ReportNodeBackendsRequest, now_ms: int) -> ReportNodeBackendsResponse:
    if (asked.epoch is None) != (asked.instance is None):
        raise RpcError("invalid_argument", "epoch and instance: one is missing; give both, or neither", "invalid")
    known = hub.store.records.get(asked.node_uuid)
    latest = known.revision if known is not None and known.epoch == SNAPSHOT_EPOCH else 0
    try:
        report = _report_of(asked, now_ms, latest)
    except RefusedReportError as refused:
        hub.refused(asked.node_uuid, refused.code)
        raise
    ack = await hub.report(report)
    holds = ack.result != "duplicate"
    by_clock = asked.epoch is None
    return ReportNodeBackendsResponse(
        success=holds,
        message="" if holds else _OLD if by_clock else "a later revision is known, so nothing has changed",
        # What is kept as the revision of a report without an epoch is its time, which its node would not know again.
        accepted_revision=ack.revision if not by_clock else asked.revision if holds else 0,
        result=ack.result,
        lease_ms=ack.lease_ms,
        next_report_ms=ack.next_report_ms,
    )


def _report_of(asked: ReportNodeBackendsRequest, now_ms: int, latest: int) -> Report:
    """The same as a report of the protocol, with all of its checks.

    Raises:
        RefusedReportError: as `read_report`.
    """
    if asked.reported_at_ms > now_ms + _DAY_MS:
        detail = "reportedAtMs: is more than a day ahead of this hub's clock; set the node's clock right"
        raise RefusedReportError(422, "reported_in_future", detail)
    report = read_report(
        msgspec.json.encode(
            {
                "node_id": asked.node_uuid,
                "instance": asked.instance if asked.instance is not None else SNAPSHOT_INSTANCE,
                "epoch": asked.epoch if asked.epoch is not None else SNAPSHOT_EPOCH,
                # Of two reports that come within a millisecond, the second is the later one.
                "revision": asked.revision if asked.epoch is not None else asked.reported_at_ms or max(now_ms, latest + 1),
                "kind": "full",
                "digest": _ANY_DIGEST,
                "sent_at_ms": asked.reported_at_ms,
                "upserts": [_entry(backend) for backend in asked.backends],
            }
        ),
        limit=2 * BODY_LIMIT,
    )
    entries = tuple(map(ordered, report.upserts))
    return msgspec.structs.replace(report, upserts=entries, digest=in_hex(digest_of(entries)))


def _entry(backend: RpcBackend) -> dict[str, Any]:
    """The fields of an `Entry`; those that a message may leave out stay at its defaults."""
    unspecified = backend.status is RpcStatus.UNSPECIFIED and not backend.status_reason
    return {
        "id": backend.id or f"{backend.kind}/{backend.name}",
        "name": backend.name,
        "kind": backend.kind,
        "operations": backend.operations,
        "features": backend.features,
        "transports": backend.transports,
        "base_url": backend.base_url,
        "priority": backend.priority,
        "instance_id": backend.instance_id,
        "models": [{"id": model} for model in sorted(set(backend.models))],
        "status": "available" if backend.status is RpcStatus.AVAILABLE else "unavailable",
        "status_reason": "unspecified" if unspecified else backend.status_reason,
        **({} if backend.weight is None else {"weight": backend.weight}),
    }


def _refuse(refused: RefusedReportError) -> NoReturn:
    """Say it in the words of the message that came."""
    errors: Any = refused.facts.get("errors", ())
    facts = {name: value for name, value in refused.facts.items() if name != "errors"}
    facts |= {_asked(wrong["field"]): f"{wrong['problem']}; {wrong['remedy']}" for wrong in errors}
    error = rpc_error_of(refused.status, _asked(refused.detail), refused.code, facts)
    error.code = _CODES.get(refused.code, error.code)
    raise error from None


def _asked(text: str) -> str:
    return text.replace("upserts", "backends").replace("node_id", "node_uuid")
