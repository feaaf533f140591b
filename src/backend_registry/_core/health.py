"""Health as a small pure state machine, so that one place decides what a probe means.

    unknown   --1 ok-->    healthy        unknown --1 failure--> unhealthy
    healthy   --`failures` in a row-->    unhealthy   (a refused connection counts after `refusals`)
    unhealthy --`successes` in a row-->   healthy

Intent (drain, disable) and ejection are other facts and are never touched from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from backend_registry._core.limits import check_count, check_seconds, shorten
from backend_registry._core.model import Model, Residency, check_models, check_residency
from backend_registry.errors import InvalidValueError

__all__ = ("BackendStatus", "HealthPolicy", "ProbeResult", "ReportedLoad", "Streak", "next_health")


class BackendStatus(StrEnum):
    """What the seed's contract calls the status of a backend."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """How many probes it takes to change one's mind, and how long an overloaded backend may be left alone.

    Args:
        failures: failed probes in a row that make a healthy backend unhealthy.
        successes: passed probes in a row that make an unhealthy backend healthy.
        refusals: refused connections in a row that make a healthy backend unhealthy.
        max_cooldown_s: seconds; a longer `retry_after` of an overloaded backend is cut to this.
    """

    failures: int = 3
    successes: int = 2
    refusals: int = 2
    max_cooldown_s: float = 300.0

    def __post_init__(self) -> None:
        check_count("failures", self.failures, least=1)
        check_count("successes", self.successes, least=1)
        check_count("refusals", self.refusals, least=1)
        check_seconds("max_cooldown_s", self.max_cooldown_s)


class ReportedLoad(NamedTuple):
    """Requests that a server says it has, from all its clients: those it works on and those that wait inside it."""

    running: int
    waiting: int


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one active health check found out.

    Args:
        ok: the backend answered and may serve.
        error: what went wrong, in a few words; kept as `last_error`.
        models: the models it lists; None or empty keeps those known so far.
        refused: nothing listened at the address, which is a surer sign of death than a time-out.
        note: something odd about a passed probe, shown in `status_reason`.
        residency: model id to where the backend has it; None keeps what is known, models that it does not serve are dropped.
        load: what the server says about its own load; None if it did not tell.
    """

    ok: bool
    error: str | None = None
    models: tuple[Model, ...] | None = None
    refused: bool = False
    note: str | None = None
    residency: Mapping[str, Residency] | None = None
    load: ReportedLoad | None = None

    def __post_init__(self) -> None:
        for field in ("ok", "refused"):
            if not isinstance(getattr(self, field), bool):
                raise InvalidValueError(field, f"is a {type(getattr(self, field)).__name__}", "pass True or False")
        for field in ("error", "note"):
            object.__setattr__(self, field, check_reason(field, getattr(self, field)))
        if self.models is not None:
            object.__setattr__(self, "models", check_models(self.models))
        if self.residency is not None:
            object.__setattr__(self, "residency", check_residency("residency", self.residency))
        if self.load is not None:
            object.__setattr__(self, "load", _check_load(self.load))


def _check_load(load: object) -> ReportedLoad:
    if not isinstance(load, ReportedLoad):
        raise InvalidValueError("load", f"is a {type(load).__name__}", "pass a ReportedLoad")
    return ReportedLoad(check_count("load.running", load.running, least=0), check_count("load.waiting", load.waiting, least=0))


def check_reason(field: str, value: object) -> str | None:
    """Text for people, shortened to 256 characters, or None."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidValueError(field, f"is a {type(value).__name__}", "pass a str or None")
    # Text of the operating system may hold lone surrogates, which could not be sent as JSON.
    return shorten(" ".join(value.encode(errors="replace").decode().split())) or None


@dataclass(frozen=True, slots=True)
class Streak:
    """Probes in a row that contradict the present health."""

    oks: int = 0
    failures: int = 0
    refusals: int = 0


def next_health(
    health: BackendStatus, streak: Streak, result: ProbeResult, policy: HealthPolicy
) -> tuple[BackendStatus, Streak]:
    """The health and the streak after one more probe result. Pure."""
    if result.ok:
        needed = policy.successes if health is BackendStatus.UNHEALTHY else 1
        if streak.oks + 1 >= needed:
            return BackendStatus.HEALTHY, Streak()
        return health, Streak(oks=streak.oks + 1)
    failures = streak.failures + 1
    refusals = streak.refusals + 1 if result.refused else 0
    if health is not BackendStatus.HEALTHY or failures >= policy.failures or refusals >= policy.refusals:
        return BackendStatus.UNHEALTHY, Streak()
    return health, Streak(failures=failures, refusals=refusals)
