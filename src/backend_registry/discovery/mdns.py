"""`MdnsSource`: model servers that announce themselves in the local network.

Anybody in that network can announce a server and would be sent requests, so this source is for networks that you trust. What
an announcement says is bounded and checked like any other input; no credential is ever sent to such a server.
"""

import asyncio
import importlib.util
import ipaddress
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import aiohttp

from backend_registry import Backend, BackendType, DiscoverySource, InvalidValueError
from backend_registry.discovery.detect import detect_type
from backend_registry.discovery.errors import MissingExtraError

if TYPE_CHECKING:
    from zeroconf import ServiceStateChange, Zeroconf
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

__all__ = ("SERVICE_TYPES", "MdnsSource")

logger: Final = logging.getLogger("backend_registry.discovery")

SERVICE_TYPES: Final = ("_ollama._tcp.local.", "_llm._tcp.local.")
"""What is listened for."""

_SERVICES_MOST: Final = 256
_UNREAD_MOST: Final = 1_024
_RESOLVE_MS: Final = 3_000


class MdnsSource:
    """Listens for announcements. TXT records may say `type` (a `BackendType`), `api_path` and `version`.

    A server that takes its announcement back, or lets it expire, stays for a minute with health unknown, then goes.

    Args:
        session: the HTTP client, by which the type of a server that does not say it is found out.
        interfaces: addresses of the network interfaces to listen on; None is all of them.

    Raises:
        MissingExtraError: zeroconf is not installed.
    """

    name: str = "mdns"
    grace_s: float = 60.0

    def __init__(self, session: aiohttp.ClientSession, *, interfaces: Sequence[str] | None = None) -> None:
        if importlib.util.find_spec("zeroconf") is None:
            raise MissingExtraError("mdns")
        self._session = session
        self._interfaces = interfaces

    async def desired(self) -> AsyncIterator[tuple[Backend, ...]]:
        """The servers that are announced now, whenever that changes. Ids are made of the name: `mdns-studio-11434`."""
        from zeroconf import InterfaceChoice
        from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf

        news = _News()
        announced: dict[str, Backend] = {}
        interfaces = InterfaceChoice.All if self._interfaces is None else list(self._interfaces)
        async with (
            AsyncZeroconf(interfaces=interfaces) as network,
            AsyncServiceBrowser(network.zeroconf, list(SERVICE_TYPES), handlers=[news.heard]),
        ):
            while True:
                batch = await news.take()
                found = await asyncio.gather(*(self._resolved(network, name, kind) for name, kind in batch.items()))
                for name, backend in zip(batch, found, strict=True):
                    if backend is not None and (name in announced or len(announced) < _SERVICES_MOST):
                        announced[name] = backend
                    elif batch[name] is None:
                        announced.pop(name, None)
                yield _one_per_url(announced)

    async def _resolved(self, network: "AsyncZeroconf", name: str, service_type: str | None) -> Backend | None:
        """The backend that is announced under this name, if it still is, can be reached, and makes sense."""
        from zeroconf.asyncio import AsyncServiceInfo

        if service_type is None:
            return None
        info = AsyncServiceInfo(service_type, name)
        if not await info.async_request(network.zeroconf, _RESOLVE_MS):
            return None
        address = _address(info)
        if address is None or not info.port:
            return None
        try:
            return await self._backend(info, address)
        except InvalidValueError as error:
            logger.warning("mdns: an announcement of %s was refused: %s", service_type, error)
            return None

    async def _backend(self, info: "AsyncServiceInfo", address: str) -> Backend:
        told = {key.lower(): value for key, value in info.decoded_properties.items() if value}
        host = f"[{address}]" if ":" in address else address
        # `/v1` is what every type but Ollama has anyway, and what a url may end with.
        url = Backend("announced", f"http://{host}:{info.port}/{told.get('api_path', '').strip('/')}").url
        instance = info.name.removesuffix(f".{info.type}")
        return Backend(
            f"mdns-{_slug(instance)}-{info.port}",
            url,
            name=instance,
            backend_type=await self._type(info, told, url),
            discovery_source=DiscoverySource.MDNS,
            metadata={"version": told["version"]} if "version" in told else None,
        )

    async def _type(self, info: "AsyncServiceInfo", told: Mapping[str, str], url: str) -> BackendType:
        """What it says it is, or what its service type means, or what it turns out to be."""
        if told.get("type", "").lower() in set(BackendType):
            return BackendType(told["type"].lower())
        if info.type == SERVICE_TYPES[0]:
            return BackendType.OLLAMA
        return await detect_type(self._session, url) or BackendType.GENERIC


class _News:
    """What has been heard and not been looked at yet: full name to service type, None for one that was taken back."""

    def __init__(self) -> None:
        self._heard: dict[str, str | None] = {}
        self._any = asyncio.Event()

    def heard(self, zeroconf: "Zeroconf", service_type: str, name: str, state_change: "ServiceStateChange") -> None:
        """Called by the browser, in the event loop."""
        del zeroconf
        if name in self._heard or len(self._heard) < _UNREAD_MOST:
            self._heard[name] = None if state_change.name == "Removed" else service_type
            self._any.set()

    async def take(self) -> dict[str, str | None]:
        """Wait until something has been heard; all of it."""
        await self._any.wait()
        self._any.clear()
        taken, self._heard = self._heard, {}
        return taken


def _address(info: "AsyncServiceInfo") -> str | None:
    """The address to use: IPv4 if there is one; none that means nothing outside of its own link or to a single server."""
    # IPv4 comes first here.
    found = [ipaddress.ip_address(text) for text in info.parsed_addresses()]
    usable = [ip for ip in found if not (ip.is_multicast or ip.is_unspecified or (ip.version == 6 and ip.is_link_local))]
    return str(usable[0]) if usable else None


def _one_per_url(announced: Mapping[str, Backend]) -> tuple[Backend, ...]:
    """One server may announce itself as more than one service; the type that comes first in `SERVICE_TYPES` stands."""
    first: dict[str, Backend] = {}
    for name in sorted(announced, key=lambda name: (not name.endswith(SERVICE_TYPES[0]), name)):
        first.setdefault(announced[name].url, announced[name])
    return tuple(first.values())


def _slug(name: str) -> str:
    """A name as part of an id, which appears in urls."""
    return "-".join("".join(c if c.isalnum() and c.isascii() else " " for c in name.lower()).split())[:100] or "server"
