"""A gateway in a thread, and a plain HTTP client to ask it with."""

import asyncio
import contextlib
import functools
import http.client
import json
import socket
import socketserver
import threading
import time
from types import SimpleNamespace

import uvicorn
from starlette.applications import Starlette

from backend_registry.config import GatewayConfig
from backend_registry.gateway import gateway_routes, with_shortcuts
from backend_registry.health import open_session

PATIENCE_S = 20.0


def eventually(condition, what):
    """Wait until `condition()` is true."""
    pause = threading.Event()
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not in {PATIENCE_S} s: {what}"
        pause.wait(0.005)


class Server:
    """One HTTP server for all tests, since stopping one takes a while; what it serves is set by each test."""

    def __init__(self):
        self.application = None
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)

    async def _serve(self):
        async def application(scope, receive, send):
            await self.application(scope, receive, send)

        config = uvicorn.Config(application, lifespan="off", log_config=None, access_log=False, ws="none")
        self._server = uvicorn.Server(config)
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._server.serve([self._listener])

    def run(self, coroutine):
        """The result of a coroutine that is run in the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_S)

    def stop(self):
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)
        self._listener.close()


@functools.cache
def the_server():
    """The one server; `conftest` stops it."""
    return Server()


class RunningGateway:
    """Serves the gateway's routes over `registry` while its block runs."""

    PARTS = ("body_limit", "aliases", "fallbacks", "keys", "probe_soon", "observer")

    def __init__(self, registry, **settings):
        self.registry = registry
        self._parts = {"body_limit": 10_000_000, **{name: settings.pop(name) for name in self.PARTS if name in settings}}
        self._settings = GatewayConfig(**settings)
        self._connections = []

    async def _open(self):
        self._session = open_session(connect_timeout_s=self._settings.connect_timeout_s)
        routes = gateway_routes(self.registry, self._session, self._settings, **self._parts)
        the_server().application = with_shortcuts(routes, Starlette(routes=routes))

    def __enter__(self):
        self.port = the_server().port
        the_server().run(self._open())
        return self

    def __exit__(self, *_):
        for connection in self._connections:
            connection.close()
        the_server().run(self._session.close())

    @property
    def url(self):
        """What clients are given as their base."""
        return f"http://127.0.0.1:{self.port}/v1"

    def open(self, method="POST", path="/v1/chat/completions", body=None, headers=None):
        """The answer as it begins; read on from `.response`, hang up with `.hang_up()`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        self._connections.append(connection)
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        connection.request(method, path, data, {"content-type": "application/json", **(headers or {})})
        response = connection.getresponse()

        def hang_up():
            response.close()
            connection.close()

        return SimpleNamespace(response=response, hang_up=hang_up)

    def start_without_reading(self, body, headers=None):
        """A connection on which a request has been sent."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        self._connections.append(connection)
        connection.request("POST", "/v1/chat/completions", json.dumps(body).encode(), headers or {})
        return connection

    def ask(self, *arguments, **named):
        """Status, headers (in lower case) and complete body of an answer."""
        opened = self.open(*arguments, **named)
        body = opened.response.read()
        headers = {name.lower(): value for name, value in opened.response.getheaders()}
        opened.hang_up()
        return SimpleNamespace(status=opened.response.status, headers=headers, body=body)

    def chat(self, model="m", **fields):
        """Ask for a chat; see `ask`."""
        return self.ask(body=question(model, **fields))

    @property
    def waiting(self):
        """How many requests stand in the registry's lines."""
        lines = self.registry._lines.topics.values()
        return sum(len(rank) for groups in lines for line in groups.values() for rank in line)

    def idle(self):
        """Nothing is in flight, nobody waits, and nothing has leaked."""
        eventually(lambda: not self.waiting, "nobody waits")
        eventually(lambda: not any(backend.pending_requests for backend in self.registry), "nothing is in flight")
        assert self.registry.leaked_leases == 0


def question(model="m", said="one two three", **fields):
    return {"model": model, "messages": [{"role": "user", "content": said}], **fields}


def error_of(answer):
    return json.loads(answer.body)["error"]


@contextlib.contextmanager
def upstream(answer):
    """A server that reads a request, sends `answer` and hangs up."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            length = 0
            while (line := self.rfile.readline().lower()).strip():
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            self.rfile.read(length)
            self.wfile.write(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
