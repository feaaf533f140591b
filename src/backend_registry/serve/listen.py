"""The socket to serve on, and what it is called."""

import contextlib
import socket
import sys
from collections.abc import Iterator
from typing import Final

from backend_registry.config import ServerConfig
from backend_registry.serve.errors import CannotServeError

__all__ = ("listening", "url_of")

_BACKLOG: Final = 2048
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- asked about, not listened on


@contextlib.contextmanager
def listening(server: ServerConfig, patience_s: float) -> Iterator[socket.socket]:
    """A listening socket for as long as the block runs.

    Args:
        server: where to listen.
        patience_s: a client that takes in nothing for so long is cut off, where the system can do that.

    Raises:
        CannotServeError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is stated; with it on, every small answer takes 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "linux":
            # Closing a connection waits until the client has taken in what was written; without this, for ever. Connections
            # inherit it.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, min(round(patience_s * 1000), 2**31 - 1))
        try:
            listener.bind((server.host, server.port))
            listener.listen(_BACKLOG)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise CannotServeError(
                f"cannot listen on {server.host} port {server.port}: {reason}; choose another with --port, 0 takes a free one",
                1,
            ) from None
        yield listener


def url_of(listener: socket.socket) -> str:
    """Where this machine reaches it."""
    address, port = listener.getsockname()[:2]
    host: str = _EVERYWHERE.get(str(address), str(address))
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
