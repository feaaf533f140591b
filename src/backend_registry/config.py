"""`FleetConfig`: the TOML file that `python -m backend_registry.serve` reads.

A file is accepted as a whole or refused as a whole. A refusal names every wrong key at once, with its line, what is wrong and
what would be accepted. It repeats no url and no name of a credential, since somebody may have pasted a secret there.
"""

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from backend_registry import Backend, BackendType, HealthPolicy, InvalidValueError, Model, RegistryError

__all__ = (
    "BackendConfig",
    "ConfigError",
    "FleetConfig",
    "GatewayConfig",
    "HealthConfig",
    "ModelConfig",
    "ServerConfig",
    "load_fleet",
    "parse_fleet",
)

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


class ConfigError(RegistryError):
    """A configuration was refused as a whole.

    Attributes:
        problems: one sentence for each thing that is wrong, with the place it is at.
    """

    def __init__(self, source: str, problems: Iterable[str]) -> None:
        self.problems: tuple[str, ...] = tuple(problems)
        super().__init__("\n".join(f"{source}: {problem}" for problem in self.problems))


def _bytes(value: object) -> object:
    """A number of bytes from text such as `10MB` or `512 KiB`; other types are left to the field's own check."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d+)\s*([KMG]?i?B)?", value.strip(), re.IGNORECASE)
    if match is None:
        raise PydanticCustomError("size", 'is not a size; write a number of bytes, or text such as "10MB" or "512KiB"')
    return int(match[1]) * _UNITS[(match[2] or "B").upper()]


Size = Annotated[int, BeforeValidator(_bytes), Field(gt=0)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]


class _Table(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, strict=True)


class ServerConfig(_Table):
    """`[server]`: where this process listens, and what it accepts."""

    host: str = Field(
        default="127.0.0.1", min_length=1, description="address to listen on; loopback only, since clients have no keys yet"
    )
    port: int = Field(default=8484, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    body_limit: Size = Field(default=10_000_000, description="largest request body, in bytes or as text such as 10MB")
    shutdown_s: Seconds = Field(
        default=30.0, description="seconds that running requests are given when the process is told to stop"
    )
    log_format: Literal["console", "json"] = Field(default="console", description="how log lines are written")


class HealthConfig(_Table):
    """`[health]`: how backends are checked."""

    enabled: bool = Field(default=True, description="whether backends are checked at all")
    interval_s: Seconds = Field(default=30.0, description="seconds between two checks of a backend")
    timeout_s: Seconds = Field(default=5.0, description="seconds that a backend has for each answer")
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


class GatewayConfig(_Table):
    """`[gateway]`: how requests are passed on."""

    attempts: int = Field(
        default=3, ge=1, le=10, description="backends that a request is tried on at most, before its first byte"
    )
    connect_timeout_s: Seconds = Field(default=5.0, description="seconds to reach a backend")
    first_byte_timeout_s: Seconds = Field(
        default=60.0, description="seconds until a backend begins to answer; costs one attempt"
    )
    total_timeout_s: Seconds = Field(default=600.0, description="seconds for the whole request, streaming included")
    buffer_limit: Size = Field(
        default=4_000_000, description="a plain answer up to this size is complete before any of it is sent"
    )
    expose_headers: bool = Field(default=True, description="whether answers carry x-backend-id and x-attempts")


class ModelConfig(_Table):
    """A model of a backend, where its id alone is not enough."""

    id: str
    name: str = ""
    context_length: int = 4096
    supports_vision: bool = False
    supports_tools: bool = False
    supports_json_mode: bool = False
    max_output_tokens: int | None = None


def _model(value: object) -> object:
    return {"id": value} if isinstance(value, str) else value


class BackendConfig(_Table):
    """`[[backend]]`: one model server. What each key means and may be is said at `backend_registry.Backend`."""

    id: str
    url: str
    name: str | None = None
    backend_type: str = BackendType.GENERIC.value
    models: list[Annotated[ModelConfig, BeforeValidator(_model)]] = []
    metadata: dict[str, str] = {}
    priority: int = 0
    weight: int = 100
    operations: list[str] = []
    features: list[str] = []
    transports: list[str] = ["http"]
    instance_id: str | None = None
    credential_env: str | list[str] | None = None
    max_pending: int | None = None

    @model_validator(mode="after")
    def _accepted_by_the_registry(self) -> Self:
        if self.backend_type in (BackendType.ANTHROPIC, BackendType.GOOGLE):
            raise _refusal("backend_type", "cannot be routed to yet; use the service's OpenAI-compatible address with openai")
        try:
            self.backend()
        except InvalidValueError as error:
            raise _refusal(error.field, f"{error.problem}; {error.remedy}") from None
        return self

    def backend(self) -> Backend:
        """A fresh backend, ready to be added."""
        return Backend(**{**self.model_dump(), "models": [Model(**model.model_dump()) for model in self.models]})


def _refusal(field: str, problem: str) -> PydanticCustomError:
    return PydanticCustomError("backend", "{problem}", {"field": field, "problem": problem})


class FleetConfig(_Table):
    """The whole file. Immutable; made by `load_fleet` or `parse_fleet`."""

    server: ServerConfig = ServerConfig()
    health: HealthConfig = HealthConfig()
    gateway: GatewayConfig = GatewayConfig()
    backend: list[BackendConfig] = []

    @model_validator(mode="after")
    def _unique_ids(self) -> Self:
        twice = [backend_id for backend_id, count in Counter(backend.id for backend in self.backend).items() if count > 1]
        if twice:
            raise PydanticCustomError("twice", "backend: the id {id} is given twice; give each its own", {"id": repr(twice[0])})
        return self

    def backends(self) -> tuple[Backend, ...]:
        """Fresh backends, ready for `Registry.apply`."""
        return tuple(backend.backend() for backend in self.backend)


def load_fleet(path: Path) -> FleetConfig:
    """Read a file.

    Raises:
        ConfigError: it cannot be read, is not TOML, or something in it is unknown or out of range.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(str(path), [f"cannot be read: {reason}"]) from None
    return parse_fleet(text, source=str(path))


