"""`BackendRecord`: all that describes one backend, as one immutable value, and the words that it is described with."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from backend_registry._core.health import BackendStatus
from backend_registry._core.limits import check_names, shown
from backend_registry._core.model import NO_RESIDENCY, Model, Residency
from backend_registry.errors import InvalidValueError

__all__ = (
    "DEFAULT_WEIGHT",
    "BackendRecord",
    "BackendType",
    "DiscoverySource",
    "EjectionCause",
    "Intent",
    "check_credential_env",
    "check_enum",
)


DEFAULT_WEIGHT: Final = 100


class BackendType(StrEnum):
    """Which software serves; decides how it is probed."""

    OLLAMA = "ollama"
    VLLM = "vllm"
    LLAMACPP = "llamacpp"
    EXO = "exo"
    OPENAI = "openai"
    LMSTUDIO = "lmstudio"
    ANTHROPIC = "anthropic"
    GOOGLE = "google"
    GENERIC = "generic"


class DiscoverySource(StrEnum):
    """Who told the registry about a backend."""

    STATIC = "static"
    MDNS = "mdns"
    MANUAL = "manual"
    SCAN = "scan"
    DNS = "dns"


class Intent(StrEnum):
    """What the operator wants; no health check can change it."""

    ENABLED = "enabled"
    DRAINING = "draining"
    DISABLED = "disabled"


class EjectionCause(StrEnum):
    """Why a backend is left alone for a while.

    `overloaded` is its own wish (429 or 503 with Retry-After); the other two are verdicts on how its requests end.
    """

    OVERLOADED = "overloaded"
    FAILURES = "consecutive_failures"
    SHARE = "failure_share"


class BackendRecord(NamedTuple):
    """Everything that describes one backend at one revision. Immutable, comparable, safe to keep and to share.

    `health` is what probes and operators found (never DRAINING); `intent` is what the operator wants; `missing_env` names
    the first credential variable that is not set; `ejected_until_ns` is a monotonic deadline before which the backend is
    left alone, and `ejection` says why; `ejections` counts those for failures, less those forgiven with time; `on_trial` is
    set from the end of such an ejection until a request has shown how it is; `warming_since_ns` is when a recovered backend
    began to get its share of traffic back; `residency` says where the models are, as far as that is known.

    The fields up to `warmup_s` describe the backend and are, with `intent`, the arguments of `Backend`; the rest is its state.
    """

    id: str
    url: str
    name: str
    backend_type: BackendType
    models: tuple[Model, ...]
    discovery_source: DiscoverySource
    metadata: Mapping[str, str]
    priority: int
    weight: int
    operations: tuple[str, ...]
    features: tuple[str, ...]
    transports: tuple[str, ...]
    instance_id: str | None
    credential_env: tuple[str, ...]
    max_pending: int | None
    warmup_s: float = 0.0
    health: BackendStatus = BackendStatus.UNKNOWN
    intent: Intent = Intent.ENABLED
    missing_env: str | None = None
    ejected_until_ns: int | None = None
    ejection: EjectionCause | None = None
    ejections: int = 0
    on_trial: bool = False
    warming_since_ns: int | None = None
    residency: Mapping[str, Residency] = NO_RESIDENCY
    last_error: str | None = None
    note: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # A read-only view of a dict cannot be pickled; what it shows can.
        return _revived, tuple(dict(value) if isinstance(value, Mapping) else value for value in self)

    @property
    def status(self) -> BackendStatus:
        """The seed's single status: draining while the operator keeps it out of rotation, else its health."""
        return self.health if self.intent is Intent.ENABLED else BackendStatus.DRAINING

    @property
    def is_plain(self) -> bool:
        """Neither limited nor weighted nor on trial nor warming, so that the default policy compares nothing but load."""
        return (
            self.max_pending is None and self.weight == DEFAULT_WEIGHT and not self.on_trial and self.warming_since_ns is None
        )

    @property
    def is_unconditional(self) -> bool:
        """Whether, selectable or not, a lease on it needs no look under the lock: no limit, no trial, nothing being loaded."""
        return self.max_pending is None and not self.on_trial and Residency.LOADING not in self.residency.values()

    @property
    def is_outlier(self) -> bool:
        """Ejected for its failures, or on trial after that."""
        return self.on_trial or (self.ejection is not None and self.ejection is not EjectionCause.OVERLOADED)

    @property
    def due_ns(self) -> int | None:
        """When something about it ends by itself: its ejection or its warm-up; None if nothing does."""
        if self.ejected_until_ns is None and self.warming_since_ns is not None:
            return self.warming_since_ns + int(self.warmup_s * 1e9)
        return self.ejected_until_ns

    def warm_share(self, now_ns: int) -> float:
        """The part of its weight that counts at monotonic `now_ns`: from a tenth up to 1.0 while it warms up, else 1.0."""
        if self.warming_since_ns is None or not self.warmup_s:
            return 1.0
        return min(max((now_ns - self.warming_since_ns) / (self.warmup_s * 1e9), _LEAST_SHARE), 1.0)

    def redescribed(self, other: "BackendRecord") -> "BackendRecord":
        """This record with the constructor arguments of `other`, keeping its state: health, intent, ejection, residency."""
        return BackendRecord._make((*other[:_DESCRIBED], *self[_DESCRIBED:]))


_DESCRIBED: Final = BackendRecord._fields.index("health")
_LEAST_SHARE: Final = 0.1
"""A recovering backend that got nothing would never show that it has recovered."""


def _revived(*values: Any) -> BackendRecord:
    record = BackendRecord._make(values)
    return record._replace(metadata=MappingProxyType(record.metadata), residency=MappingProxyType(record.residency))


_Named = TypeVar("_Named", bound=StrEnum)


def check_enum(field: str, value: object, kind: type[_Named]) -> _Named:
    """A member of `kind`, given as itself or as its text."""
    for member in kind:
        if value == member:
            return member
    raise InvalidValueError(field, f"is {shown(value)}", f"pass one of {', '.join(kind)}")


def check_credential_env(value: str | Iterable[str] | None) -> tuple[str, ...]:
    """Names of environment variables; a value pasted in place of a name is refused without being repeated."""
    if value is None:
        return ()
    names = check_names("credential_env", (value,) if isinstance(value, str) else value)
    for name in names:
        if not name.replace("_", "").isalnum() or not name.isascii() or name[0].isdigit():
            raise InvalidValueError(
                "credential_env",
                "is not the name of an environment variable",
                "pass a name such as OPENAI_API_KEY and put the secret into that variable",
            )
    return names
