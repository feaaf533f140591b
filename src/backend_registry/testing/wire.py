"""Just enough HTTP/1.1 for a server that must also be able to break it: read a request, write a reply piece by piece.

A framework would stand between us and the socket, and half of the faults are about the socket.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

__all__ = ("BadRequestError", "Exchange", "Reply", "SeenRequest", "read_request")

_MAX_HEADERS: Final = 200


class BadRequestError(ValueError):
    """What the client sent is no HTTP/1.x request."""


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request as it arrived.

    Attributes:
        method: in upper case.
        path: without the query.
        query: what followed the `?`, or an empty string.
        headers: names in lower case; of repeated ones the last.
        body: complete, without transfer encoding.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    version: str = "HTTP/1.1"

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it is none.
        """
        return json.loads(self.body)

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants to use the connection again."""
        wish = self.headers.get("connection", "").lower()
        return wish == "keep-alive" if self.version == "HTTP/1.0" else wish != "close"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its pieces are sent one after the other; a streamed one does not tell its length beforehand."""

    pieces: tuple[bytes, ...]
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    streamed: bool = False

    @classmethod
    def json(cls, content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> "Reply":
        """A JSON document, in two pieces so that something can happen in the middle."""
        body = json.dumps(content).encode()
        return cls((body[: len(body) // 2], body[len(body) // 2 :]), status, headers=headers or {})


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> SeenRequest | None:
    """The next request of a connection, None when the client has closed it.

    Raises:
        BadRequestError: it is no HTTP.
        asyncio.IncompleteReadError: the client went away in the middle of it.
    """
    line = (await reader.readline()).decode("latin-1").strip()
    if not line:
        return None
    try:
        method, target, version = line.split(" ")
    except ValueError:
        raise BadRequestError(line) from None
    headers = await _read_headers(reader)
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await _read_body(reader, headers)
    path, _, query = target.partition("?")
    return SeenRequest(method.upper(), path, query, MappingProxyType(headers), body, version)


async def _read_headers(reader: asyncio.StreamReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADERS):
        line = (await reader.readline()).decode("latin-1").strip()
        if not line:
            return headers
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    raise BadRequestError("too many headers")


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    try:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return await reader.readexactly(int(headers.get("content-length", "0")))
        pieces: list[bytes] = []
        while size := int(await reader.readline(), 16):
            pieces.append(await reader.readexactly(size))
            await reader.readline()
        await reader.readline()
        return b"".join(pieces)
    except ValueError as error:
        raise BadRequestError(str(error)) from None


class Exchange:
    """One request on one connection, and the sending of its answer: `head`, any number of `piece`, `end`."""

    def __init__(self, request: SeenRequest, writer: asyncio.StreamWriter) -> None:
        self.request: Final = request
        self._writer = writer
        self._chunked = False
        # Nothing lingers in user space: what was sent before a fault has really been sent.
        writer.transport.set_write_buffer_limits(high=0)

    async def head(self, reply: Reply, length: int) -> bool:
        """Send status and headers; False if the connection has to be closed after the body."""
        self._chunked = reply.streamed and self.request.version != "HTTP/1.0"
        headers = {"content-type": reply.content_type, **reply.headers}
        if self._chunked:
            headers["transfer-encoding"] = "chunked"
        elif not reply.streamed:
            headers["content-length"] = str(length)
        keep = self.request.keeps_alive and (self._chunked or not reply.streamed)
        headers["connection"] = "keep-alive" if keep else "close"
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}", *(f"{k}: {v}" for k, v in headers.items())]
        await self._send("\r\n".join((*lines, "", "")).encode("latin-1", "replace"))
        return keep

    async def piece(self, data: bytes) -> None:
        """Send a part of the body; an empty one would end it."""
        await self._send(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    async def end(self) -> None:
        """Say that the body is complete."""
        if self._chunked:
            await self._send(b"0\r\n\r\n")

    async def _send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def reset(self) -> None:
        """Make the client see "connection reset by peer"."""
        connection: socket.socket = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()
