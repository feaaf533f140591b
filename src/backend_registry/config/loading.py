"""Reading a configuration, and saying what is wrong with it and where."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from backend_registry import RegistryError
from backend_registry.config.environment import Overridden, overridden
from backend_registry.config.fleet import FleetConfig
from backend_registry.config.places import NOWHERE, Path, Place, place_of

__all__ = ("ConfigError", "load_fleet", "parse_fleet")


class ConfigError(RegistryError):
    """A configuration was refused as a whole.

    Attributes:
        problems: one sentence for each thing that is wrong, with the place it is at.
    """

    def __init__(self, source: str, problems: Iterable[str]) -> None:
        self.problems: tuple[str, ...] = tuple(problems)
        super().__init__("\n".join(f"{source}: {problem}" for problem in self.problems))


def load_fleet(path: FilePath, environ: Mapping[str, str] | None = None) -> FleetConfig:
    """Read a file.

    Args:
        path: of the file, in TOML and UTF-8.
        environ: variables that may override it, such as `os.environ`; None overrides nothing.

    Raises:
        ConfigError: it cannot be read, is not TOML, or something in it is unknown or out of range.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(str(path), [f"cannot be read: {reason}"]) from None
    return parse_fleet(text, source=str(path), environ=environ)


def parse_fleet(text: str, *, source: str = "fleet.toml", environ: Mapping[str, str] | None = None) -> FleetConfig:
    """The configuration in `text`; `source` names it in errors, `environ` is as for `load_fleet`.

    Raises:
        ConfigError: as `load_fleet`.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(source, [_not_toml(str(error), text)]) from None
    said = overridden(data, environ or {})
    try:
        config = FleetConfig.model_validate(said.data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        problems = sorted((_problem(item, text, said) for item in found), key=lambda problem: problem[0])
        raise ConfigError(source, [*(sentence for _, sentence in problems), *said.problems]) from None
    if said.problems:
        raise ConfigError(source, said.problems)
    return config


def _not_toml(told: str, text: str) -> str:
    """What `tomllib` says, with the place in front as everywhere else."""
    problem, _, place = told.removesuffix(")").partition(" (at ")
    if place == "end of document":
        lines = text.splitlines() or [""]
        place = f"line {len(lines)}, column {len(lines[-1]) + 1}"
    return f"{place}: not TOML: {problem}" if place else f"not TOML: {problem}"


def _problem(error: ErrorDetails, text: str, said: Overridden) -> tuple[Place, str]:
    """The place, and the sentence that begins with it."""
    context: dict[str, Any] = error.get("ctx", {})
    path: Path = tuple(part for part in context.get("place", error["loc"]) if part != "[key]")
    if "field" in context:
        path = (*path, context["field"])
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    variable = next((name for at, name in said.variables.items() if path[: len(at)] == at), None)
    place = NOWHERE if variable else place_of(path, text)
    where = f"line {place.line}, column {place.column}: " if place.line else ""
    return place, f"{variable or where}{': ' if variable else ''}{shown}{': ' if shown else ''}{_sentence(error, path)}"


def _sentence(error: ErrorDetails, path: Path) -> str:
    if error["type"] == "extra_forbidden":
        return f"unknown key; {_suggestion(path)}"
    if error["type"] == "missing":
        return "is missing; add it"
    return error["msg"].removeprefix("Input ")


def _suggestion(path: Path) -> str:
    """What may have been meant by the unknown key at the end of `path`."""
    known = list(_table_at(path[:-1]).model_fields)
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"


def _table_at(path: Path) -> type[BaseModel]:
    """The table that a path leads to, by the annotations of the fields on its way."""
    table: type[BaseModel] = FleetConfig
    for name in path:
        if isinstance(name, str) and name in table.model_fields:
            table = _table_in(table.model_fields[name].annotation) or table
    return table


def _table_in(annotation: object) -> type[BaseModel] | None:
    """The table that an annotation such as `list[BackendConfig]` speaks of, if any."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((table for part in get_args(annotation) if (table := _table_in(part)) is not None), None)
