"""When a backend whose requests fail is left alone, for how long, and how it comes back: passive ejection, outlier detection.

Pure functions of immutable values; `resting` applies them. Nothing is decided but when a request has failed, so a healthy fleet
pays nothing. Neutral outcomes (client error, cancelled, overloaded) say nothing about a backend and count neither way.
"""

from dataclasses import dataclass
from typing import Any

from backend_registry._core.health import BackendStatus
from backend_registry._core.latency import RECENT_MOST, Tally
from backend_registry._core.limits import check_count, check_positive, check_share
from backend_registry._core.record import BackendRecord, EjectionCause

__all__ = ("EjectionPolicy", "cause_of", "ejected", "most_ejected", "recovered", "returned", "with_health")

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class EjectionPolicy:
    """How failing requests take a backend out of rotation, and when the registry stops believing that so many are bad.

    Args:
        consecutive_failures: failed requests in a row that eject.
        failure_share: share of failed requests within the window that ejects, when exceeded; 1 never does.
        min_requests: requests within the window below which the share says nothing.
        window_s: seconds looked back on, in steps of one second; 1 to 30.
        base_s: seconds of the first ejection; times the number of ejections after that, less one for every `base_s` since
            the last one ended.
        max_s: seconds of the longest ejection.
        max_share: share of a model's backends that may be ejected at once, rounded down; one may always be, and never the
            last that may be picked.
        panic_threshold: share of a model's usable backends (enabled, credentials present) that must be selectable. Below it
            those that are unhealthy, ejected for failures or unknown are used when nothing better is left. 0 switches it off.

    Raises:
        InvalidValueError: a value is of the wrong type or out of its range.
    """

    consecutive_failures: int = 5
    failure_share: float = 0.85
    min_requests: int = 50
    window_s: int = 10
    base_s: float = 30.0
    max_s: float = 300.0
    max_share: float = 0.1
    panic_threshold: float = 0.5

    def __post_init__(self) -> None:
        check_count("consecutive_failures", self.consecutive_failures, least=1)
        check_share("failure_share", self.failure_share)
        check_count("min_requests", self.min_requests, least=1)
        check_count("window_s", self.window_s, least=1, most=RECENT_MOST)
        check_positive("base_s", self.base_s, most=_YEAR_S)
        check_positive("max_s", self.max_s, most=_YEAR_S)
        check_share("max_share", self.max_share)
        check_share("panic_threshold", self.panic_threshold)


_YEAR_S = 31_536_000.0


def cause_of(tally: Tally, policy: EjectionPolicy, now_ns: int) -> EjectionCause | None:
    """Why these requests speak for an ejection at monotonic `now_ns`; None if they do not. Pure."""
    if tally.failure_streak >= policy.consecutive_failures:
        return EjectionCause.FAILURES
    first_second = now_ns // _SECOND - policy.window_s + 1
    ended = failed = 0
    for second, its_ended, its_failed in (*tally.recent, tally.latest):
        if second >= first_second:
            ended += its_ended
            failed += its_failed
    if ended >= policy.min_requests and failed > policy.failure_share * ended:
        return EjectionCause.SHARE
    return None


def most_ejected(policy: EjectionPolicy, members: int) -> int:
    """How many of a model's `members` may be ejected for failures, or on trial after it, at once. Pure."""
    # 0.29 * 100 is a little less than 29.
    return max(1, int(policy.max_share * members + 1e-9))


def ejected(
    record: BackendRecord, cause: EjectionCause, policy: EjectionPolicy, *, ended_ns: int, now_ns: int
) -> BackendRecord:
    """The record of a backend that is ejected now; `ended_ns` is when its last ejection ended. Pure."""
    forgiven = int((now_ns - ended_ns) / (policy.base_s * 1e9))
    times = max(record.ejections - forgiven, 0) + 1
    until_ns = now_ns + int(min(policy.base_s * times, policy.max_s) * 1e9)
    return record._replace(ejected_until_ns=until_ns, ejection=cause, ejections=times, on_trial=False, warming_since_ns=None)


def returned(record: BackendRecord) -> BackendRecord:
    """The record once what was due has ended: an ejection, or else a warm-up. Pure."""
    if record.ejected_until_ns is None:
        return record._replace(warming_since_ns=None)
    # Whoever was ejected for failures must show first that it works; an overloaded one has only rested.
    return record._replace(ejected_until_ns=None, ejection=None, on_trial=record.is_outlier)


def recovered(record: BackendRecord, now_ns: int) -> BackendRecord:
    """The record of a backend that has shown that it works: no ejection for failures any more, no trial. Pure."""
    if not record.is_outlier:
        return record
    if record.ejection is not EjectionCause.OVERLOADED:
        record = record._replace(ejected_until_ns=None, ejection=None)
    return record._replace(on_trial=False, warming_since_ns=now_ns if record.warmup_s else None)


def with_health(record: BackendRecord, health: BackendStatus, now_ns: int, **changes: Any) -> BackendRecord:
    """The record with this health, and what else has changed; one that was unhealthy and is healthy warms up. Pure."""
    since_ns = record.warming_since_ns if health is BackendStatus.HEALTHY else None
    if record.health is BackendStatus.UNHEALTHY and health is BackendStatus.HEALTHY and record.warmup_s:
        since_ns = now_ns
    return record._replace(health=health, warming_since_ns=since_ns, **changes)
