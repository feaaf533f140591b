"""A gateway in a thread, and a plain HTTP client to ask it with."""

import asyncio
import http.client
import json
import socket
import threading
import time
from types import SimpleNamespace

import uvicorn
from starlette.applications import Starlette

from backend_registry.config import GatewayConfig
from backend_registry.gateway import gateway_routes
from backend_registry.health import open_session
from backend_registry.node import node_routes

PATIENCE_S = 20.0


def eventually(condition, what):
    """Wait until `condition()` is true."""
    pause = threading.Event()
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not in {PATIENCE_S} s: {what}"
        pause.wait(0.005)


class RunningGateway:
    """Serves the gateway's and the node's routes over `registry` while its block runs."""

    def __init__(self, registry, body_limit=10_000_000, **settings):
        self.registry = registry
        self._settings = GatewayConfig(**settings)
        self._body_limit = body_limit
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._connections = []

    async def _serve(self):
        async with open_session(connect_timeout_s=self._settings.connect_timeout_s) as session:
            routes = gateway_routes(self.registry, session, self._settings, body_limit=self._body_limit)
            application = Starlette(routes=[*routes, *node_routes(self.registry)])
            config = uvicorn.Config(application, lifespan="off", log_config=None, access_log=False, ws="none")
            self._server = uvicorn.Server(config)
            self._ready.set()
            await self._server.serve([self._listener])

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(self, *_):
        for connection in self._connections:
            connection.close()
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)
        self._listener.close()

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

    def start_without_reading(self, body):
        """A connection on which a request has been sent."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request("POST", "/v1/chat/completions", json.dumps(body).encode())
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

    def idle(self):
        """Nothing is in flight, and nothing has leaked."""
        eventually(lambda: not any(backend.pending_requests for backend in self.registry), "nothing is in flight")
        assert self.registry.leaked_leases == 0


def question(model="m", said="one two three", **fields):
    return {"model": model, "messages": [{"role": "user", "content": said}], **fields}


def error_of(answer):
    return json.loads(answer.body)["error"]
