"""Every size limit of the registry, and the checks that enforce them before anything is stored.

A value beyond its limit is refused, never cut, because a cut id would silently name another backend. Each check returns the
value in the form in which it is stored and raises `InvalidValueError` otherwise. Cost: about a microsecond each, paid by
writes, and by picks for the options that they are given; a pick without options checks nothing.
"""

import math
import re
import sys
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from backend_registry.errors import InvalidValueError

__all__ = (
    "MAX_AFFINITY_CHARS",
    "MAX_MODELS",
    "MAX_REASON_CHARS",
    "check_count",
    "check_id",
    "check_metadata",
    "check_milliseconds",
    "check_names",
    "check_positive",
    "check_seconds",
    "check_share",
    "check_text",
    "check_url",
    "shorten",
    "shown",
)

MAX_ID_BYTES: Final = 256
MAX_URL_BYTES: Final = 2048
MAX_MODELS: Final = 1024
MAX_METADATA_ENTRIES: Final = 64
MAX_METADATA_VALUE_BYTES: Final = 2048
MAX_NAMES: Final = 64
MAX_AFFINITY_CHARS: Final = 2048
MAX_MILLISECONDS: Final = 2**32 - 1
MAX_REASON_CHARS: Final = 256

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_NOT_IN_HOST: Final = re.compile(r"""[\s\\<>"'`{}|^]""")
_SCHEMES: Final = ("http", "https", "ws", "wss")
_DEFAULT_PORTS: Final = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_NO_METADATA: Final[Mapping[str, str]] = MappingProxyType({})


def check_text(field: str, value: object, *, most: int = MAX_ID_BYTES) -> str:
    """A non-empty string of at most `most` UTF-8 bytes without control characters."""
    if not isinstance(value, str):
        raise InvalidValueError(field, f"is a {type(value).__name__}", "pass a str")
    if not value.strip():
        raise InvalidValueError(field, "is empty", f"pass 1 to {most} bytes of text")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidValueError(field, "holds a lone surrogate", "pass text that can be written as UTF-8") from None
    if size > most:
        raise InvalidValueError(field, f"has {size} bytes", f"pass at most {most}")
    if _CONTROL.search(value):
        raise InvalidValueError(field, "holds a control character", "pass printable text")
    return value


def check_id(field: str, value: object) -> str:
    """An id, interned: on free-threaded Python a lookup by the very object that is stored scales, by an equal one not."""
    return sys.intern(str(check_text(field, value)))


def check_url(field: str, value: object) -> str:
    """The root of an HTTP or WebSocket server: scheme and host in lower case, no trailing slash and no trailing /v1."""
    text = check_text(field, value, most=MAX_URL_BYTES).strip()
    scheme, separator, _ = text.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        raise InvalidValueError(field, "has no http, https, ws or wss scheme", "write it as http://host:port")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        # What urllib says repeats parts of the url, which may hold a password.
        raise InvalidValueError(field, "has a host or port that is not valid", "write it as http://host:port") from None
    if not parts.hostname:
        raise InvalidValueError(field, "has no host", "write it as http://host:port")
    if port == 0 or _NOT_IN_HOST.search(parts.hostname):
        raise InvalidValueError(field, "has a host or port that is not valid", "write it as http://host:port")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        host = f"{host}:{port}"
    userinfo, at, _ = parts.netloc.rpartition("@")
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return urlunsplit((parts.scheme, f"{userinfo}{at}{host}", path, parts.query, ""))


def check_count(field: str, value: object, *, least: int, most: int = 2**31 - 1) -> int:
    """An int (no bool) in `least`..`most`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValueError(field, f"is a {type(value).__name__}", f"pass an int from {least} to {most}")
    if not least <= value <= most:
        raise InvalidValueError(field, f"is {shown(value)}", f"pass an int from {least} to {most}")
    return int(value)


def _check_number(field: str, value: object, most: float, unit: str = "") -> float:
    remedy = f"pass a finite number{unit} from 0 to {most:g}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValueError(field, f"is a {type(value).__name__}", remedy)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidValueError(field, f"is {value}", remedy)
    if not 0 <= value <= most:
        raise InvalidValueError(field, f"is {shown(value)}", remedy)
    return value


def shown(value: object) -> str:
    """A value for an error message, shortened."""
    # Python refuses to print ints of thousands of digits.
    if isinstance(value, int) and value.bit_length() > 4096:
        return f"an int of {value.bit_length()} bits"
    return shorten(repr(value), 64)


def check_milliseconds(field: str, value: object) -> int:
    """A latency in milliseconds, 0 to 2^32 - 1 and finite, as whole microseconds."""
    return round(_check_number(field, value, MAX_MILLISECONDS, " of milliseconds") * 1000)


def check_positive(field: str, value: object, *, least: float = 0.0, most: float = sys.float_info.max) -> float:
    """A finite number above zero, and not below `least` or above `most`."""
    number = _check_number(field, value, most)
    if number < least or number == 0:
        raise InvalidValueError(field, f"is {value}", f"pass a number of at least {least:g}" if least else "pass more than 0")
    return number


def check_seconds(field: str, value: object, *, most: float = 31_536_000.0) -> float:
    """A duration in seconds, 0 to `most` (one year) and finite."""
    return float(_check_number(field, value, most, " of seconds"))


def check_share(field: str, value: object) -> float:
    """A part of a whole, 0 to 1."""
    return float(_check_number(field, value, 1.0))


def check_names(field: str, values: object) -> tuple[str, ...]:
    """At most 64 short names without duplicates, in the order given."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InvalidValueError(field, f"is a {type(values).__name__}", "pass an iterable of str")
    names = tuple(dict.fromkeys(sys.intern(check_text(field, value)) for value in values))
    if len(names) > MAX_NAMES:
        raise InvalidValueError(field, f"has {len(names)} entries", f"pass at most {MAX_NAMES}")
    return names


def check_metadata(field: str, value: object) -> Mapping[str, str]:
    """A read-only copy of a str to str mapping of at most 64 entries."""
    if value is None:
        return _NO_METADATA
    if not isinstance(value, Mapping):
        raise InvalidValueError(field, f"is a {type(value).__name__}", "pass a mapping of str to str")
    if len(value) > MAX_METADATA_ENTRIES:
        raise InvalidValueError(field, f"has {len(value)} entries", f"pass at most {MAX_METADATA_ENTRIES}")
    if not value:
        return _NO_METADATA
    return MappingProxyType({check_text(field, key): _metadata_value(field, key, text) for key, text in value.items()})


def _metadata_value(field: str, key: object, value: Any) -> str:
    where = f"{field}[{key!r}]"
    return value if value == "" else check_text(where, value, most=MAX_METADATA_VALUE_BYTES)


def shorten(text: str, most: int = MAX_REASON_CHARS) -> str:
    """Free text for people (an error, a reason) cut to `most` characters; never used for ids."""
    return text if len(text) <= most else text[: most - 1] + "…"
