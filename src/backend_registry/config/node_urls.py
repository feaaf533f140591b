"""`UrlPattern`: an entry of `[hub] node_url_allow`. Here, so that a wrong one is refused with its line, and nowhere else."""

import ipaddress
import re
from typing import Annotated, Final, NamedTuple, TypeAlias

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from backend_registry import InvalidValueError

__all__ = ("UrlPattern", "UrlPatterns")

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_PATTERN: Final = re.compile(r"(https?)://(\[[0-9a-f:.]+(?:/\d{1,3})?\]|[\d.]+/\d{1,2}|[\w.*-]+)(?::(\d{1,5}|\*))?/?", re.ASCII)
_NAME: Final = re.compile(r"(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class UrlPattern(NamedTuple):
    """Where nodes may be asked.

    Attributes:
        scheme: `http` or `https`.
        host: a host name, or `*.` and a domain for every name below it; empty for a network.
        network: the addresses; None for a name.
        port: the port; None for any.
    """

    scheme: str
    host: str
    network: _Network | None
    port: int | None

    @classmethod
    def parse(cls, text: str) -> "UrlPattern":
        """`scheme://host[:port]`, where host is a name, `*.` and a domain, an address, or a network as address and length.

        Without a port it is that of the scheme; `:*` is any. Addresses of IPv6 stand in brackets, with the length of a network.

        Raises:
            InvalidValueError: it is something else. The error does not repeat it, since it may be a url with a password in it.

        >>> UrlPattern.parse("http://10.0.0.0/8:8484").network
        IPv4Network('10.0.0.0/8')
        >>> UrlPattern.parse("https://*.gpu.example").port
        443
        """
        match = _PATTERN.fullmatch(text.lower())
        if match is None:
            raise _refused("is no pattern")
        scheme, host, port = match[1], match[2], match[3] or str(_DEFAULT_PORTS[match[1]])
        if port != "*" and not 0 < int(port) <= 65535:
            raise _refused("has no port between 1 and 65535")
        number = None if port == "*" else int(port)
        if _NAME.fullmatch(host):
            return cls(scheme, host, None, number)
        try:
            return cls(scheme, "", ipaddress.ip_network(host.strip("[]")), number)
        except ValueError:
            raise _refused(
                "has neither a host name nor an address, nor a network whose address ends where its length does"
            ) from None

    def fits(self, scheme: str, port: int) -> bool:
        """Whether it is about urls of this scheme and port."""
        return scheme == self.scheme and self.port in (None, port)

    def names(self, host: str) -> bool:
        """Whether it allows a host for its name, in lower case and without a dot at its end."""
        if self.host.startswith("*."):
            return host.endswith(self.host[1:]) and len(host) >= len(self.host)
        return self.host != "" and host == self.host

    def holds(self, address: Address) -> bool:
        """Whether it allows an address for itself."""
        return self.network is not None and address in self.network


def _refused(problem: str) -> InvalidValueError:
    return InvalidValueError(
        "node_url_allow",
        problem,
        "write scheme://host:port, such as http://10.0.0.0/8:8484, https://*.nodes.example:8484 or http://[fd00::/8]:*",
    )


def _patterns(values: list[str]) -> list[str]:
    for number, value in enumerate(values):
        try:
            UrlPattern.parse(value)
        except InvalidValueError as error:
            said = f"entry {number + 1} {error.problem}; {error.remedy}"
            raise PydanticCustomError("url_pattern", "{said}", {"said": said}) from None
    return values


UrlPatterns = Annotated[list[str], Field(max_length=1000), AfterValidator(_patterns)]
"""Texts that `UrlPattern.parse` reads."""
