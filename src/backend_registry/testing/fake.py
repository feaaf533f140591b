"""`FakeBackend`: a real HTTP server on loopback that speaks like a model server and breaks on demand."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterable
from types import TracebackType
from typing import Any, Final, Self, get_args

from backend_registry import Backend, InvalidValueError, Model, ReportedLoad, Residency
from backend_registry.testing.api import Behaviour, Kind
from backend_registry.testing.factories import DEFAULT_MODEL, make_backend, make_model
from backend_registry.testing.faults import Fault, FaultKind
from backend_registry.testing.log import RequestLog
from backend_registry.testing.server import FakeServer, bound_socket
from backend_registry.testing.wire import SeenRequest

__all__ = ("FakeBackend",)

_PATIENCE_S: Final = 10.0


class FakeBackend:
    """A model server for tests: OpenAI's interface for every kind, and that which each kind has of its own.

    It runs in a thread of its own while its `with` block does. Chats answer with the last user message; every answer names the
    backend in the header `x-fake-backend`, chats also in `system_fingerprint`.

    Args:
        id: what it calls itself.
        kind: `openai`, `ollama`, `vllm`, `llamacpp`, `lmstudio`, `exo`, `anthropic`, `google` or `generic`.
        models: `Model` objects or model ids.
        chunks: pieces in which a streamed answer comes.
        chunk_delay_s: seconds between them.
        first_byte_delay_s: seconds before any answer.
        api_key: what must come as a bearer token, or in the vendor's own header where it has one; None asks for nothing.
        host, port: where to listen; port 0 means any free one.
        requests_kept: how many requests are remembered at most; each takes about 1.5 KB and its body.

    Attributes:
        behaviour: the arguments above, which may be changed while it runs, for the requests to come.

    Raises:
        InvalidValueError: no such kind, or something is no model.

    Thread-safety: any thread may call any method.

    >>> import urllib.request
    >>> with FakeBackend("gpu-1") as fake, urllib.request.urlopen(fake.url + "/health") as answer:
    ...     answer.status, answer.headers["x-fake-backend"]
    (200, 'gpu-1')
    """

    def __init__(  # noqa: PLR0913 -- one argument per trait, all but the id by name
        self,
        id: str = "b1",
        *,
        kind: Kind = "openai",
        models: Iterable[Model | str] = (DEFAULT_MODEL,),
        chunks: int = 3,
        chunk_delay_s: float = 0.0,
        first_byte_delay_s: float = 0.0,
        api_key: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        requests_kept: int = 10_000,
    ) -> None:
        if kind not in get_args(Kind):
            raise InvalidValueError("kind", f"is {kind!r:.64}", f"pass one of {', '.join(get_args(Kind))}")
        if chunks < 1:
            raise InvalidValueError("chunks", f"is {chunks}", "pass a number from 1 on")
        self.behaviour: Final = Behaviour(id, kind, _as_models(models), chunks, chunk_delay_s, first_byte_delay_s, api_key)
        self._log: Final = RequestLog(requests_kept)
        self._bind_to = (host, port)
        self._url: str | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: FakeServer | None = None
        self._thread: threading.Thread | None = None

    # --- life ----------------------------------------------------------------------------------------------------------

    def start(self) -> str:
        """Listen, serve in a new thread, and return the url, at which connections succeed from now on.

        Raises:
            OSError: the port is taken.
            RuntimeError: it runs already.
        """
        if self._thread is not None:
            raise RuntimeError("this fake backend runs already")
        listener = bound_socket(*self._bind_to)
        host, port = listener.getsockname()[:2]
        self._url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(listener, ready), name=f"fake backend {self.behaviour.id}", daemon=True
        )
        self._thread.start()
        if not ready.wait(_PATIENCE_S):
            listener.close()
            raise RuntimeError("this fake backend did not start")
        return self._url

    def _run(self, listener: socket.socket, ready: threading.Event) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._server = FakeServer(self.behaviour, self._log)
            await self._server.run(listener, ready.set)

        asyncio.run(serve())

    def stop(self) -> None:
        """Close all connections and end the thread. More calls do nothing."""
        thread, self._thread = self._thread, None
        if thread is not None and self._loop is not None and self._server is not None:
            self._loop.call_soon_threadsafe(self._server.stop)
            thread.join(_PATIENCE_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Root of the server, without `/v1`.

        Raises:
            RuntimeError: it has never been started.
        """
        if self._url is None:
            raise RuntimeError("this fake backend has no url before start(), or `with`")
        return self._url

    # --- what it is and does -------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """What it calls itself."""
        return self.behaviour.id

    @property
    def models(self) -> tuple[Model, ...]:
        """What it serves and lists; may be set to models or ids while it runs."""
        return self.behaviour.models

    @models.setter
    def models(self, models: Iterable[Model | str]) -> None:
        self.behaviour.models = _as_models(models)

    @property
    def residency(self) -> dict[str, Residency]:
        """What it says about the memory its models are in, by model id; a model that is not named is resident.

        Told by Ollama (on disk or resident), LM Studio (those, or loading) and llama.cpp, which while one is loading answers
        nothing but that.
        """
        return self.behaviour.residency

    @property
    def load(self) -> ReportedLoad:
        """What vLLM's figures and llama.cpp's slots are to say; may be set while it runs."""
        return self.behaviour.load

    @load.setter
    def load(self, load: ReportedLoad) -> None:
        self.behaviour.load = load

    def backend(self, **fields: Any) -> Backend:
        """A fresh `Backend` that describes this server, to be added to a registry; `fields` are arguments of `Backend`."""
        described = {"backend_type": self.behaviour.kind, "models": self.models}
        return make_backend(self.id, self.url, **{**described, **fields})

    def fail(self, kind: FaultKind | str, **details: Any) -> None:
        """Add a fault to the plan: from the next request on, for `times` requests or until `recover`.

        Args:
            kind: what goes wrong.
            details: the other arguments of `Fault`.

        Raises:
            InvalidValueError: a value is out of its range.
            RuntimeError: it does not run.
        """
        fault = Fault.of(kind, **details)
        self._in_loop(lambda server: server.fail(fault))

    def recover(self) -> None:
        """Forget all faults; requests that hang are answered now.

        Raises:
            RuntimeError: it does not run.
        """
        self._in_loop(lambda server: server.recover())

    def _in_loop(self, call: Callable[[FakeServer], Coroutine[Any, Any, None]]) -> None:
        """Run it in the server's loop and wait until it is done: the next request sees its effect."""
        if self._thread is None or self._loop is None or self._server is None:
            raise RuntimeError("this fake backend does not run; use it in `with`, or call start()")
        asyncio.run_coroutine_threadsafe(call(self._server), self._loop).result(_PATIENCE_S)

    # --- what it has seen ----------------------------------------------------------------------------------------------

    @property
    def requests(self) -> tuple[SeenRequest, ...]:
        """The last `requests_kept` requests, oldest first."""
        return self._log.requests

    @property
    def in_flight(self) -> int:
        """Requests being answered now; one whose client has gone away is not."""
        return self._log.in_flight

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = _PATIENCE_S) -> None:
        """Block until `condition()` is true; it is looked at whenever a request comes or ends.

        Raises:
            TimeoutError: it has not become true in `timeout_s` seconds.
        """
        self._log.wait_until(condition, timeout_s)


def _as_models(models: Iterable[Model | str]) -> tuple[Model, ...]:
    return tuple(model if isinstance(model, Model) else make_model(model) for model in models)
