"""Overrides from the environment: `BACKEND_REGISTRY__SECTION__KEY`, or `BACKEND_REGISTRY__SECTION` for a whole section.

The value is written as in the file (`8484`, `true`, `["a", "b"]`); text that is nothing else in TOML needs no quotes. An empty
variable counts as not set, since container tools pass unset variables that way.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from backend_registry.config.fleet import FleetConfig
from backend_registry.config.places import Path
from backend_registry.config.tables import Table

__all__ = ("PREFIX", "Overridden", "overridden")

PREFIX: Final = "BACKEND_REGISTRY__"


class Overridden:
    """The content of a file with what the environment says differently.

    Attributes:
        data: what the file and the environment say together.
        variables: path of each value that came from the environment, to the name of its variable.
        problems: a sentence for each variable that names nothing.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data: dict[str, Any] = dict(data)
        self.variables: dict[Path, str] = {}
        self.problems: list[str] = []

    def set(self, variable: str, value: object) -> None:
        """Take one variable over."""
        section, _, key = variable.removeprefix(PREFIX).lower().partition("__")
        field = FleetConfig.model_fields.get(section)
        if field is None:
            self.problems.append(f"{variable}: no section is called {section!r}; {_meant(section, FleetConfig.model_fields)}")
            return
        if not key:
            self._put(variable, (section,), value)
            return
        kind = field.annotation
        known = kind.model_fields if isinstance(kind, type) and issubclass(kind, Table) else {}
        if key in known:
            self._put(variable, (section, key), value)
        elif known:
            self.problems.append(f"{variable}: [{section}] has no key {key!r}; {_meant(key, known)}")
        else:
            self.problems.append(f"{variable}: {section} is set as a whole, by {PREFIX}{section.upper()}, as in the file")

    def _put(self, variable: str, path: tuple[str, ...], value: object) -> None:
        self.variables[path] = variable
        if len(path) == 1:
            self.data[path[0]] = value
            return
        table = self.data.get(path[0], {})
        # What is no table in the file is refused there, with its line.
        self.data[path[0]] = {**table, path[1]: value} if isinstance(table, dict) else table


def overridden(data: Mapping[str, Any], environ: Mapping[str, str]) -> Overridden:
    """What a file says, overridden by the variables of `environ` that begin with the prefix. Pure."""
    result = Overridden(data)
    # Sections before their keys, so that a key may differ from its section.
    for variable in sorted(name for name, text in environ.items() if name.startswith(PREFIX) and text):
        result.set(variable, _value(environ[variable]))
    return result


def _value(text: str) -> object:
    try:
        document = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    # More than one key: the text had line breaks in it, and is no value.
    return document["value"] if len(document) == 1 else text


def _meant(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
