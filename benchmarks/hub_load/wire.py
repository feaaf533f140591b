"""HTTP/1.1 as bare as it can be: one connection, one request at a time, or one answer that does not end."""

import asyncio
import math
from collections.abc import Callable, Iterable
from typing import cast
from urllib.parse import urlsplit

import httptools

__all__ = ("Connection", "Stream", "connected", "quantiles", "request_to")

Head = Callable[[int], bytes]


def request_to(url: str, method: str, path: str, headers: Iterable[str] = ()) -> bytes:
    """The head of a request, with a gap for the length of its body if it has one."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {urlsplit(url).netloc}", *headers]
    if method == "POST":
        lines += ["content-type: application/json", "content-length: %d"]
    return "\r\n".join((*lines, "", "")).encode()


class Connection(asyncio.Protocol):
    """Sends one request at a time and tells `answered` about each answer: itself, status and body."""

    def __init__(self, answered: Callable[["Connection", int, bytes], None]) -> None:
        self._answered = answered
        self.sent_ns = 0
        self.tag: object = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)

    def send(self, request: bytes, sent_ns: int, tag: object = None) -> None:
        self.sent_ns, self.tag = sent_ns, tag
        self._body = b""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._answered(self, self._parser.get_status_code(), self._body)

    def close(self) -> None:
        self._transport.close()


class Stream(asyncio.Protocol):
    """Asks once and hands on whatever comes."""

    def __init__(self, request: bytes, arrived: Callable[["Stream", bytes], None]) -> None:
        self._request = request
        self._arrived = arrived
        self.status = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self._arrived(self, body)

    def close(self) -> None:
        self._transport.close()


async def connected(url: str, make: Callable[[], asyncio.Protocol], count: int) -> list[asyncio.Protocol]:
    """That many connections, one after the other."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(make, parts.hostname, parts.port))[1] for _ in range(count)]


def quantiles(samples_ns: Iterable[int]) -> dict[str, float]:
    """Median, 99th percentile and largest, in microseconds."""
    ordered = sorted(samples_ns)
    if not ordered:
        return {"count": 0, "p50": math.nan, "p99": math.nan, "max": math.nan}
    at = {"p50": len(ordered) // 2, "p99": len(ordered) * 99 // 100, "max": -1}
    return {"count": len(ordered), **{name: ordered[place] / 1e3 for name, place in at.items()}}
