"""`Backend`: one model server, as a live handle.

What describes it (url, models, intent, health ...) is one immutable `BackendRecord`, replaced as a whole by the registry's
writer, so that a reader never sees half an update. What counts (requests in flight, finished requests) belongs to the handle
itself and changes on every request without touching the registry.

In flight is the size of a dict of tickets. A lease puts in a weak reference to itself, the raw verbs put in the numbers 1, 2,
3 ...; putting in and taking out are single C calls. So the count cannot go negative, giving back twice is a no-op by
construction, no interrupt can leave it wrong, and the lease path holds no lock.

Finished requests are appended to `_log`, a list whose first element is the `Tally` of everything before. Readers copy the list
and fold the copy; every few samples the folded part is replaced by its tally in one slice assignment. There is no moment at
which a sample is missing or counted twice.
"""

import logging
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

from backend_registry._core.described import Described
from backend_registry._core.health import ReportedLoad, Streak
from backend_registry._core.latency import ENDED, NEW_START, NO_REQUESTS, UNCOUNTED, Sample, Tally, fold
from backend_registry._core.limits import (
    check_count,
    check_id,
    check_metadata,
    check_milliseconds,
    check_names,
    check_seconds,
    check_text,
    check_url,
)
from backend_registry._core.lock import CounterLock
from backend_registry._core.model import Model, Residency, check_models
from backend_registry._core.record import (
    BackendRecord,
    BackendType,
    DiscoverySource,
    Intent,
    check_credential_env,
    check_enum,
)

if TYPE_CHECKING:
    from backend_registry._core.topology import Topology

__all__ = ("Backend", "BackendFields")

logger = logging.getLogger("backend_registry")

UNFOLDED_MOST: Final = 32
_WARN_EVERY_NS: Final = 60_000_000_000
_NO_STREAK: Final = Streak()
_NEW_START: Final[Sample] = (0, None, None, NEW_START)
COLD_PENALTY: Final = 2
"""Requests in flight that a model on disk only is taken for: loading it takes some seconds, as long as a few short answers do.
So a backend that has it in memory is preferred until it has two requests more, and a cold one is warmed up before all others
drown."""


class BackendFields(TypedDict, total=False):
    """The arguments of `Backend`, by name."""

    id: str
    url: str
    name: str | None
    backend_type: BackendType | str
    models: Iterable[Model | str]
    discovery_source: DiscoverySource | str
    metadata: Mapping[str, str] | None
    priority: int
    weight: int
    operations: Iterable[str]
    features: Iterable[str]
    transports: Iterable[str]
    instance_id: str | None
    credential_env: str | Iterable[str] | None
    max_pending: int | None
    warmup_s: float
    intent: Intent | str


