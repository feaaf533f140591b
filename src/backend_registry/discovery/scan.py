"""`ScanSource`: model servers on this machine, looked for at their usual ports."""

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Final

import aiohttp

from backend_registry import Backend, BackendType, DiscoverySource
from backend_registry.discovery.detect import detect_type

__all__ = ("WELL_KNOWN_PORTS", "ScanSource")

WELL_KNOWN_PORTS: Final = (11434, 1234, 8080, 8000, 52415)
"""Where Ollama, LM Studio, llama.cpp, vLLM and exo listen if nobody says otherwise."""


class ScanSource:
    """Looks at ports of this machine again and again.

    What was found stays when it no longer answers: a scan is no lease, and whether a server is well is the health checker's
    question. Another kind of server at a port takes the place of the one before.

    Args:
        session: the HTTP client.
        ports: where to look.
        exclude_ports: where not to look; the router's own port belongs here.
        interval_s: seconds between two scans.
        host: the loopback address to look at.
    """

    name: str = "scan"
    grace_s: float = 0.0

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        ports: Collection[int] = WELL_KNOWN_PORTS,
        exclude_ports: Collection[int] = (),
        interval_s: float = 30.0,
        host: str = "127.0.0.1",
    ) -> None:
        self._session = session
        self._urls = {port: f"http://{host}:{port}" for port in ports if port not in exclude_ports}
        self._interval_s = interval_s

    async def desired(self) -> AsyncIterator[tuple[Backend, ...]]:
        """All that have been found so far, after every scan. Ids are type and port, such as `ollama-11434`."""
        found: dict[int, BackendType] = {}
        while True:
            types = await asyncio.gather(*(detect_type(self._session, url) for url in self._urls.values()))
            found |= {port: kind for port, kind in zip(self._urls, types, strict=True) if kind is not None}
            yield tuple(self._backend(port, kind) for port, kind in sorted(found.items()))
            await asyncio.sleep(self._interval_s)

    def _backend(self, port: int, kind: BackendType) -> Backend:
        url = self._urls[port]
        return Backend(f"{kind}-{port}", url, backend_type=kind, discovery_source=DiscoverySource.SCAN)
