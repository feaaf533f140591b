"""`described`: what msgspec finds wrong with a message, as field, problem and remedy, without what was sent."""

import difflib
import re
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin, get_type_hints

from msgspec import Struct, ValidationError

from backend_registry.protocol.entry import Entry, ModelEntry
from backend_registry.protocol.messages import Report

__all__ = ("SchemaError", "described")


class SchemaError(NamedTuple):
    """One thing that is wrong."""

    field: str
    """Such as `upserts[3].weight`; `body` for the message itself."""
    problem: str
    remedy: str


_PLACE: Final = re.compile(r" - at (?P<key>`key` in )?`\$\.?(?P<path>(?:[a-z_]+|\[\d+\]|\[\.\.\.\]|\.)*)`\Z")
_NAMED: Final = re.compile(r"(?P<how>missing required|contains unknown) field `(?P<name>.*)`\Z", re.DOTALL)
_EXPECTED: Final = re.compile(r"Expected (?P<wanted>.*?)(?:, got (?P<got>[^,]*))?\Z", re.DOTALL)
_PARTS: Final[dict[str, type[Struct]]] = {"": Report, "upserts": Entry, "models": ModelEntry}
"""What a list of this name holds."""


def _words(part: type[Struct]) -> dict[str, str]:
    hints = get_type_hints(part)
    return {name: ", ".join(map(str, get_args(kind))) for name, kind in hints.items() if get_origin(kind) is Literal}


_CHOICES: Final = {part: _words(part) for part in _PARTS.values()}
_NAMES: Final = frozenset(name for part in _PARTS.values() for name in part.__struct_fields__)


def described(error: ValidationError) -> SchemaError:
    """What is wrong. The text of `error` itself repeats what was sent, and goes nowhere."""
    text = str(error)
    place = _PLACE.search(text)
    # A name that was sent may look like a place; ours are made of nothing but our own names.
    if place and not _NAMES.issuperset(re.findall("[a-z_]+", place["path"])):
        place = None
    path, of_key = (place["path"], bool(place["key"])) if place else ("", False)
    what = text[: place.start()] if place else text
    named = _NAMED.search(what)
    if named:
        return _about_a_name(path, named["how"], named["name"])
    if what.startswith("Invalid enum value"):
        return _about_a_choice(path)
    expected = _EXPECTED.match(what)
    if expected is None:
        return SchemaError(path or "body", "is not accepted", "see the protocol reference")
    got, wanted = (expected[group].replace("`", "") if expected[group] else "" for group in ("got", "wanted"))
    problem = f"is {got}" if got else "is not accepted"
    return SchemaError(path or "body", f"has a key that {problem}" if of_key else problem, f"send {wanted}")


def _about_a_name(path: str, how: str, name: str) -> SchemaError:
    if how == "missing required":
        return SchemaError(f"{path}.{name}".lstrip("."), "is missing", "add it")
    fields = _part(path).__struct_fields__
    close = difflib.get_close_matches(name[:64], fields, n=1)
    remedy = f"did you mean {close[0]}?" if close else f"known are {', '.join(fields)}"
    return SchemaError(path or "body", "has an unknown field", remedy)


def _about_a_choice(path: str) -> SchemaError:
    parent, _, name = path.rpartition(".")
    return SchemaError(path, "is none of the values there are", f"send one of {_CHOICES[_part(parent)].get(name, 'them')}")


def _part(path: str) -> type[Struct]:
    """Which part of a message this is the path of."""
    last: Any = path.rpartition(".")[2].partition("[")[0]
    return _PARTS.get(last, Report)