class Backend(Described):
    """One model server. You construct it; a registry owns it once added, and from then on changes it by its verbs.

    Args:
        id: unique in a registry, 1 to 256 bytes.
        url: root of the server, at most 2 KiB; a trailing slash or `/v1` is dropped.
        name: for display; the id when left out.
        backend_type: the software that serves.
        models: `Model` objects or model ids, at most 1,024.
        discovery_source: who told about it.
        metadata: at most 64 short strings for your own use.
        priority: lower is preferred, by policies that look at it.
        weight: share of traffic relative to others, 1 to 1,000,000.
        operations: what it can do (`chat_completions`, `embeddings`, ...); empty means anything.
        features: free words shown to operators.
        transports: how it can be reached (`http`, `ws`).
        instance_id: the runtime instance behind it, if any.
        credential_env: name or names of environment variables that must be set for it to be available.
        max_pending: requests in flight it may have at once; None means no limit.
        warmup_s: seconds in which its share of traffic grows from a tenth to its full weight after it has recovered from
            being unhealthy or ejected for failures; 0 gives it the full share at once. A new backend is not slowed down.
        intent: what the operator wants of it from the start.

    Raises:
        InvalidValueError: a field is of the wrong type or out of its range.

    Thread-safety: every attribute may be read from any thread, or from a signal handler, at any time.
    """

    __slots__ = (
        "__weakref__",
        "_anew_ns",
        "_lock",
        "_log",
        "_plain",
        "_raw",
        "_ready",
        "_streak",
        "_tickets",
        "_trial",
        "_underflows",
        "_warned_ns",
        "id",
    )

    def __init__(  # noqa: PLR0913 -- one argument per fact about a server; all but two are by name
        self,
        id: str,
        url: str,
        *,
        name: str | None = None,
        backend_type: BackendType | str = BackendType.GENERIC,
        models: Iterable[Model | str] = (),
        discovery_source: DiscoverySource | str = DiscoverySource.STATIC,
        metadata: Mapping[str, str] | None = None,
        priority: int = 0,
        weight: int = 100,
        operations: Iterable[str] = (),
        features: Iterable[str] = (),
        transports: Iterable[str] = ("http",),
        instance_id: str | None = None,
        credential_env: str | Iterable[str] | None = None,
        max_pending: int | None = None,
        warmup_s: float = 0.0,
        intent: Intent | str = Intent.ENABLED,
    ) -> None:
        self.id: Final[str] = check_id("id", id)
        self._record = BackendRecord(
            id=self.id,
            url=check_url("url", url),
            name=self.id if name is None else check_text("name", name),
            backend_type=check_enum("backend_type", backend_type, BackendType),
            models=check_models(models),
            discovery_source=check_enum("discovery_source", discovery_source, DiscoverySource),
            metadata=check_metadata("metadata", metadata),
            priority=check_count("priority", priority, least=-(2**31)),
            weight=check_count("weight", weight, least=1, most=1_000_000),
            operations=check_names("operations", operations),
            features=check_names("features", features),
            transports=check_names("transports", transports),
            instance_id=None if instance_id is None else check_text("instance_id", instance_id),
            credential_env=check_credential_env(credential_env),
            max_pending=None if max_pending is None else check_count("max_pending", max_pending, least=1),
            warmup_s=check_seconds("warmup_s", warmup_s),
            intent=check_enum("intent", intent, Intent),
        )
        self._owner: Topology | None = None
        # Whether it may be picked.
        self._ready = False
        # May be picked, without a condition that must be looked at under the lock: all that the hot path asks.
        self._plain = False
        # Failures of requests that began before this monotonic moment have been dealt with; also when the last ejection ended.
        self._anew_ns = 0
        # The ticket of the last trial request. The slot is taken while that ticket counts, so nothing can leave it taken.
        self._trial: object = None
        self._load: ReportedLoad | None = None
        self._checked_ns = 0
        self._streak = _NO_STREAK
        self._underflows = 0
        self._warned_ns: int | None = None
        # One Tally, then samples; a type that says so would have to be asked on the hot path.
        self._log: list[Any] = [NO_REQUESTS]
        self._start_counting()

    def _start_counting(self) -> None:
        """A new lock and nothing in flight: at birth, and in a forked child, whose parent keeps the requests."""
        self._lock = CounterLock()
        self._tickets: dict[object, int] = {}
        self._raw = 0

    def replace(self, **changes: Unpack[BackendFields]) -> "Backend":
        """A fresh, unowned backend with these constructor arguments changed; counters and health start anew.

        Raises:
            InvalidValueError: as the constructor.
            TypeError: an unknown argument name.
        """
        record = self._record
        return Backend(**{**{name: getattr(record, name) for name in BackendFields.__annotations__}, **changes})

    # --- what counts ---------------------------------------------------------------------------------------------------

    @property
    def pending_requests(self) -> int:
        """Requests in flight now, by leases and by the raw verbs together; never negative."""
        owner = self._owner
        if owner is not None and owner._abandoned:
            owner._reclaim_abandoned()
        return len(self._tickets)

    @property
    def tally(self) -> Tally:
        """Counts and averages of finished requests, at one instant. Reads, never writes; at most a few microseconds."""
        log = self._log[:]
        tally: Tally = log[0]
        return fold(tally, log[1:]) if len(log) > 1 else tally

    @property
    def total_requests(self) -> int:
        """Requests that have ended, whatever their outcome."""
        return self.tally.total_requests

    @property
    def avg_latency_ms(self) -> int:
        """Average latency of successful requests in whole milliseconds (alpha 1/5); 0 before the first sample."""
        return (self.tally.ema_us or 0) // 1000

    @property
    def latency_samples(self) -> int:
        """How many samples the average rests on; tells "0 ms" from "no sample"."""
        return self.tally.latency_samples

    def cost(self, model: str | None = None, now_ns: int | None = None) -> float:
        """The number that the default policy compares, lower is better: (requests in flight + 1) per unit of weight.

        A weight of 100 counts as 1. A backend that has `model` on disk only costs as if two more requests were in flight; one
        that warms up as if its weight were `effective_weight`.

        Args:
            model: the model to be asked for; None leaves out where it is.
            now_ns: monotonic time by the registry's clock; None reads it, if it matters.

        Thread-safety: any thread, no lock. Cost: about half a microsecond.
        """
        record = self._record
        load = len(self._tickets) + 1
        if record.residency and record.residency.get(model or "") is Residency.ON_DISK:
            load += COLD_PENALTY
        return load * 100 / (record.weight if record.warming_since_ns is None else self.effective_weight(now_ns))

    def effective_weight(self, now_ns: int | None = None) -> float:
        """The weight as it counts now: less than `weight` while the backend warms up; see `warmup_s`.

        Args:
            now_ns: monotonic time by the registry's clock; None reads it, if it matters.
        """
        record = self._record
        if record.warming_since_ns is None:
            return record.weight
        return record.weight * record.warm_share(self._now_ns() if now_ns is None else now_ns)

    def _become(self, after: BackendRecord | None, *, selectable: bool) -> None:
        """Take over what a commit makes of this backend, None if it is removed; caller holds the topology lock. Idempotent."""
        if after is None:
            self._ready = self._plain = False
            return
        before, self._record = self._record, after
        self._ready = selectable
        self._plain = selectable and after.is_unconditional
        if not after.on_trial:
            self._trial = None
        if after.is_outlier and after.ejected_until_ns is not None:
            self._anew_ns = after.ejected_until_ns
        if before.is_outlier and not after.is_outlier:
            self._anew_ns = min(self._anew_ns, self._now_ns())
            self._log.append(_NEW_START)

    def _has_room(self) -> bool:
        """Whether it may have one more request in flight, and if it is on trial, whether that one may be the trial."""
        record = self._record
        limit = record.max_pending
        if limit is not None and len(self._tickets) >= limit:
            return False
        return not record.on_trial or self._trial not in self._tickets

    @property
    def pending_underflows(self) -> int:
        """How often `decrement_pending` was called with nothing to take back: a bug in the calling router."""
        return self._underflows

    def increment_pending(self) -> int:
        """Count one request as in flight and return the new number. Prefer a lease, which cannot forget to give back."""
        with self._lock:
            self._raw = raw = self._raw + 1
            self._tickets[raw] = 0
            return len(self._tickets)

    def decrement_pending(self) -> int:
        """Take back one `increment_pending` and return the new number.

        With none to take back the number stays, the underflow is counted, and one warning a minute is logged.
        """
        with self._lock:
            warn = not self._take_raw() and self._note_underflow()
            pending = len(self._tickets)
        if warn:
            logger.warning(
                "decrement_pending without a matching increment",
                extra={"backend_id": self.id, "underflows": self._underflows},
            )
        owner = self._owner
        if owner is not None and owner._waiting:
            owner._released(self)
        return pending

    def _take_raw(self) -> bool:
        """Take out the highest raw ticket, if any; caller holds the lock."""
        while self._raw:
            taken = self._tickets.pop(self._raw, None) is not None
            self._raw -= 1
            # Not there if an earlier call was interrupted between the two; it has done its part, so look further down.
            if taken:
                return True
        return False

    def _note_underflow(self) -> bool:
        """Whether this underflow is to be logged; caller holds the lock."""
        self._underflows += 1
        now_ns = self._now_ns()
        if self._warned_ns is not None and now_ns - self._warned_ns < _WARN_EVERY_NS:
            return False
        self._warned_ns = now_ns
        return True

    def increment_total_requests(self) -> int:
        """Count one request as ended and return the new number."""
        return self._compact((self._now_ns(), None, None, ENDED)).total_requests

    def update_latency(self, latency_ms: float) -> int:
        """Fold one latency sample in milliseconds and return the new average in whole milliseconds.

        Raises:
            InvalidValueError: not a finite number from 0 to 2^32 - 1; the average is untouched.
        """
        sample_us = check_milliseconds("latency_ms", latency_ms)
        return (self._compact((self._now_ns(), sample_us, None, UNCOUNTED)).ema_us or 0) // 1000

    def _now_ns(self) -> int:
        owner = self._owner
        return owner.clock.monotonic_ns() if owner is not None else 0

    def _compact(self, *more: Sample) -> Tally:
        """Fold everything logged so far, and `more`, into the first element; exactly once, whatever interrupts it."""
        log = self._log
        if self._lock._is_owned():
            # A finalizer or signal handler inside this very block: folding twice at once would lose what the inner one folded.
            log.extend(more)
            return self.tally
        with self._lock:
            seen = len(log)
            tally = fold(log[0], [*log[1:seen], *more])
            # One C call: a reader sees either the samples or their tally, never both and never neither.
            log[:seen] = (tally,)
            return tally

    def _missing_env(self) -> str | None:
        """The first credential variable that is not set now; values are looked at, never kept."""
        return next((name for name in self._record.credential_env if not os.environ.get(name)), None)

    def __repr__(self) -> str:
        """Id, status and counters; the url stays out, since it may carry credentials."""
        return f"<Backend {self.id!r} {self.status.value} pending={len(self._tickets)} models={len(self.models)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Refuses: a copy would count for itself."""
        message = "a Backend is a live handle and cannot be pickled or copied; use backend.record or BackendView"
        raise TypeError(message)
