"""An ASGI application behind a real server in a thread, a plain HTTP client, and a reader of event streams."""

import asyncio
import http.client
import json
import socket
import threading
import time
from types import SimpleNamespace

import uvicorn
from starlette.applications import Starlette

PATIENCE_S = 20.0


def eventually(condition, what):
    """Wait until `condition()` is true."""
    pause = threading.Event()
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not in {PATIENCE_S} s: {what}"
        pause.wait(0.005)


class QuickServer(uvicorn.Server):
    """Stops when told to, and not only at its next look at a clock."""

    def __init__(self, config):
        super().__init__(config)
        self.stop = asyncio.Event()

    async def main_loop(self):
        await self.stop.wait()

    async def shutdown(self, sockets=None):
        for server in self.servers:
            server.close()
        while self.server_state.connections or self.server_state.tasks:
            for connection in list(self.server_state.connections):
                connection.shutdown()
            await asyncio.sleep(0.005)


class RunningApp:
    """Serves routes while its block runs; `make` is called in the loop that serves, and what is in `at_end` at its end."""

    def __init__(self, make):
        self._make = make
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._opened = []
        self.at_end = []

    async def _serve(self):
        self.loop = asyncio.get_running_loop()
        application = Starlette(routes=self._make())
        config = uvicorn.Config(application, lifespan="off", log_config=None, access_log=False, ws="none")
        self._server = QuickServer(config)
        self._ready.set()
        await self._server.serve([self._listener])
        for close in self.at_end:
            await close()

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(self, *_):
        for opened in self._opened:
            opened.close()
        self.in_loop(self._server.stop.set)
        self._thread.join(PATIENCE_S)
        self._listener.close()
        assert not self._thread.is_alive()

    def in_loop(self, call):
        """Call something in the thread of the server's loop, and wait for its result."""
        done = asyncio.run_coroutine_threadsafe(_called(call), self.loop)
        return done.result(PATIENCE_S)

    def ask(self, method, path, body=None, headers=None, raw=None):
        """Status, headers (in lower case), body and its JSON of an answer. `headers` with a value of None are not sent."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        content = json.dumps(body).encode() if body is not None else raw
        given = {"content-type": "application/json"} if body is not None else {}
        sent = {name: value for name, value in {**given, **(headers or {})}.items() if value is not None}
        named = {name.lower() for name in (headers or {})}
        connection.putrequest(method, path, skip_host="host" in named, skip_accept_encoding="accept-encoding" in named)
        for name, value in sent.items():
            for one in value if isinstance(value, list) else [value]:
                connection.putheader(name, one)
        if content is not None:
            connection.putheader("content-length", str(len(content)))
        connection.endheaders(content)
        response = connection.getresponse()
        data = response.read()
        received = {name.lower(): value for name, value in response.getheaders()}
        connection.close()
        is_json = "json" in received.get("content-type", "") and data
        return SimpleNamespace(status=response.status, headers=received, body=data, json=json.loads(data) if is_json else None)

    def events(self, path, **headers):
        """A reader of a stream."""
        stream = Events(self.port, path, headers)
        self._opened.append(stream)
        return stream


async def _called(call):
    return call()


class Events:
    """Reads a stream of server-sent events; applies snapshots and deltas to `state`, entries by their id."""

    def __init__(self, port, path, headers):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self._connection.request("GET", path, headers=headers)
        self.response = self._connection.getresponse()
        self.state = {}
        self.last_id = None

    def next(self):
        """The next event, None at the end of the stream; heartbeats are skipped."""
        fields = {}
        while line := self.response.readline().decode():
            if line == "\n":
                if fields.get("event") not in (None, "heartbeat"):
                    return self._applied(fields)
                fields = {}
            else:
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = value
        return None

    def _applied(self, fields):
        data = json.loads(fields["data"])
        self.last_id = fields.get("id", self.last_id)
        if fields["event"] == "snapshot":
            self.state = {entry["id"]: entry for entry in data["backends"]}
        elif fields["event"] == "delta":
            for gone in data["deletes"]:
                self.state.pop(gone["id"], None)
            self.state |= {entry["id"]: entry for entry in data["upserts"]}
        return SimpleNamespace(name=fields["event"], id=fields.get("id"), data=data)

    def until(self, condition):
        """Read on until `condition(state)` holds."""
        while not condition(self.state):
            assert self.next() is not None, "the stream ended"
        return self.state

    def close(self):
        self.response.close()
        self._connection.close()
