"""`Address`: where a Redis is. From a url, which is never repeated, as it may have a password."""

import re
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from backend_registry import InvalidValueError

__all__ = ("Address",)

_DATABASE: Final = re.compile(r"(/\d*)?\Z")
_OPTIONS: Final = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})


class Address(NamedTuple):
    """Where a Redis is, and under which prefix its keys are. Has no text form that would show a password."""

    url: str
    prefix: str

    @classmethod
    def parse(cls, url: str) -> "Address":
        """From a url such as `rediss://:password@10.0.0.5:6379/0?prefix=team-a`.

        Raises:
            InvalidValueError: it is not right. The text repeats nothing of it.
        """
        try:
            parts = urlsplit(url)
            options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
            is_right = parts.hostname and parts.port != 0 and not parts.fragment and _DATABASE.match(parts.path)
        except ValueError:
            parts, options, is_right = urlsplit(""), {}, None
        if not is_right:
            raise InvalidValueError(
                "store",
                "is not the url of a Redis",
                "write redis://user:password@host:port/number, with special characters as %23",
            )
        prefix = options.pop("prefix", "backend_registry")
        if not options.keys() <= _OPTIONS:
            raise InvalidValueError(
                "store", "has an option in its url that is not known", f"use prefix, {', '.join(sorted(_OPTIONS))}"
            )
        scheme = parts.scheme.replace("valkey", "redis")
        return cls(parts._replace(scheme=scheme, query=urlencode(options)).geturl(), prefix)

    def __repr__(self) -> str:
        return f"Address(prefix={self.prefix!r})"
