"""From the first request to the last: the HTTP server, and what signals do to it.

The first SIGTERM or SIGINT ends the process in order: it is not ready any more, listens no more, and lets requests finish for
`shutdown_s` seconds. The second one is the system's: it ends the process wherever it is. Nothing is lost by that, since what is
to survive is on the disk already.
"""

import asyncio
import contextlib
import logging
import math
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from backend_registry.node import Stopping
from backend_registry.serve.protocol import OneWriteProtocol

__all__ = ("http_server", "serve_until_told")

logger: Final = logging.getLogger("backend_registry.serve")

_STOP: Final = (signal.SIGINT, signal.SIGTERM)
_KEEP_ALIVE_S: Final = 75
"""Longer than from one sign of life of a node to the next, and than most clients keep an idle connection: so it is they who end
it, and none of them sends a request into a connection that is being closed."""


def _is_no_cut(record: logging.LogRecord) -> bool:
    """Whether a line of the server is about anything else than a request that it has cut itself, as it was told to."""
    return record.exc_info is None or not isinstance(record.exc_info[1], asyncio.CancelledError)


class _Server(uvicorn.Server):
    """A server that leaves signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def http_server(app: ASGIApp, shutdown_s: float) -> uvicorn.Server:
    """The HTTP server for an application. It looks at no signals; `serve([listener])` runs it until `should_exit` is set.

    Args:
        app: what to serve.
        shutdown_s: seconds that running requests are given in the end, in whole ones.
    """
    return _Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            http=OneWriteProtocol,
            ws="none",
            server_header=False,
            # Where a request came from makes no difference to us, and nobody can make us believe a header.
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=math.ceil(shutdown_s),
        )
    )


async def serve_until_told(
    app: ASGIApp,
    listener: socket.socket,
    readiness: Stopping,
    shutdown_s: float,
    reload: Callable[[], None] | None = None,
) -> None:
    """Serve until a signal says stop, and return when all requests have ended or their time is over.

    Args:
        app: what to serve.
        listener: where.
        readiness: told when the stop comes.
        shutdown_s: seconds that running requests are given, in whole ones.
        reload: called on SIGHUP; None leaves that to the system.
    """
    server = http_server(app, shutdown_s)
    # One line says how many were cut; a traceback for each would say that something is broken.
    logging.getLogger("uvicorn.error").addFilter(_is_no_cut)
    loop = asyncio.get_running_loop()

    def say() -> None:
        running = len(server.server_state.tasks)
        if running:
            logger.info("told to stop: requests have %g seconds to finish", shutdown_s, extra={"requests": running})
        else:
            logger.info("told to stop")

    def stop(*_: object) -> None:
        for number in _STOP:
            signal.signal(number, signal.SIG_DFL)
        server.should_exit = True
        loop.call_soon_threadsafe(readiness.stop)
        loop.call_soon_threadsafe(say)

    for number in _STOP:
        signal.signal(number, stop)
    if reload is not None and hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: loop.call_soon_threadsafe(reload))
    await server.serve([listener])
