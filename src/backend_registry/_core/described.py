"""The half of `Backend` that describes: what is in its record, and what follows from it and from the time.

Apart from `backend` because it only reads: no lock, no counter, nothing that a request changes.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from backend_registry._core.health import BackendStatus, ReportedLoad
from backend_registry._core.limits import shorten
from backend_registry._core.model import Model, Residency
from backend_registry._core.reasons import standing
from backend_registry._core.record import BackendRecord, BackendType, EjectionCause, Intent

if TYPE_CHECKING:
    from backend_registry._core.topology import Topology

__all__ = ("Described",)


class Described:
    """What can be read off a backend's record. Base of `Backend`."""

    __slots__ = ("_checked_ns", "_load", "_owner", "_record")

    _record: BackendRecord
    _owner: "Topology | None"
    _checked_ns: int
    _load: ReportedLoad | None

    @property
    def record(self) -> BackendRecord:
        """The present description, one immutable value: read it once where several fields must belong together."""
        return self._record

    @property
    def url(self) -> str:
        """Root of the server."""
        return self._record.url

    @property
    def name(self) -> str:
        """Name for display."""
        return self._record.name

    @property
    def backend_type(self) -> BackendType:
        """The software that serves."""
        return self._record.backend_type

    @property
    def models(self) -> tuple[Model, ...]:
        """The models it serves, in stable order."""
        return self._record.models

    @property
    def metadata(self) -> Mapping[str, str]:
        """Your own strings, read-only."""
        return self._record.metadata

    @property
    def priority(self) -> int:
        """Lower is preferred."""
        return self._record.priority

    @property
    def warmup_s(self) -> float:
        """Seconds in which its share of traffic grows back after it has recovered."""
        return self._record.warmup_s

    @property
    def ejection(self) -> EjectionCause | None:
        """Why it is left alone for a while, None if it is not; `record.ejected_until_ns` says for how long."""
        return self._record.ejection

    @property
    def on_trial(self) -> bool:
        """Whether it gets one request at a time until one has shown that it works again, after an ejection for failures."""
        return self._record.on_trial

    @property
    def weight(self) -> int:
        """Share of traffic relative to others."""
        return self._record.weight

    @property
    def status(self) -> BackendStatus:
        """Healthy, unhealthy, unknown, or draining while an operator keeps it out of rotation."""
        return self._record.status

    @property
    def intent(self) -> Intent:
        """What the operator wants."""
        return self._record.intent

    @property
    def residency(self) -> Mapping[str, Residency]:
        """Model id to where the backend has the model, read-only; models of which it is not known are missing."""
        return self._record.residency

    @property
    def reported_load(self) -> ReportedLoad | None:
        """What the server itself said about its load when it was last probed, None if it did not. Makes no revision."""
        return self._load

    @property
    def available(self) -> bool:
        """Whether it may be picked: enabled, credentials present, not ejected, and healthy (or unknown, if allowed)."""
        return not self._standing()[0]

    @property
    def reason_code(self) -> str:
        """Why it may not be picked, one of `REASON_CODES`; empty if it may."""
        return self._standing()[0]

    @property
    def status_reason(self) -> str:
        """A few words on `reason_code`, such as `missing env OPENAI_API_KEY`; at most 256 characters, empty if all is well."""
        code, detail = self._standing()
        return shorten(detail if code else self._record.note or "")

    def _standing(self) -> tuple[str, str]:
        owner = self._owner
        if owner is None:
            return standing(self._record, now_ns=0, select_unknown=True)
        return standing(self._record, now_ns=owner.clock.monotonic_ns(), select_unknown=owner.select_unknown)

    @property
    def last_error(self) -> str | None:
        """Text of the last failed check or status update, None when it passed."""
        return self._record.last_error

    @property
    def last_health_check(self) -> datetime | None:
        """When it was last checked (UTC), None before the first time."""
        return datetime.fromtimestamp(self._checked_ns / 1e9, UTC) if self._checked_ns else None
