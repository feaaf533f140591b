"""The server behind a fake backend: connections, the fault plan, and how each fault is done to a connection.

Everything here runs in one event loop; `FakeBackend` calls in from other threads.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from backend_registry.testing.api import Behaviour, answer, error_reply, error_stream
from backend_registry.testing.factories import make_model
from backend_registry.testing.faults import Fault, FaultKind, FaultPlan
from backend_registry.testing.log import RequestLog
from backend_registry.testing.wire import Exchange, Reply, SeenRequest, read_request

__all__ = ("FakeServer", "bound_socket")

_BLANKS: Final = b" " * 65_536


def bound_socket(host: str, port: int) -> socket.socket:
    """A TCP socket that has its port but does not listen yet; port 0 means any free one.

    Raises:
        OSError: the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is stated.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


@contextlib.contextmanager
def _reservation(host: str, port: int) -> Iterator[None]:
    """Keep the port ours while connections to it are refused: a second socket that is bound and never listens.

    Where the system does not allow it (Linux does), the port may be taken by somebody else in the meantime.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            stack.enter_context(bound_socket(host, port))
        yield


class _Connection(asyncio.StreamReaderProtocol):
    """A connection whose handler is cancelled as soon as the client goes away, so that in flight means somebody waits."""

    def __init__(self, serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]) -> None:
        super().__init__(asyncio.StreamReader(), self._begin)
        self._serve = serve

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._handler = asyncio.ensure_future(self._serve(reader, writer))

    def eof_received(self) -> bool:
        super().eof_received()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._handler.cancel()


class _BrokenOffError(Exception):
    """The fault wants the body to end here."""


class FakeServer:
    """Answers by `behaviour` unless the fault plan says otherwise, and notes in `log` what it sees."""

    def __init__(self, behaviour: Behaviour, log: RequestLog) -> None:
        self.behaviour: Final = behaviour
        self.log: Final = log
        self._plan = FaultPlan()
        self._recovered = asyncio.Event()
        self._stopped = asyncio.Event()
        self._refusing = False
        self._listening: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._idle: set[asyncio.StreamWriter] = set()
        self._address: tuple[str, int] = ("", 0)

    # --- life ----------------------------------------------------------------------------------------------------------

    async def run(self, listener: socket.socket, ready: Callable[[], object]) -> None:
        """Serve on a bound socket until `stop`."""
        host, port = listener.getsockname()[:2]
        self._address = (host, port)
        with _reservation(host, port):
            await self._listen(listener)
            ready()
            await self._stopped.wait()
            self._close_listener()
            for writer in self._connections:
                writer.transport.abort()

    def stop(self) -> None:
        """Make `run` return."""
        self._stopped.set()

    async def _listen(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(lambda: _Connection(self._serve), sock=listener, backlog=1024)

    def _close_listener(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    # --- faults --------------------------------------------------------------------------------------------------------

    async def fail(self, fault: Fault) -> None:
        """Add a fault to the plan; refusing begins at once."""
        self._plan.faults.append(fault)
        if fault.kind is FaultKind.REFUSE:
            self._refusing = True
            self._close_listener()
            for writer in self._idle:
                writer.close()

    async def recover(self) -> None:
        """Forget all faults, answer what hangs, listen again."""
        self._plan.faults.clear()
        self._recovered.set()
        self._recovered = asyncio.Event()
        if self._refusing:
            self._refusing = False
            await self._listen(bound_socket(*self._address))

    # --- connections ---------------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                # One that was accepted just before connections came to be refused is not served either.
                served = not self._refusing
                while served:
                    served = await self._serve_next(reader, writer)
        except ValueError:
            # Not HTTP, or a line longer than anyone's headers.
            writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _serve_next(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read and answer one request; False if the connection is to be closed."""
        self._idle.add(writer)
        try:
            request = await read_request(reader, writer)
        finally:
            self._idle.discard(writer)
        if request is None:
            return False
        exchange = Exchange(request, writer)
        if request.path.startswith("/_fake"):
            return await self._send(exchange, await self._control(request), None)
        with self.log.answering(request):
            return await self._answer(exchange) and not self._refusing

    async def _answer(self, exchange: Exchange) -> bool:
        fault = self._plan.take(exchange.request.path)
        if fault is not None and fault.kind is FaultKind.HANG:
            await self._recovered.wait()
            fault = None
        if self.behaviour.first_byte_delay_s:
            await asyncio.sleep(self.behaviour.first_byte_delay_s)
        reply = self._reply(exchange.request, fault)
        try:
            return await self._send(exchange, reply, fault)
        except _BrokenOffError:
            if fault is not None and fault.kind is FaultKind.RESET:
                exchange.reset()
            return False

    def _reply(self, request: SeenRequest, fault: Fault | None) -> Reply:
        """What to answer; how it is sent is another matter."""
        if fault is None:
            return answer(self.behaviour, request)
        if fault.kind is FaultKind.STATUS:
            retry = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
            return error_reply(fault.status, f"fake error {fault.status}", headers=retry)
        if fault.kind is FaultKind.MODELS:
            return answer(replace(self.behaviour, models=tuple(map(make_model, fault.models))), request)
        if fault.kind is FaultKind.GARBAGE:
            return Reply((b"<html>", b"not what you asked for"))
        if fault.kind is FaultKind.ERROR_EVENT:
            return error_stream()
        return answer(self.behaviour, request)

    async def _send(self, exchange: Exchange, reply: Reply, fault: Fault | None) -> bool:
        """Send an answer, with whatever goes wrong on the way; False if the connection is to be closed.

        Raises:
            _BrokenOffError: the answer is to end here, incomplete.
        """
        ends_after = fault.after_chunks if fault is not None and fault.kind in {FaultKind.RESET, FaultKind.CUT} else None
        if ends_after == 0:
            raise _BrokenOffError
        blanks = fault.size if fault is not None and fault.kind is FaultKind.HUGE else 0
        named = replace(reply, headers={**reply.headers, "x-fake-backend": self.behaviour.id})
        keep = await exchange.head(named, blanks + sum(map(len, reply.pieces)))
        for sent in range(0, blanks, len(_BLANKS)):
            await exchange.piece(_BLANKS[: blanks - sent])
        if fault is not None and fault.kind is FaultKind.DRIP:
            await _drip(exchange, reply, fault.delay_s)
        else:
            delay_s = self.behaviour.chunk_delay_s if reply.streamed else 0
            await _send_pieces(exchange, reply.pieces[:ends_after], delay_s)
        if ends_after is not None:
            raise _BrokenOffError
        await exchange.end()
        return keep

    # --- control -------------------------------------------------------------------------------------------------------

    async def _control(self, request: SeenRequest) -> Reply:
        """The fault plan over HTTP, for a fake in another process. Meets no fault and is not in the log."""
        try:
            match request.method, request.path:
                case "POST", "/_fake/fail":
                    await self.fail(Fault.of(**request.json()))
                case "POST", "/_fake/recover":
                    await self.recover()
                case "GET", "/_fake":
                    pass
                case _:
                    return error_reply(404, "there are GET /_fake, POST /_fake/fail and POST /_fake/recover")
        except (TypeError, ValueError) as error:
            return error_reply(400, str(error))
        return Reply.json(self._state())

    def _state(self) -> dict[str, Any]:
        return {
            "id": self.behaviour.id,
            "in_flight": self.log.in_flight,
            "faults": [asdict(fault) for fault in self._plan.faults],
            "requests": [{"method": seen.method, "path": seen.path} for seen in self.log.requests],
        }


async def _send_pieces(exchange: Exchange, pieces: Sequence[bytes], delay_s: float) -> None:
    for number, piece in enumerate(pieces):
        if number and delay_s:
            await asyncio.sleep(delay_s)
        await exchange.piece(piece)


async def _drip(exchange: Exchange, reply: Reply, delay_s: float) -> None:
    for byte in b"".join(reply.pieces):
        await exchange.piece(bytes((byte,)))
        await asyncio.sleep(delay_s)
