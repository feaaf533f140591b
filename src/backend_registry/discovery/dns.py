"""`DnsSource`: the servers behind a name, from A and AAAA or from SRV records."""

import asyncio
import itertools
import logging
import re
from collections.abc import AsyncIterator, Iterable
from typing import Final, NamedTuple

import aiohttp
import dns.asyncresolver
import dns.exception
import dns.resolver

from backend_registry import Backend, BackendType, DiscoverySource
from backend_registry.config import DnsName
from backend_registry.discovery.detect import detect_type

__all__ = ("DnsSource",)

logger: Final = logging.getLogger("backend_registry.discovery")

_TTL_LEAST_S: Final = 5.0
_TTL_MOST_S: Final = 300.0
_LOOKUP_S: Final = 5.0
_ENDPOINTS_MOST: Final = 256
_DEFAULT_WEIGHT: Final = 100
_HOST: Final = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,220}")


class _Endpoint(NamedTuple):
    """One server as DNS tells it."""

    host: str
    port: int
    priority: int = 0
    weight: int = _DEFAULT_WEIGHT


class DnsSource:
    """Looks a name up again when its answer expires.

    An answer that fails, or that is empty, leaves the set as it is: a name server in trouble must not empty the fleet. Priority
    and weight of SRV records become those of the backend, for which lower is preferred as well.

    Args:
        spec: `host:port` for A and AAAA records, or `_service._tcp.name` for SRV records.
        session: the HTTP client by which the type of each server is found out; None calls them all `generic`.
        resolver: whom to ask; the system's name servers if left out.

    Raises:
        InvalidValueError: `spec` is neither.
    """

    grace_s: float = 0.0

    def __init__(
        self,
        spec: str,
        *,
        session: aiohttp.ClientSession | None = None,
        resolver: dns.asyncresolver.Resolver | None = None,
    ) -> None:
        self._host, self._port = DnsName.parse(spec)
        self._session = session
        self._resolver = resolver
        self._known: dict[str, list[_Endpoint]] = {}
        self._types: dict[str, BackendType] = {}
        self.name: str = f"dns:{spec}"

    async def desired(self) -> AsyncIterator[tuple[Backend, ...]]:
        """The set after every lookup that has found something. Ids are made of address and port: `dns-10.0.0.1-8000`."""
        resolver = self._resolver or dns.asyncresolver.Resolver()
        failing = False
        while True:
            try:
                found, ttl_s = await self._lookup(resolver)
            except (dns.exception.DNSException, OSError) as error:
                if not failing:
                    logger.warning("%s: lookup failed (%s); its last backends stay", self.name, type(error).__name__)
                failing, ttl_s = True, 0.0
            else:
                failing = False
                yield await self._backends(found)
            await asyncio.sleep(min(max(ttl_s, _TTL_LEAST_S), _TTL_MOST_S))

    async def _lookup(self, resolver: dns.asyncresolver.Resolver) -> tuple[list[_Endpoint], float]:
        """What there is now, never nothing, and for how many seconds that holds."""
        kinds = ("SRV",) if self._port is None else ("A", "AAAA")
        answers = await asyncio.gather(
            *(resolver.resolve(self._host, kind, lifetime=_LOOKUP_S, search=True) for kind in kinds), return_exceptions=True
        )
        good = [answer for answer in answers if isinstance(answer, dns.resolver.Answer)]
        for kind, answer in zip(kinds, answers, strict=True):
            if isinstance(answer, dns.resolver.Answer):
                self._known[kind] = _services(answer) if self._port is None else _addresses(answer, self._port)
            elif not good:
                raise answer
            elif isinstance(answer, dns.resolver.NoAnswer):
                self._known[kind] = []
            # Where only one kind of address fails, those of that kind that were known stay.
        found = list(itertools.chain.from_iterable(self._known.values()))
        if not found:
            raise dns.resolver.NoAnswer
        return found[:_ENDPOINTS_MOST], min(answer.chaining_result.minimum_ttl for answer in good)

    async def _backends(self, endpoints: list[_Endpoint]) -> tuple[Backend, ...]:
        urls = [f"http://{_bracketed(endpoint.host)}:{endpoint.port}" for endpoint in endpoints]
        unknown = [url for url in urls if url not in self._types]
        if self._session is not None:
            # Those that do not answer are asked again at the next lookup.
            types = await asyncio.gather(*(detect_type(self._session, url) for url in unknown))
            self._types |= {url: kind for url, kind in zip(unknown, types, strict=True) if kind is not None}
        self._types = {url: kind for url, kind in self._types.items() if url in urls}
        return tuple(self._backend(endpoint, url) for endpoint, url in zip(endpoints, urls, strict=True))

    def _backend(self, endpoint: _Endpoint, url: str) -> Backend:
        return Backend(
            f"dns-{endpoint.host.replace(':', '-')}-{endpoint.port}",
            url,
            backend_type=self._types.get(url, BackendType.GENERIC),
            discovery_source=DiscoverySource.DNS,
            priority=endpoint.priority,
            weight=endpoint.weight,
        )


def _addresses(records: Iterable[object], port: int) -> list[_Endpoint]:
    return [_Endpoint(address, port) for address in sorted(record.address for record in records)]  # type: ignore[attr-defined]


def _services(records: Iterable[object]) -> list[_Endpoint]:
    """The endpoints of SRV records, the preferred first. Weight 0 everywhere means that nobody has chosen weights.

    A target that makes no url is left out: one bad record must not hide the good ones.
    """
    found = sorted((r.priority, str(r.target).rstrip(".").lower(), r.port, r.weight) for r in records)  # type: ignore[attr-defined]
    chosen = any(weight for *_, weight in found)
    return [
        _Endpoint(target, port, priority, max(weight, 1) if chosen else _DEFAULT_WEIGHT)
        for priority, target, port, weight in found
        if port and _HOST.fullmatch(target)
    ]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
