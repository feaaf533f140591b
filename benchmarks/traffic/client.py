"""The load generator, a process of its own: bare protocols on uvloop, and every answer is looked at.

    python -m benchmarks.traffic.client closed  URL --connections 64 --seconds 3
    python -m benchmarks.traffic.client paced   URL --connections 64 --seconds 3 --rate 500
    python -m benchmarks.traffic.client streams URL --connections 100 --events 150 --rate 50

`closed` sends the next request when the last is answered. `paced` sends at given times, and counts the time from then on even
if all connections were busy, so that a proxy that stalls cannot slow down the clock it is measured by. `streams` compares the
time in each event with the time of its arrival. Prints figures as JSON; latencies in microseconds.
"""

import argparse
import asyncio
import collections
import json
import math
import random
import re
import sys
import time
from collections.abc import Sequence
from typing import cast
from urllib.parse import urlsplit

import httptools
import uvloop

__all__ = ("question",)

_WARM_UP_S = 0.5
_PATIENCE_S = 60.0
_STAMP = re.compile(rb'"t(\d+) ')


def question(model: str, **fields: object) -> bytes:
    """A small chat."""
    return json.dumps({"model": model, "messages": [{"role": "user", "content": "Why is the sky blue?"}], **fields}).encode()


def request_of(url: str, body: bytes, *, key: str = "none") -> bytes:
    """The bytes of a chat request to the root `url`."""
    lines = (
        "POST /v1/chat/completions HTTP/1.1",
        f"host: {urlsplit(url).netloc}",
        "content-type: application/json",
        f"authorization: Bearer {key}",
        f"content-length: {len(body)}",
    )
    return "\r\n".join((*lines, "", "")).encode() + body


class _Connection(asyncio.Protocol):
    """Sends one request at a time and tells `load` about each event and each answer."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self.due_ns = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)

    def send(self, due_ns: int) -> None:
        self.due_ns = due_ns
        self._size = 0
        self._transport.write(self._load.request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        self._load.arrived(body)

    def on_message_complete(self) -> None:
        self._load.answered(self, self._parser.get_status_code() == 200 and self._size >= self._load.least)

    def connection_lost(self, _: Exception | None) -> None:
        self._load.lost()

    def close(self) -> None:
        self._transport.close()


class _Load:
    """Connections, and what is counted. The base keeps each of them busy: a closed loop."""

    least = 200

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.request = request_of(arguments.url, question(arguments.model), key=arguments.key)
        self._arguments = arguments
        self._began_ns = self._ends_ns = 0
        self.latencies_ns: list[int] = []
        self.errors = 0
        self.all = 0
        self.done = asyncio.Event()

    async def run(self) -> dict[str, float]:
        url = urlsplit(self._arguments.url)
        loop = asyncio.get_running_loop()
        # Not all at once: a new connection is work that belongs to no request.
        connections = [
            (await loop.create_connection(lambda: _Connection(self), url.hostname, url.port))[1]
            for _ in range(self._arguments.connections)
        ]
        self._began_ns = time.monotonic_ns() + round(self._arguments.warm_up * 1e9)
        self._ends_ns = self._began_ns + round(self._arguments.seconds * 1e9)
        self.start(connections)
        await asyncio.wait_for(self.done.wait(), self._arguments.seconds + _PATIENCE_S)
        took_s = (time.monotonic_ns() - self._began_ns) / 1e9
        for connection in connections:
            connection.close()
        return self.figures(took_s)

    def start(self, connections: Sequence[_Connection]) -> None:
        for connection in connections:
            connection.send(time.monotonic_ns())

    def arrived(self, body: bytes) -> None:
        """A part of an answer."""

    def answered(self, connection: _Connection, good: bool) -> None:
        now_ns = time.monotonic_ns()
        self.all += 1
        if now_ns >= self._ends_ns:
            self.done.set()
            return
        self.count(connection, now_ns, good)
        self.next(connection, now_ns)

    def count(self, connection: _Connection, now_ns: int, good: bool) -> None:
        if not good:
            self.errors += 1
        elif now_ns >= self._began_ns:
            self.latencies_ns.append(now_ns - connection.due_ns)

    def next(self, connection: _Connection, now_ns: int) -> None:
        connection.send(now_ns)

    def lost(self) -> None:
        if not self.done.is_set():
            self.errors += 1

    def figures(self, took_s: float) -> dict[str, float]:
        return {
            "rate": len(self.latencies_ns) / took_s,
            "all": self.all,
            "errors": self.errors,
            **_quantiles(self.latencies_ns),
        }


class _Paced(_Load):
    """Requests at given times, at random intervals, whatever became of those before."""

    def start(self, connections: Sequence[_Connection]) -> None:
        self._free = collections.deque(connections)
        self._waiting: collections.deque[int] = collections.deque()
        self._due()

    def _due(self) -> None:
        now_ns = time.monotonic_ns()
        if now_ns >= self._ends_ns:
            self.done.set()
            return
        self._waiting.append(now_ns)
        self._send_waiting()
        asyncio.get_running_loop().call_later(random.expovariate(self._arguments.rate), self._due)

    def _send_waiting(self) -> None:
        while self._free and self._waiting:
            self._free.popleft().send(self._waiting.popleft())

    def next(self, connection: _Connection, now_ns: int) -> None:  # noqa: ARG002 -- the pace decides when
        self._free.append(connection)
        self._send_waiting()


class _Streams(_Load):
    """One stream on each connection; the age of each event when it arrives."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        super().__init__(arguments)
        body = question(arguments.model, stream=True, max_tokens=arguments.events, seed=arguments.rate)
        self.request = request_of(arguments.url, body, key=arguments.key)
        self._left = arguments.connections
        self._events = 0

    def start(self, connections: Sequence[_Connection]) -> None:
        super().start(connections)
        self._ends_ns = sys.maxsize

    def arrived(self, body: bytes) -> None:
        now_ns = time.monotonic_ns()
        stamps = _STAMP.findall(body)
        self._events += len(stamps)
        if now_ns >= self._began_ns:
            self.latencies_ns += [now_ns - int(stamp) for stamp in stamps]

    def count(self, connection: _Connection, now_ns: int, good: bool) -> None:  # noqa: ARG002 -- events are what is timed
        self.errors += not good

    def next(self, connection: _Connection, now_ns: int) -> None:  # noqa: ARG002 -- one stream each
        self._left -= 1
        if not self._left:
            # What is counted here is events.
            self.all = self._events
            self.errors += self._events != self._arguments.connections * self._arguments.events
            self.done.set()


_LOADS = {"closed": _Load, "paced": _Paced, "streams": _Streams}


def _quantiles(latencies_ns: list[int]) -> dict[str, float]:
    ordered = sorted(latencies_ns)
    if not ordered:
        return {"count": 0, "p50": math.nan, "p99": math.nan}
    return {"count": len(ordered), "p50": ordered[len(ordered) // 2] / 1e3, "p99": ordered[len(ordered) * 99 // 100] / 1e3}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("load", choices=_LOADS)
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--warm-up", type=float, default=_WARM_UP_S)
    parser.add_argument("--rate", type=float, default=100, help="requests a second, or events a second of each stream")
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--model", default="small-chat")
    parser.add_argument("--key", default="none")
    return parser.parse_args()


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_LOADS[_arguments().load](_arguments()).run())))