def parse_fleet(text: str, *, source: str = "fleet.toml") -> FleetConfig:
    """The configuration in `text`; `source` names it in errors.

    Raises:
        ConfigError: as `load_fleet`.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(source, [f"not TOML: {error}"]) from None
    try:
        return FleetConfig.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        problems = sorted((_problem(item, text) for item in found), key=lambda problem: problem[0])
        raise ConfigError(source, [sentence for _, sentence in problems]) from None


# --- saying what is wrong and where ------------------------------------------------------------------------------------

_Place = tuple[str | int, ...]


def _problem(error: ErrorDetails, text: str) -> tuple[int, str]:
    """The line, 0 if unknown, and the sentence."""
    place: _Place = error["loc"]
    context: dict[str, Any] = error.get("ctx", {})
    if "field" in context:
        place = (*place, context["field"])
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    line = _line_of(place, text)
    where = f"line {line}: " if line else ""
    return line, f"{where}{shown}{': ' if shown else ''}{_sentence(error, place)}"


def _sentence(error: ErrorDetails, place: _Place) -> str:
    if error["type"] == "extra_forbidden":
        return f"unknown key; {_suggestion(place)}"
    if error["type"] == "missing":
        return "is missing; add it"
    return error["msg"].removeprefix("Input ")


def _suggestion(place: _Place) -> str:
    """What may have been meant by the unknown key at the end of `place`."""
    tables: dict[str, type[BaseModel]] = {
        "server": ServerConfig,
        "health": HealthConfig,
        "gateway": GatewayConfig,
        "backend": ModelConfig if "models" in place else BackendConfig,
    }
    table = FleetConfig if len(place) == 1 else tables.get(str(place[0]), FleetConfig)
    known = list(table.model_fields)
    close = difflib.get_close_matches(str(place[-1]), known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"


_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\-\"' ]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*[\"']?([\w\-]+)[\"']?\s*[.=]")


def _line_of(place: _Place, text: str) -> int:
    """The line of a key, 1 for the first; of its table if the key is not there; 0 if neither is found.

    `tomllib` keeps no positions, so this looks for table headers and keys line by line. It may miss one inside of an inline
    table or a multi-line string, which then has the line of what is around it.
    """
    best = (0, 0)
    for number, at in _places(text):
        if place[: len(at)] == at and len(at) > best[0]:
            best = (len(at), number)
    return best[1]


def _places(text: str) -> Iterator[tuple[int, _Place]]:
    """Line number and place of every table header and of every key that starts a line."""
    table: _Place = ()
    seen: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            name = header[2]
            table = tuple(part.strip(" \"'") for part in name.split("."))
            if header[1] == "[[":
                table = (*table, seen[name])
                seen[name] += 1
            elif seen.get(str(table[0])):
                # [backend.metadata] belongs to the last [[backend]].
                table = (table[0], seen[str(table[0])] - 1, *table[1:])
            yield number, table
        elif key := _KEY.match(line):
            yield number, (*table, key[1])
