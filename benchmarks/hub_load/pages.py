"""Pages of the list of backends, one after the other, while nodes go on changing."""

import argparse
import asyncio
import time
from typing import cast

from benchmarks.hub_load.population import population
from benchmarks.hub_load.readers import Changer
from benchmarks.hub_load.reports import Figures, report_all
from benchmarks.hub_load.wire import Connection, connected, quantiles, request_to

__all__ = ("ask",)


async def ask(arguments: argparse.Namespace) -> Figures:
    """What a page takes, from the first byte of the request to the last of the answer."""
    nodes = population(arguments.nodes, arguments.backends, arguments.shape)
    await report_all(arguments.url, nodes)
    changing = asyncio.create_task(Changer(arguments.url, nodes[0]).run(arguments.rate, 3600))
    pages = _Pages(arguments.url, arguments.path)
    try:
        await pages.run(arguments.warm_up)
        pages.latencies_ns.clear()
        await pages.run(arguments.seconds)
    finally:
        changing.cancel()
        await asyncio.wait([changing])
    return {"bytes": pages.size, "all": len(pages.latencies_ns), **quantiles(pages.latencies_ns)}


class _Pages:
    """Asks for one page again and again, with a pause, so that what it takes is not what waiting takes."""

    def __init__(self, url: str, path: str) -> None:
        self._url = url
        self._request = request_to(url, "GET", path)
        self._answer: asyncio.Future[None] | None = None
        self.latencies_ns: list[int] = []
        self.size = 0

    async def run(self, seconds: float) -> None:
        (opened,) = await connected(self._url, lambda: Connection(self._answered), 1)
        connection = cast("Connection", opened)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self._answer = asyncio.get_running_loop().create_future()
            connection.send(self._request, time.monotonic_ns())
            await self._answer
            await asyncio.sleep(0.005)
        connection.close()

    def _answered(self, connection: Connection, status: int, body: bytes) -> None:
        assert self._answer is not None
        self.latencies_ns.append(time.monotonic_ns() - connection.sent_ns)
        self.size = len(body)
        if status == 200 and body[:1] in (b"[", b"{"):
            self._answer.set_result(None)
        else:
            self._answer.set_exception(RuntimeError(f"{status} {body[:500]!r}"))
