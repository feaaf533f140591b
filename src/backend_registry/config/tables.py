"""The tables of fixed keys: where the process listens, who may come in, how backends are checked, ejected and found."""

import re
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from backend_registry import EjectionPolicy, HealthPolicy, InvalidValueError, Policy
from backend_registry.balance import (
    LeastPending,
    PeakEwma,
    PriorityTiers,
    Random,
    RoundRobin,
    SmartScore,
    SmoothWeighted,
)
from backend_registry.config.dns_name import DnsName

if TYPE_CHECKING:
    from backend_registry.config.backends import BackendHealthConfig

__all__ = (
    "AuthConfig",
    "DiscoveryConfig",
    "EjectionConfig",
    "GatewayConfig",
    "HealthConfig",
    "Seconds",
    "ServerConfig",
    "Table",
    "VariableName",
)

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def _bytes(value: object) -> object:
    """A number of bytes from text such as `10MB` or `512 KiB`; other types are left to the field's own check."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d{1,18})\s*([KMG]?i?B)?", value.strip(), re.IGNORECASE)
    if match is None:
        raise PydanticCustomError("size", 'is not a size; write a number of bytes, or text such as "10MB" or "512KiB"')
    return int(match[1]) * _UNITS[(match[2] or "B").upper()]


def _variable_name(value: object) -> object:
    """The name of an environment variable; a secret pasted in place of a name is refused without being repeated."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", value) is None:
        raise PydanticCustomError(
            "variable", "is not the name of an environment variable; put the secret into a variable and write its name here"
        )
    return value


def _sha256(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value) is None:
        raise PydanticCustomError(
            "sha256", "is not a SHA-256 in 64 lower-case hex digits; make one with: printf %s KEY | sha256sum"
        )
    return value


def _dns_names(values: list[str]) -> list[str]:
    for number, value in enumerate(values):
        try:
            DnsName.parse(value)
        except InvalidValueError as error:
            said = f"entry {number + 1} {error.problem}; {error.remedy}"
            raise PydanticCustomError("dns", "{said}", {"said": said}) from None
        if value in values[:number]:
            raise PydanticCustomError("dns", "has {name} twice; write it once", {"name": repr(value)})
    return values


Size = Annotated[int, BeforeValidator(_bytes), Field(gt=0)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
VariableName = Annotated[str, BeforeValidator(_variable_name)]
Sha256 = Annotated[str, BeforeValidator(_sha256)]


class Table(BaseModel):
    """A table of the file: immutable, strict about types, and closed to unknown keys."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, strict=True)


class ServerConfig(Table):
    """`[server]`: where this process listens, what it keeps, and what it accepts."""

    host: str = Field(
        default="127.0.0.1", min_length=1, description="address to listen on; beyond loopback an admin token is required"
    )
    port: int = Field(default=8484, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    state_dir: str | None = Field(
        default=None,
        min_length=1,
        description="directory for what survives a restart; the platform's user state directory when left out",
    )
    body_limit: Size = Field(default=10_000_000, description="largest request body, in bytes or as text such as 10MB")
    shutdown_s: Seconds = Field(
        default=30.0, description="seconds that running requests are given when the process is told to stop"
    )
    log_format: Literal["console", "json"] = Field(default="console", description="how log lines are written")


class AuthConfig(Table):
    """`[auth]`: who may do what. Tokens are in the environment, never in the file."""

    admin_token_env: VariableName = Field(
        default="BACKEND_REGISTRY_ADMIN_TOKEN", description="variable that holds the token of those who may change things"
    )
    viewer_token_env: VariableName | None = Field(
        default=None, description="variable that holds the token of those who may look"
    )
    client_keys: list[Sha256] = Field(
        default=[],
        max_length=10_000,
        description="SHA-256, in hex, of each key that clients of `/v1` may use; no key is asked for if empty",
    )
    public_reads: bool = Field(default=False, description="whether anybody may read the node API, beyond loopback too")
    public_metrics: bool = Field(default=False, description="whether anybody may read `/metrics`, beyond loopback too")


class HealthConfig(Table):
    """`[health]`: how backends are checked."""

    enabled: bool = Field(default=True, description="whether backends are checked at all")
    interval_s: Seconds = Field(default=30.0, description="seconds between two checks of a backend")
    timeout_s: Seconds = Field(default=5.0, description="seconds that a check may take as a whole")
    failures: int = Field(default=3, ge=1, le=100, description="failed checks in a row that make a healthy backend unhealthy")
    successes: int = Field(default=2, ge=1, le=100, description="passed checks in a row that make an unhealthy backend healthy")
    concurrency: int = Field(
        default=64,
        ge=1,
        le=10_000,
        description="checks at once; a fleet too large to be checked within one interval that way gets more",
    )
    jitter: float = Field(default=0.1, ge=0, le=0.5, description="share by which each interval is varied at random")

    def policy(self) -> HealthPolicy:
        """The part of it that the registry applies."""
        return HealthPolicy(failures=self.failures, successes=self.successes)

    def with_overrides(self, own: "BackendHealthConfig | None") -> "HealthConfig":
        """These settings with what one backend's `health` table says differently."""
        return self if own is None else self.model_copy(update=own.model_dump(exclude_none=True))


class EjectionConfig(Table):
    """`[ejection]`: when a backend that fails requests is left alone for a while."""

    enabled: bool = Field(default=True, description="whether failing requests can take a backend out of rotation")
    consecutive_failures: int = Field(default=5, ge=1, le=1000, description="failed requests in a row that eject")
    failure_share: float = Field(
        default=0.85, gt=0, le=1, description="share of failed requests within `window_s` that ejects, when exceeded"
    )
    min_requests: int = Field(
        default=50, ge=1, le=1_000_000, description="requests within `window_s` below which the share says nothing"
    )
    window_s: int = Field(default=10, ge=1, le=30, description="seconds looked back on, in steps of one second")
    base_s: Seconds = Field(default=30.0, description="seconds of the first ejection; times the number of ejections after that")
    max_s: Seconds = Field(default=300.0, description="seconds of the longest ejection")
    max_share: float = Field(
        default=0.1, ge=0, le=1, description="share of a model's backends ejected at most, one at least, never the last"
    )
    panic_threshold: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="share of a model's backends that must be selectable; below it unhealthy ones are a last resort, 0 never",
    )

    def policy(self) -> EjectionPolicy | None:
        """What the registry applies; None when it is off."""
        return EjectionPolicy(**self.model_dump(exclude={"enabled"})) if self.enabled else None


