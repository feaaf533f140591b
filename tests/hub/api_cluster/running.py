"""The routes about the cluster's backends behind a real server, over a hub that hears what the test has its nodes report."""

import asyncio
import contextlib
import json
import random
from types import SimpleNamespace

from backend_registry._web import endpoint_routes
from backend_registry.config import AuthConfig, HubConfig
from backend_registry.hub.api.cluster_table import CLUSTER
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.service import Hub
from backend_registry.hub.sessions import SessionAuth
from backend_registry.hub.store.memory import MemoryStore
from tests.hub.service.cluster import Clock
from tests.web.running import PATIENCE_S, Events, RunningApp

LIST = "/admin/api/backends"


def key_of(entry):
    return entry["kind"], entry["name"]


class RunningCluster(RunningApp):
    """Serves the routes. The hub's clock stands still; the feed runs as it does in a hub."""

    def __init__(self, *, auth=None, **settings):
        self.clock = Clock()
        self._settings = HubConfig.model_validate(settings)
        self._auth = auth
        super().__init__(self._routes)

    def _routes(self):
        self.hub = Hub(MemoryStore(), self._settings, rng=random.Random(1), clock=self.clock, now_ms=self.clock.ms)
        auth = self._auth or SessionAuth(AuthConfig(), loopback=True, environ={}, wall_ns=self._wall_ns, clock=self.clock)
        context = HubContext(hub=self.hub, auth=auth, node_api=None, sections=frozenset(), wall_ns=self._wall_ns)
        self._feeding = asyncio.create_task(self._feed())
        self.at_end.append(self._end)
        return endpoint_routes(CLUSTER, context, auth, body_limit=1000)

    async def _feed(self):
        await self.hub.open()
        await self.hub.feed.run()

    async def _end(self):
        self._feeding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._feeding

    def __exit__(self, *exception):
        self.in_loop(self.hub.feed.close)
        super().__exit__(*exception)

    def _wall_ns(self):
        return self.clock.ms() * 1_000_000

    def report(self, *reports):
        for report in reports:
            asyncio.run_coroutine_threadsafe(self.hub.report(report), self.loop).result(PATIENCE_S)

    def settle(self):
        """Have the load shown that was reported."""
        self.in_loop(lambda: self.hub.view.settle(1_000))

    def pass_time(self, seconds):
        def passing():
            for _ in range(seconds):
                self.clock.now += 1.0
                self.hub.sweep()

        self.in_loop(passing)

    def listed(self, query="", **headers):
        answer = self.ask("GET", f"{LIST}{query}", headers=headers)
        assert answer.status == 200, answer.body
        return answer.json

    def keys(self, query=""):
        return [key_of(entry) for entry in self.listed(query)]

    def state(self, query=""):
        limit = "limit=1000"
        return {key_of(entry): entry for entry in self.listed(f"{query}&{limit}" if query else f"?{limit}")}

    def events(self, query="", **headers):
        stream = ClusterEvents(self.port, f"{LIST}/stream{query}", headers)
        self._opened.append(stream)
        return stream


class ClusterEvents(Events):
    """Reads the stream; applies it to `state`, entries by kind and name, and to `facts`."""

    facts = None

    def _applied(self, fields):
        data = json.loads(fields["data"])
        self.last_id = fields.get("id", self.last_id)
        if fields["event"] in ("snapshot", "facts"):
            self.facts = {name: data[name] for name in ("complete", "protected", "degraded")}
        if fields["event"] == "snapshot":
            self.state = {key_of(entry): entry for entry in data["backends"]}
        elif fields["event"] == "delta":
            for gone in data["deletes"]:
                del self.state[key_of(gone)]
            self.state |= {key_of(entry): entry for entry in data["upserts"]}
        return SimpleNamespace(name=fields["event"], id=fields.get("id"), data=data)
