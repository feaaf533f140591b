"""`OneWriteProtocol`: the HTTP server's protocol, with the head of an answer and the beginning of its body sent in one piece.

The server writes them one after the other, which is two system calls and two packets for every answer, however short. That was
a tenth of the CPU time of a short request.
"""

import asyncio
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ("OneWriteProtocol",)

_HEAD: Final = b"HTTP/1.1 "


class OneWriteProtocol(HttpToolsProtocol):
    """One connection of the HTTP server."""

    # The server's own narrows the argument as well: a server's transports read and write.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Serve the client at the other end."""
        super().connection_made(cast("asyncio.Transport", _HeadHolder(transport, self.loop)))


class _HeadHolder:
    """A transport that keeps the head of an answer back until something follows it, or until the end of the loop's turn.

    Everything that is not about writing goes to the real transport by its shortest way.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport: Final = transport
        self._write: Final = transport.write
        self._call_soon: Final = loop.call_soon
        self._head = b""
        self.is_closing: Final = transport.is_closing
        self.pause_reading: Final = transport.pause_reading
        self.resume_reading: Final = transport.resume_reading
        self.get_extra_info: Final = transport.get_extra_info

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send `data`, and what was kept back before it."""
        if self._head:
            head, self._head = self._head, b""
            self._write(head + data)
        elif data.startswith(_HEAD):
            self._head = data
            self._call_soon(self._release)
        else:
            self._write(data)

    def close(self) -> None:
        """Send what was kept back, and close."""
        self._release()
        self._transport.close()

    def _release(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            # The client may have gone in the meantime.
            if not self.is_closing():
                self._write(head)
