"""Why a backend may or may not be picked: one vocabulary for errors, `explain`, views and logs."""

from typing import Final, NamedTuple

from backend_registry._core.demand import Demand
from backend_registry._core.health import BackendStatus
from backend_registry._core.model import Capability, Model
from backend_registry._core.record import BackendRecord, EjectionCause, Intent

__all__ = ("REASON_CODES", "Decision", "lacks", "standing")

REASON_CODES: Final = (
    "disabled",
    "draining",
    "missing_credentials",
    "ejected",
    "unhealthy",
    "unknown",
    "lacks_capability",
    "context_too_small",
    "lacks_operation",
    "excluded",
    "on_trial",
    "at_max_pending",
    "loading",
    "changed_meanwhile",
)
"""Every code that `Decision.code` and `NoBackendError.reasons` can hold; an eligible backend has the empty code."""

_EJECTED_FOR: Final = {
    EjectionCause.OVERLOADED: "overloaded",
    EjectionCause.FAILURES: "too many failures in a row",
    EjectionCause.SHARE: "too large a share of failures",
}


class Decision(NamedTuple):
    """What `explain` says about one backend.

    `cost` is what `Backend.cost` says, the number that the default policy compares; `until_s` is how
    many seconds remain until a time-limited reason ends, None when it has no end of its own. One that is not eligible may
    still be used when nothing better is left; `detail` says so then.
    """

    backend_id: str
    eligible: bool
    code: str
    detail: str
    cost: float
    until_s: float | None


def standing(  # noqa: PLR0911 -- one return per reason, in order of precedence
    record: BackendRecord, *, now_ns: int, select_unknown: bool
) -> tuple[str, str]:
    """Reason code and detail for the backend itself, whatever a request may demand; empty if it may be picked. Pure."""
    if record.intent is Intent.DISABLED:
        return "disabled", "taken out of rotation by an operator"
    if record.intent is Intent.DRAINING:
        return "draining", "finishes what it has, gets nothing new"
    if record.missing_env is not None:
        return "missing_credentials", f"missing env {record.missing_env}"
    if record.ejected_until_ns is not None and record.ejected_until_ns > now_ns:
        cause = _EJECTED_FOR[record.ejection or EjectionCause.OVERLOADED]
        return "ejected", f"{cause}, left alone for {(record.ejected_until_ns - now_ns) / 1e9:.1f} s"
    if record.health is BackendStatus.UNHEALTHY:
        return "unhealthy", record.last_error or "health checks failed"
    if record.health is BackendStatus.UNKNOWN and not select_unknown:
        return "unknown", "not checked yet"
    return "", ""


def lacks(record: BackendRecord, model: Model, demand: Demand) -> tuple[str, str]:
    """Reason code and detail for what the request demands of this backend's model; two empty strings if it fits. Pure."""
    missing = demand.require & ~model.capabilities
    if missing:
        return "lacks_capability", " and ".join(str(flag.name).lower() for flag in Capability if flag & missing)
    if model.context_length < demand.min_context:
        return "context_too_small", f"{model.context_length} tokens, {demand.min_context} demanded"
    operation = demand.operation
    if operation is not None and record.operations and operation not in record.operations:
        return "lacks_operation", f"{operation} is not among {', '.join(record.operations)}"
    return "", ""
