"""`NodePlaces`: where a node's own API may be asked, with which token, and at which addresses.

A node says itself where it is, and a hub that believed it could be sent to any server that the hub can reach, with a token. So
only a url that the operator has set is asked without further question. What a node announces must lie in the operator's list,
and so must the addresses that its host name stands for: they are looked up here, and it is these very addresses that are
connected to, so that a name cannot mean something else a moment later.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple, NoReturn, TypeAlias
from urllib.parse import SplitResult, urlsplit

from yarl import URL

from backend_registry._web import RefusedRequestError
from backend_registry.config import HubConfig, UrlPattern

__all__ = ("NodeNotAskedError", "NodePlace", "NodePlaces", "Resolve", "resolve")

_ADDRESSES_MOST: Final = 4
_ODD: Final = frozenset("@\\%")
"""Signs in an authority that programs understand in different ways."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host name; raises OSError if there are none."""


class NodeNotAskedError(RefusedRequestError):
    """A node that this hub does not ask: 409 and why, and what the operator may do about it."""

    def __init__(self, detail: str, code: str) -> None:
        super().__init__(409, detail, code)


class NodePlace(NamedTuple):
    """Where a node's own API is.

    Attributes:
        urls: its root, once for each address to be tried, the address in place of the host's name.
        host: what the Host header has to say.
        server_name: whom a certificate has to be for; None if the url has an address already.
        token: what to be let in with; empty if there is none.
    """

    urls: tuple[URL, ...]
    host: str
    server_name: str | None
    token: str


async def resolve(host: str, port: int) -> list[str]:
    """The addresses that the system knows for a host name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class NodePlaces:
    """Decides where nodes are asked.

    Args:
        settings: the `[hub]` table.
        environ: where tokens are looked for, each time anew.
        resolve: looks host names up.
    """

    def __init__(self, settings: HubConfig, environ: Mapping[str, str], resolve: Resolve = resolve) -> None:
        self._urls: Final = settings.node_urls
        self._patterns: Final = tuple(map(UrlPattern.parse, settings.node_url_allow))
        self._token_env: Final = settings.node_token_env
        self._environ: Final = environ
        self._resolve: Final = resolve

    def any_for(self, node_id: str, announced: str | None) -> bool:
        """Whether a node has a url that was set for it, or announces one while any are allowed."""
        own = self._urls.get(node_id)
        return (own is not None and own.url is not None) or (announced is not None and bool(self._patterns))

    async def of(self, node_id: str, announced: str | None) -> NodePlace:
        """Where a node is to be asked.

        Args:
            node_id: the node.
            announced: what it says itself.

        Raises:
            NodeNotAskedError: nowhere.
            OSError: its host has no address.
        """
        own = self._urls.get(node_id)
        if own is not None and own.url is not None:
            parts = urlsplit(own.url)
            addresses = await self._addresses(parts)
        else:
            parts = _announced(announced)
            addresses = await self._allowed_addresses(parts)
        token = self._token(own.token_env if own is not None and own.token_env is not None else self._token_env)
        host = parts.hostname or ""
        root = URL(parts.geturl().rstrip("/"), encoded=True)
        urls = tuple(root.with_host(str(address)) for address in addresses[:_ADDRESSES_MOST])
        return NodePlace(urls, parts.netloc, None if _literal(host) else host, token)

    def _token(self, variable: str | None) -> str:
        if variable is None:
            return ""
        token = self._environ.get(variable, "").strip()
        if not token or not (token.isascii() and token.isprintable()):
            raise NodeNotAskedError(
                f"the variable {variable} should hold the viewer token of this node and holds none that can be sent; set it "
                "for the hub, and start it again",
                "node_token_missing",
            )
        return token

    async def _addresses(self, parts: SplitResult) -> list[Address]:
        host = parts.hostname or ""
        literal = _literal(host)
        if literal is not None:
            return [literal]
        found = await self._resolve(host, _port(parts))
        addresses = [address for text in found if (address := _literal(text)) is not None]
        if not addresses:
            raise OSError("no address")
        return list(dict.fromkeys(addresses))

    async def _allowed_addresses(self, parts: SplitResult) -> list[Address]:
        host = (parts.hostname or "").rstrip(".")
        fitting = [pattern for pattern in self._patterns if pattern.fits(parts.scheme, _port(parts))]
        named = _literal(host) is None and any(pattern.names(host) for pattern in fitting)
        # A name that nothing in the list can allow is not even looked up.
        if not named and all(pattern.network is None for pattern in fitting):
            _refuse_place()
        allowed = [
            address
            for address in await self._addresses(parts)
            if any(pattern.holds(address) for pattern in fitting) or (named and _is_ordinary(address))
        ]
        return allowed or _refuse_place()


def _announced(url: str | None) -> SplitResult:
    if not url:
        raise NodeNotAskedError(
            "this node has not said where its own API is, and this hub was not told; set report.node_url at the node, or "
            "hub.node_urls at the hub",
            "node_url_unknown",
        )
    try:
        parts = urlsplit(url)
        _port(parts)
        sane = url.isascii() and url.isprintable() and " " not in url and bool(parts.hostname) and not _ODD & set(parts.netloc)
    except ValueError:
        sane = False
        parts = urlsplit("")
    if not sane or parts.scheme not in _DEFAULT_PORTS or parts.query or parts.fragment:
        raise NodeNotAskedError(
            "what this node says of where its own API is is no plain http or https url; mend report.node_url at the node",
            "node_url_unusable",
        )
    return parts


def _refuse_place() -> NoReturn:
    raise NodeNotAskedError(
        "the url that this node announces, or what its host stands for, lies outside hub.node_url_allow; add it there, or set "
        "the node's url in hub.node_urls",
        "node_url_not_allowed",
    )


def _port(parts: SplitResult) -> int:
    return parts.port if parts.port is not None else _DEFAULT_PORTS.get(parts.scheme, 0)


def _literal(host: str) -> Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    # An address of IPv4 in the clothes of IPv6 is what it leads to.
    return getattr(address, "ipv4_mapped", None) or address


def _is_ordinary(address: Address) -> bool:
    """Whether a name may lead there: this machine and its link, where clouds keep credentials, are only allowed as networks."""
    return not (
        address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved
    )
