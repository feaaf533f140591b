"""A real hub, nodes that are played by the protocol's own client, and a wire between the two that can be cut."""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import msgspec

from backend_registry.protocol import Ack, Entry, Reporting
from tests.e2e.processes import PATIENCE_S, Process, eventually

HUB = """
[server]
port = {port}
state_dir = "{state}"

[hub]
store = "{store}"
suspect_s = {suspect_s}
unreachable_s = {unreachable_s}
ring = {ring}
{more}
"""


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def let_pass(seconds):
    """Wait for something that must not happen."""
    threading.Event().wait(seconds)


class HubProcess:
    """A hub of its own file and port, which can be killed, stopped, and started again.

    `more` is what its file says besides, from within `[hub]`; `token` is what it is asked with.
    """

    def __init__(
        self,
        folder,
        *,
        store="memory",
        suspect_s=2.0,
        unreachable_s=4.0,
        ring=8192,
        more="",
        token=None,
        environment=None,
    ):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._file = folder / f"hub-{self.port}.toml"
        state = folder / f"hub-{self.port}"
        self._file.write_text(
            HUB.format(
                port=self.port,
                state=state,
                store=store,
                suspect_s=suspect_s,
                unreachable_s=unreachable_s,
                ring=ring,
                more=more,
            )
        )
        self._credentials = {"authorization": f"Bearer {token}"} if token else {}
        self._environment = environment or {}
        self.process = None
        self.start()

    def start(self):
        self.process = Process("backend_registry.serve", self._file, "--role", "hub", **self._environment)
        eventually(self._answers, "the hub answers")

    def _answers(self):
        assert self.process.popen.poll() is None, self.process.output
        with contextlib.suppress(OSError):
            return self.ask("GET", "/healthz").status == 200
        return False

    def kill(self):
        self.process.kill()

    def stop(self):
        os.kill(self.process.popen.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.process.popen.pid, signal.SIGCONT)

    def resident_mb(self):
        pages = int(Path(f"/proc/{self.process.popen.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    # --- asking --------------------------------------------------------------------------------------------------------

    def ask(self, method, path, body=None, headers=None):
        """Status, headers (in lower case) and JSON of an answer; `body` is bytes or what JSON can hold."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, content, {"content-type": "application/json", **self._credentials, **(headers or {})})
        answer = connection.getresponse()
        data = answer.read()
        received = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        is_json = "json" in received.get("content-type", "") and data
        return SimpleNamespace(status=answer.status, headers=received, json=json.loads(data) if is_json else None)

    def get(self, path):
        answer = self.ask("GET", path)
        assert answer.status == 200, (path, answer.status, answer.json)
        return answer.json

    def drain(self, node_id):
        """Drain all backends of a node, as an operator at the hub."""
        asked = {"verb": "drain", "filter": {"node": [node_id]}, "reason": "test"}
        tried = self.ask("POST", "/admin/api/backends:batch", {**asked, "dry_run": True})
        assert tried.status == 200, tried.json
        return self.ask("POST", "/admin/api/backends:batch", {**asked, "if_rev": tried.json["rev"]})

    def standings(self):
        """Node id to how it stands."""
        return {node["node_id"]: node["standing"] for node in self.get("/admin/api/nodes?limit=1000")}

    def rows(self):
        """Name of a backend to its row."""
        return {row["name"]: row for row in self.get("/admin/api/backends?limit=1000")}

    def kinds_of_events(self, node=None):
        asked = "?limit=1000" if node is None else f"?limit=1000&node={node}"
        return [event["kind"] for event in self.get(f"/admin/api/events{asked}")]


@contextlib.contextmanager
def hub(folder, **settings):
    started = HubProcess(folder, **settings)
    try:
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            started.go_on()
        started.kill()


def entry(name, **fields):
    return Entry(**{"id": name, "name": name, "kind": "vllm", "status": "available", "health": "healthy", **fields})


class PlayedNode:
    """A node without a router: it reports as a router would, to any of its urls, and remembers what it was told."""

    def __init__(self, node_id, urls, *, entries=(), epoch=None, instance=None, beat_s=0.3, clock_ms=0, token=None):
        self.id = node_id
        self.urls = [urls] if isinstance(urls, str) else list(urls)
        epoch = time.time_ns() // 1_000_000 + clock_ms if epoch is None else epoch
        self.reporting = Reporting(node_id, instance or os.urandom(4).hex(), epoch)
        self.entries = {}
        self.acknowledged = set()
        """Reasons of states that the hub has acknowledged; see `Nodes.observe`."""
        self.refusals = []
        self.load = {}
        """Backend id to its load, which each message has."""
        self.cut = False
        self._headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
        self._beat_s = beat_s
        self._clock_ms = clock_ms
        self._changed = asyncio.Event()
        self.observe(entries)

    def observe(self, entries):
        self.entries = {entry.id: entry for entry in entries}
        self.reporting.observe(self.entries.values())
        self._changed.set()

    async def run(self, session):
        turn = 0
        while not self.reporting.stopped:
            self._changed.clear()
            if not self.cut:
                await self._exchange(session, self.urls[turn % len(self.urls)])
                turn += 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.02 if self.reporting.due and not self.cut else self._beat_s):
                    await self._changed.wait()

    async def _exchange(self, session, url):
        report = self.reporting.message(self.load, max(time.time_ns() // 1_000_000 + self._clock_ms, 0))
        states = {upsert.status_reason for upsert in report.upserts}
        try:
            async with (
                asyncio.timeout(5),
                session.post(
                    f"{url}/v1/nodes/{self.id}/report",
                    data=msgspec.json.encode(report),
                    headers=self._headers,
                ) as answer,
            ):
                body = await answer.read()
        except (OSError, aiohttp.ClientError):
            # Not heard, which says nothing about whether it was taken in.
            return
        if answer.status == 200:
            ack = msgspec.json.decode(body, type=Ack)
            self.reporting.acknowledged(report, ack)
            self.acknowledged |= states
            self._carry_out(ack.wishes)
        else:
            refusal = json.loads(body)
            self.refusals.append((answer.status, refusal["code"]))
            self.reporting.refused(refusal["code"], refusal)

    def _carry_out(self, wishes):
        """Do what operators at the hub want, at once: who drains has nothing in flight that it would wait for."""
        changed = {}
        for wish in wishes:
            entry = self.entries.get(wish.id)
            if entry is not None and entry.generation < wish.generation:
                status = (
                    {"status": "available", "status_reason": ""}
                    if wish.intent == "enabled"
                    else {"status": "unavailable", "status_reason": wish.intent}
                )
                changed[wish.id] = msgspec.structs.replace(entry, intent=wish.intent, generation=wish.generation, **status)
        if changed:
            self.observe((self.entries | changed).values())


class Nodes:
    """Many played nodes in one event loop, in a thread of its own."""

    def __init__(self, nodes):
        self.nodes = {node.id: node for node in nodes}
        self._running = {}
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    async def _run(self):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        connector = aiohttp.TCPConnector(limit=64, keepalive_timeout=30)
        async with aiohttp.ClientSession(connector=connector) as self._session:
            for node in self.nodes.values():
                self._start(node)
            self._ready.set()
            await self._stop.wait()
            for task in self._running.values():
                task.cancel()
            for result in await asyncio.gather(*self._running.values(), return_exceptions=True):
                assert result is None or isinstance(result, asyncio.CancelledError), result

    def _start(self, node):
        self.nodes[node.id] = node
        before = self._running.get(node.id)
        if before is not None:
            before.cancel()
        self._running[node.id] = asyncio.create_task(node.run(self._session))

    def replace(self, node):
        """A node is killed, and started again as this one."""
        self._loop.call_soon_threadsafe(self._start, node)

    def observe(self, node_id, entries):
        """A node has these backends from now on."""
        self._loop.call_soon_threadsafe(self.nodes[node_id].observe, entries)

    def change(self, node_id, changed):
        """A node has what `changed` makes of its backends by id, as they are when it is its turn."""

        def change():
            node = self.nodes[node_id]
            node.observe(changed(node.entries).values())

        self._loop.call_soon_threadsafe(change)

    def cut(self, *node_ids):
        """No message of these nodes leaves any more."""
        for node_id in node_ids:
            self.nodes[node_id].cut = True

    def heal(self):
        for node in self.nodes.values():
            node.cut = False


class Wire:
    """A TCP proxy to one port. What is cut neither passes nor ends: packets are lost on their way, as in a partition."""

    def __init__(self, port):
        self._target = port
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    async def _run(self):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()
        self._writers = set()
        self._pumps = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()

    async def _connected(self, reader, writer):
        self._pumps.add(asyncio.current_task())
        self._writers.add(writer)
        await self._open.wait()
        try:
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(other_writer)
        await asyncio.gather(self._pump(reader, other_writer), self._pump(other_reader, writer))

    async def _pump(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()

    def cut(self):
        self._loop.call_soon_threadsafe(self._open.clear)

    def heal(self):
        """Pass on what comes; connections from before the cut are ended, as their ends would have given them up."""

        def heal():
            for writer in self._writers:
                writer.transport.abort()
            self._writers.clear()
            self._open.set()

        self._loop.call_soon_threadsafe(heal)
