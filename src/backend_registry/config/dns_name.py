"""`DnsName`: what an entry of `[discovery] dns` means. Here, so that a wrong one is refused with its line, and nowhere else."""

import ipaddress
import re
from typing import Final, NamedTuple

from backend_registry import InvalidValueError

__all__ = ("DnsName",)

_SERVICE: Final = re.compile(r"_[\w-]+\._tcp\.[\w.-]+")
_HOST_PORT: Final = re.compile(r"([A-Za-z0-9_][\w.-]*):(\d{1,5})")


class DnsName(NamedTuple):
    """A name to look up.

    Attributes:
        name: of a host, or of a service.
        port: of the servers behind a host; None for a service, whose SRV records tell it.
    """

    name: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> "DnsName":
        """`host:port` for A and AAAA records, or `_service._tcp.name` for SRV records.

        Raises:
            InvalidValueError: it is neither. The error does not repeat it, since it may be a url with a password in it.
        """
        if _SERVICE.fullmatch(text):
            return cls(text, None)
        match = _HOST_PORT.fullmatch(text)
        if match is None or not 0 < int(match[2]) <= 65535 or _is_address(match[1]):
            raise InvalidValueError(
                "dns",
                "is neither a host with its port nor a service",
                "write host:port with a name for A and AAAA records, or _service._tcp.name for SRV records",
            )
        return cls(match[1], int(match[2]))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
