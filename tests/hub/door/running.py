"""A hub's door behind a real server."""

import asyncio
import random
import socket

import msgspec
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Match

from backend_registry.config import HubConfig
from backend_registry.hub.door import with_reports
from backend_registry.hub.service import Hub
from backend_registry.hub.store.memory import MemoryStore
from backend_registry.hub.tokens import DerivedTokens, NodeGate
from tests.hub.service.cluster import NOW_MS, Node, entry
from tests.web.running import PATIENCE_S, RunningApp

SECRET = "a-secret-of-the-cluster"


def bearer(node_id):
    return {"authorization": f"Bearer {DerivedTokens(SECRET).mint(node_id)}"}


def report_path(node_id):
    return f"/v1/nodes/{node_id}/report"


def node(node_id="n1"):
    return Node(node_id, entry("a"), entry("b"))


class Everything(BaseRoute):
    """Serves every path by one application."""

    def __init__(self, app):
        self._app = app

    def matches(self, scope):
        return Match.FULL, {}

    async def handle(self, scope, receive, send):
        await self._app(scope, receive, send)


class RunningDoor(RunningApp):
    """Serves a hub's door in front of an application that answers `elsewhere` to everything."""

    def __init__(self, store=None, *, needs_tokens=False, patience_s=30.0):
        self.store = MemoryStore() if store is None else store
        self._gate = NodeGate(DerivedTokens(SECRET)) if needs_tokens else NodeGate()
        self._patience_s = patience_s
        super().__init__(self._make_routes)

    def _make_routes(self):
        clock = asyncio.get_running_loop().time
        self.hub = Hub(self.store, HubConfig(), rng=random.Random(1), clock=clock, now_ms=lambda: NOW_MS)
        return [Everything(with_reports(self.hub, self._gate, PlainTextResponse("elsewhere"), patience_s=self._patience_s))]

    def __enter__(self):
        super().__enter__()
        asyncio.run_coroutine_threadsafe(self.hub.open(), self.loop).result(PATIENCE_S)
        return self

    def post(self, report, headers=None, *, node_id=None, raw=None):
        body = msgspec.json.encode(report) if raw is None else raw
        path = report_path(report.node_id if node_id is None else node_id)
        return self.ask("POST", path, raw=body, headers={"content-type": "application/json", **(headers or {})})

    def counts(self):
        return self.in_loop(lambda: dict(self.hub.counters.reports))

    def refusals(self):
        """Node and code of each event about a refused report, oldest first."""
        events = self.in_loop(lambda: self.hub.events.page(None, 1000).events)
        return [(event.node, event.reason) for event in reversed(events) if event.kind == "report_refused"]

    def connect(self):
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
