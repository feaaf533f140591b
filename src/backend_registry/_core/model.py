"""`Model` and `Residency`: what one backend says about one LLM that it serves."""

import enum
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from backend_registry._core.limits import MAX_MODELS, check_count, check_id, check_text, shown
from backend_registry.errors import InvalidValueError

__all__ = ("NO_RESIDENCY", "Capability", "Model", "Residency", "check_models", "check_residency", "residency_of")


class Capability(enum.IntFlag):
    """What a request may demand of a model; combine with `|`."""

    VISION = 1
    TOOLS = 2
    JSON_MODE = 4


@dataclass(frozen=True, slots=True)
class Model:
    """One LLM as one backend serves it. Immutable, hashable, safe to share between backends and threads.

    Args:
        id: the name that requests use, case-sensitive, 1 to 256 bytes.
        name: for display; the id when left out.
        context_length: tokens of prompt and answer together.
        supports_vision: accepts images.
        supports_tools: can call functions.
        supports_json_mode: can be held to JSON.
        max_output_tokens: tokens of one answer, None when unknown.

    Raises:
        InvalidValueError: a field is of the wrong type or out of its range.
    """

    id: str
    name: str = ""
    context_length: int = 4096
    supports_vision: bool = False
    supports_tools: bool = False
    supports_json_mode: bool = False
    max_output_tokens: int | None = None

    def __post_init__(self) -> None:
        # A frozen dataclass can only be completed through object.__setattr__.
        object.__setattr__(self, "id", check_id("model.id", self.id))
        object.__setattr__(self, "name", self.id if self.name == "" else check_text("model.name", self.name))
        check_count("model.context_length", self.context_length, least=0)
        for field in ("supports_vision", "supports_tools", "supports_json_mode"):
            if not isinstance(getattr(self, field), bool):
                raise InvalidValueError(f"model.{field}", f"is a {type(getattr(self, field)).__name__}", "pass True or False")
        if self.max_output_tokens is not None:
            check_count("model.max_output_tokens", self.max_output_tokens, least=0)

    @property
    def capabilities(self) -> Capability:
        """The three `supports_` fields as one flag value."""
        return Capability(
            self.supports_vision * Capability.VISION
            | self.supports_tools * Capability.TOOLS
            | self.supports_json_mode * Capability.JSON_MODE
        )


class Residency(enum.StrEnum):
    """Where a backend has a model: in memory and answering, in memory and idle, on its way there, or on disk only."""

    IN_USE = "in_use"
    IDLE = "idle"
    LOADING = "loading"
    ON_DISK = "on_disk"


NO_RESIDENCY: Final[Mapping[str, Residency]] = MappingProxyType({})


def check_residency(field: str, value: object) -> Mapping[str, Residency]:
    """A read-only copy of a mapping from model ids to `Residency`, given as members or as text."""
    if not isinstance(value, Mapping):
        raise InvalidValueError(field, f"is a {type(value).__name__}", "pass a mapping of model ids to Residency")
    if len(value) > MAX_MODELS:
        raise InvalidValueError(field, f"has {len(value)} entries", f"pass at most {MAX_MODELS}")
    return MappingProxyType({check_id(field, model): _check_residency(field, kind) for model, kind in value.items()})


def _check_residency(field: str, value: object) -> Residency:
    try:
        return Residency(value)  # type: ignore[arg-type]
    except ValueError:
        raise InvalidValueError(field, f"holds {shown(value)}", f"pass one of {', '.join(Residency)}") from None


def residency_of(known: Mapping[str, Residency], models: tuple[Model, ...]) -> Mapping[str, Residency]:
    """What is known of these models; of those that a backend no longer has, nothing is kept. Pure."""
    ids = {model.id for model in models}
    return known if known.keys() <= ids else MappingProxyType({key: kind for key, kind in known.items() if key in ids})


# Fleets name the same few models on every backend; sharing the objects keeps a backend below its memory target.
_named = functools.lru_cache(maxsize=4096)(Model)


def check_models(models: object) -> tuple[Model, ...]:
    """Models and plain model ids as models, in the order given, the first of each id kept."""
    if isinstance(models, str | bytes | Model) or not isinstance(models, Iterable):
        raise InvalidValueError("models", f"is a {type(models).__name__}", "pass an iterable of Model or str")
    unique: dict[str, Model] = {}
    for item in models:
        if isinstance(item, str):
            model = _named(item)
        elif isinstance(item, Model):
            model = item
        else:
            raise InvalidValueError("models", f"holds a {type(item).__name__}", "pass Model objects or model ids")
        unique.setdefault(model.id, model)
    if len(unique) > MAX_MODELS:
        raise InvalidValueError("models", f"has {len(unique)} entries", f"pass at most {MAX_MODELS}")
    return tuple(unique.values())