class GatewayConfig(Table):
    """`[gateway]`: how requests are passed on."""

    policy: Literal[
        "p2c",
        "least_pending",
        "peak_ewma",
        "priority_tiers",
        "random",
        "round_robin",
        "smart_score",
        "smooth_weighted",
    ] = Field(default="p2c", description="how one of several backends is chosen")
    attempts: int = Field(
        default=3, ge=1, le=10, description="backends that a request is tried on at most, before its first byte, for each model"
    )
    connect_timeout_s: Seconds = Field(default=5.0, description="seconds to reach a backend")
    first_byte_timeout_s: Seconds = Field(
        default=60.0, description="seconds until a backend begins to answer; costs one attempt"
    )
    total_timeout_s: Seconds = Field(default=600.0, description="seconds for the whole request, streaming included")
    queue_s: float = Field(
        default=0.0, ge=0, le=86_400, allow_inf_nan=False, description="seconds to wait for a backend instead of answering 503"
    )
    queue_max: int = Field(default=100, ge=1, le=100_000, description="requests that may wait at once")
    buffer_limit: Size = Field(
        default=4_000_000, description="a plain answer up to this size is complete before any of it is sent"
    )
    expose_headers: bool = Field(default=True, description="whether answers say which backend served them, and why")
    forward_client_auth: bool = Field(
        default=False, description="whether a client's Authorization goes to backends that have no credential of their own"
    )

    def choice(self) -> Policy | None:
        """The policy by name; None is the registry's own rule, the power of two choices."""
        kind = _POLICIES[self.policy]
        return None if kind is None else kind()


_POLICIES: dict[str, type[Policy] | None] = {
    "p2c": None,
    "least_pending": LeastPending,
    "peak_ewma": PeakEwma,
    "priority_tiers": PriorityTiers,
    "random": Random,
    "round_robin": RoundRobin,
    "smart_score": SmartScore,
    "smooth_weighted": SmoothWeighted,
}


class DiscoveryConfig(Table):
    """`[discovery]`: where backends are looked for, beside this file."""

    localhost: bool = Field(
        default=False, description="whether the well-known ports of this machine are looked at; on when there is no file"
    )
    mdns: bool = Field(
        default=False,
        description="whether servers that announce themselves on the local network are used; on when there is no file",
    )
    dns: Annotated[list[str], AfterValidator(_dns_names)] = Field(
        default=[], max_length=64, description="names to resolve: `host:port`, or `_service._tcp.name` for SRV records"
    )
    watch: bool = Field(default=True, description="whether this file is read again when it changes")
