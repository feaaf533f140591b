"""`BackendRecord`: all that describes one backend, as one immutable value."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from backend_registry._core.health import BackendStatus
from backend_registry._core.limits import check_names, shown
from backend_registry._core.model import Model
from backend_registry.errors import InvalidValueError

__all__ = ("DEFAULT_WEIGHT", "BackendRecord", "BackendType", "DiscoverySource", "Intent", "check_credential_env", "check_enum")


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


class BackendRecord(NamedTuple):
    """Everything that describes one backend at one revision. Immutable, comparable, safe to keep and to share.

    `health` is what probes and operators found (never DRAINING); `intent` is what the operator wants; `missing_env` names
    the first credential variable that is not set; `ejected_until_ns` is a monotonic deadline before which the backend is
    left alone. The fields up to `max_pending` are the arguments of `Backend`.
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
    health: BackendStatus = BackendStatus.UNKNOWN
    intent: Intent = Intent.ENABLED
    missing_env: str | None = None
    ejected_until_ns: int | None = None
    last_error: str | None = None
    note: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # A read-only view of a dict cannot be pickled; what it shows can.
        return _revived, (*self[:_METADATA], dict(self.metadata), *self[_METADATA + 1 :])

    @property
    def status(self) -> BackendStatus:
        """The seed's single status: draining while the operator keeps it out of rotation, else its health."""
        return self.health if self.intent is Intent.ENABLED else BackendStatus.DRAINING

    @property
    def is_plain(self) -> bool:
        """Neither limited nor weighted, so that the default policy needs to compare nothing but load."""
        return self.max_pending is None and self.weight == DEFAULT_WEIGHT

    def redescribed(self, other: "BackendRecord") -> "BackendRecord":
        """This record with the constructor arguments of `other`, keeping health, intent and ejection."""
        return BackendRecord._make((*other[:_DESCRIBED], *self[_DESCRIBED:]))


_DESCRIBED: Final = BackendRecord._fields.index("health")
_METADATA: Final = BackendRecord._fields.index("metadata")


def _revived(*values: Any) -> BackendRecord:
    record = BackendRecord._make(values)
    return record._replace(metadata=MappingProxyType(record.metadata))


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
