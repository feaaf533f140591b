"""Readers of the stream of changes: how old is a change when they have it?"""

import argparse
import asyncio
import random
import re
import time
from typing import Any, cast

from benchmarks.hub_load.population import Node, population
from benchmarks.hub_load.reports import Figures, posted, report_all
from benchmarks.hub_load.wire import Connection, Stream, connected, quantiles, request_to

__all__ = ("read",)

_STAMP = re.compile(rb"at (\d{6,})")
_PATH = "/admin/api/backends/stream"


class Readers:
    """Many readers of one stream; the age of each change when it arrives."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._request = request_to(url, "GET", _PATH, ("accept: text/event-stream",))
        self._streams: list[Stream] = []
        self._rests: dict[Stream, bytes] = {}
        self.began_ns = 0
        self.latencies_ns: list[int] = []
        self.snapshots = 0
        self.resets = 0

    async def open(self, count: int) -> None:
        """That many, each with its first snapshot."""
        self._streams += cast("list[Stream]", await connected(self._url, lambda: Stream(self._request, self._arrived), count))
        async with asyncio.timeout(60):
            while self.snapshots < count:  # noqa: ASYNC110 -- an event would have to be set by each of many streams
                await asyncio.sleep(0.01)

    def _arrived(self, stream: Stream, body: bytes) -> None:
        now_ns = time.monotonic_ns()
        # What ends an event is a blank line; an event may come in pieces.
        *events, self._rests[stream] = (self._rests.get(stream, b"") + body).split(b"\n\n")
        for event in events:
            self.snapshots += b"event: snapshot" in event
            self.resets += b"event: reset" in event
            if self.began_ns and b"event: delta" in event:
                stamps = set(map(int, _STAMP.findall(event)))
                self.latencies_ns += [now_ns - stamp for stamp in stamps if stamp >= self.began_ns]

    def close(self) -> None:
        for stream in self._streams:
            stream.close()


async def read(arguments: argparse.Namespace) -> Figures:
    """Ages of changes, while one node changes a backend at random moments, `rate` times a second."""
    nodes = population(arguments.nodes, arguments.backends, arguments.shape)
    await report_all(arguments.url, nodes)
    readers = Readers(arguments.url)
    await readers.open(arguments.readers)
    changer = Changer(arguments.url, nodes[0])
    await changer.run(arguments.rate, arguments.warm_up)
    readers.began_ns = time.monotonic_ns()
    sent = await changer.run(arguments.rate, arguments.seconds)
    await asyncio.sleep(0.5)
    readers.close()
    figures = quantiles(readers.latencies_ns)
    if readers.resets or figures["count"] == 0:
        raise RuntimeError(f"{readers.resets} resets, {figures['count']} changes seen")
    return {"sent": sent, "seen": len(readers.latencies_ns) / arguments.readers, "all": len(readers.latencies_ns), **figures}


class Changer:
    """A node that changes one backend after the other, and says when."""

    def __init__(self, url: str, node: Node) -> None:
        self._url = url
        self._node = node
        self._ids = list(node.entries)
        self._head = request_to(url, "POST", f"/v1/nodes/{node.id}/report")
        self._answer: asyncio.Future[None] | None = None

    async def run(self, rate: float, seconds: float) -> int:
        """Change `rate` times a second; how often that was."""
        (opened,) = await connected(self._url, lambda: Connection(self._answered), 1)
        connection = cast("Connection", opened)
        ends = time.monotonic() + seconds
        sent = 0
        while time.monotonic() < ends:
            await asyncio.sleep(random.expovariate(rate))
            now_ns = time.monotonic_ns()
            body = self._node.say(self._ids[sent % len(self._ids)], f"at {now_ns}")
            self._answer = asyncio.get_running_loop().create_future()
            connection.send(posted(self._head, body), now_ns)
            await self._answer
            sent += 1
        connection.close()
        return sent

    def _answered(self, _: Any, status: int, body: bytes) -> None:
        assert self._answer is not None
        if status == 200:
            self._answer.set_result(None)
        else:
            self._answer.set_exception(RuntimeError(f"{status} {body[:500]!r}"))
