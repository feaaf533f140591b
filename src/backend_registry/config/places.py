"""Where in a TOML text a key stands, for errors that a person can act on.

`tomllib` keeps no positions, and no library that is made for reading TOML hands them out, so this looks for table headers and
keys line by line. It may miss a key inside of an inline table or a multi-line value; that has the place of what is around it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ("NOWHERE", "Path", "Place", "place_of")

Path = tuple[str | int, ...]
"""Keys and list indexes from the top of the file to a value."""


class Place(NamedTuple):
    """Line and column, both from 1; zeros where nothing is known."""

    line: int
    column: int


NOWHERE = Place(0, 0)

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\-\"' :/]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*(\"[^\"]*\"|'[^']*'|[\w\-]+(?:\s*\.\s*[\w\-]+)*)\s*=")
_PARTS = re.compile(r"\"[^\"]*\"|'[^']*'|[^.\s]+")


def place_of(path: Path, text: str) -> Place:
    """The place of a key; of what is around it if the key is not found; `NOWHERE` if nothing of it is."""
    best, found = 0, NOWHERE
    for place, at in _keys(text):
        if path[: len(at)] == at and len(at) > best:
            best, found = len(at), place
    return found


def _keys(text: str) -> Iterator[tuple[Place, Path]]:
    """Place and path of every table header and of every key that starts a line."""
    table: Path = ()
    seen: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _table(_parts(header[2]), seen, listed=header[1] == "[[")
            yield Place(number, header.start(1) + 1), table
        elif key := _KEY.match(line):
            for end in range(1, len(parts := _parts(key[1])) + 1):
                yield Place(number, key.start(1) + 1), (*table, *parts[:end])


def _table(parts: Path, seen: "Counter[str]", *, listed: bool) -> Path:
    name = str(parts[0])
    if listed:
        seen[name] += 1
        return (*parts, seen[name] - 1)
    # [backend.metadata] belongs to the last [[backend]].
    return (name, seen[name] - 1, *parts[1:]) if seen[name] else parts


def _parts(name: str) -> Path:
    return tuple(part.strip("\"'") for part in _PARTS.findall(name))
