"""Loads of reports: everybody reports once, or a closed loop of messages of one kind."""

import argparse
import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from typing import cast

from benchmarks.hub_load.population import Node, population
from benchmarks.hub_load.wire import Connection, connected, quantiles, request_to

__all__ = ("fill", "repeat", "report_all")

Figures = dict[str, float]


class Sender:
    """Keeps connections busy with what an iterator gives, and counts."""

    def __init__(self, url: str, requests: Iterator[bytes], expected: bytes) -> None:
        self._url = url
        self._requests = requests
        self._expected = expected
        self._running = 0
        self._done = asyncio.Event()
        self.latencies_ns: list[int] = []
        self.wrong: list[bytes] = []

    async def run(self, connections: int) -> None:
        """Until the iterator ends and all is answered."""
        opened = cast("list[Connection]", await connected(self._url, lambda: Connection(self._answered), connections))
        self._running = len(opened)
        for connection in opened:
            self._next(connection, time.monotonic_ns())
        await self._done.wait()
        for connection in opened:
            connection.close()

    def _next(self, connection: Connection, now_ns: int) -> None:
        request = next(self._requests, None)
        if request is not None:
            connection.send(request, now_ns)
            return
        self._running -= 1
        if not self._running:
            self._done.set()

    def _answered(self, connection: Connection, status: int, body: bytes) -> None:
        now_ns = time.monotonic_ns()
        self.latencies_ns.append(now_ns - connection.sent_ns)
        if status != 200 or self._expected not in body:
            self.wrong.append(body)
        self._next(connection, now_ns)


def _head(url: str, node: Node) -> bytes:
    return request_to(url, "POST", f"/v1/nodes/{node.id}/report")


def posted(head: bytes, body: bytes) -> bytes:
    """A whole request."""
    return head % len(body) + body


async def report_all(url: str, nodes: Sequence[Node], *, connections: int = 32, expected: bytes = b'"applied"') -> Figures:
    """A full report of each node."""
    began_ns = time.monotonic_ns()
    sender = Sender(url, (posted(_head(url, node), node.full()) for node in nodes), expected)
    await sender.run(min(connections, len(nodes)))
    _check(sender)
    return {"seconds": (time.monotonic_ns() - began_ns) / 1e9, **quantiles(sender.latencies_ns)}


async def fill(arguments: argparse.Namespace) -> Figures:
    """As many nodes as wanted, each with a full report."""
    nodes = population(arguments.nodes, arguments.backends, arguments.shape)
    return await report_all(arguments.url, nodes, expected=_word(arguments, b'"applied"'))


async def repeat(arguments: argparse.Namespace) -> Figures:
    """Messages of one kind for some seconds, after a full report of each node."""
    url = arguments.url
    nodes = population(arguments.senders, arguments.backends, arguments.shape)
    await report_all(url, nodes, expected=_word(arguments, b'"applied"'))
    expected = _word(arguments, b'"refreshed"' if arguments.kind in {"beat", "same"} else b'"applied"')
    # Each node is played by one connection at a time, since its messages have an order.
    count = min(arguments.connections, len(nodes))
    lanes = [_Lane(url, nodes[at::count], arguments, expected) for at in range(count)]
    await asyncio.gather(*(lane.run(arguments.warm_up) for lane in lanes))
    began_ns = time.monotonic_ns()
    await asyncio.gather(*(lane.run(arguments.seconds, counted=True) for lane in lanes))
    took_s = (time.monotonic_ns() - began_ns) / 1e9
    for lane in lanes:
        lane.close()
    latencies_ns = list(itertools.chain.from_iterable(lane.latencies_ns for lane in lanes))
    return {"rate": len(latencies_ns) / took_s, "all": sum(lane.all for lane in lanes), **quantiles(latencies_ns)}


class _Lane:
    """One connection that plays some nodes in turn."""

    def __init__(self, url: str, nodes: Sequence[Node], arguments: argparse.Namespace, expected: bytes) -> None:
        self._url = url
        self._requests = _messages(url, nodes, arguments.kind)
        self._expected = expected
        self._connection: Connection | None = None
        self._counted = False
        self.latencies_ns: list[int] = []
        self.all = 0

    async def run(self, seconds: float, *, counted: bool = False) -> None:
        if self._connection is None:
            (opened,) = await connected(self._url, lambda: Connection(self._answered), 1)
            self._connection = cast("Connection", opened)
        self._counted = counted
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ends_ns = time.monotonic_ns() + round(seconds * 1e9)
        self._connection.send(next(self._requests), time.monotonic_ns())
        await self._done

    def _answered(self, connection: Connection, status: int, body: bytes) -> None:
        now_ns = time.monotonic_ns()
        self.all += 1
        if status != 200 or self._expected not in body:
            self._done.set_exception(RuntimeError(f"{status} {body[:500]!r} where {self._expected!r} was expected"))
            return
        if self._counted:
            self.latencies_ns.append(now_ns - connection.sent_ns)
        if now_ns < self._ends_ns:
            connection.send(next(self._requests), now_ns)
        else:
            self._done.set_result(None)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _messages(url: str, nodes: Sequence[Node], kind: str) -> Iterator[bytes]:
    heads = [_head(url, node) for node in nodes]
    if kind == "delta":
        yield from (posted(head, node.delta()) for head, node in itertools.cycle(zip(heads, nodes, strict=True)))
    if kind == "next":
        gaps = [node.full_with_gap() for node in nodes]
        for revision in itertools.count(2):
            yield from (posted(head, gap % revision) for head, gap in zip(heads, gaps, strict=True))
    bodies = [node.full() if kind == "same" else node.beat() for node in nodes]
    yield from itertools.cycle([posted(head, body) for head, body in zip(heads, bodies, strict=True)])


def _word(arguments: argparse.Namespace, expected: bytes) -> bytes:
    """What an answer has to hold; of the floor, which knows nothing, nothing."""
    return b"" if arguments.floor else expected


def _check(sender: Sender) -> None:
    if sender.wrong:
        raise RuntimeError(f"{len(sender.wrong)} wrong answers, the first: {sender.wrong[0][:500]!r}")
