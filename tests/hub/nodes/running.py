"""The hub's routes about nodes behind a real server, over a hub that knows what the test has its nodes report."""

import asyncio
import random
from datetime import UTC, datetime

from backend_registry._web import endpoint_routes
from backend_registry.config import AuthConfig, HubConfig
from backend_registry.health import open_session
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.node_table import NODES
from backend_registry.hub.node_api import NodeApi
from backend_registry.hub.service import Hub
from backend_registry.hub.sessions import SessionAuth
from backend_registry.hub.store.memory import MemoryStore
from backend_registry.protocol import Report, digest_of, in_hex
from tests.hub.service.cluster import NOW_MS, Clock
from tests.web.running import PATIENCE_S, RunningApp

ADMIN, VIEWER = "admin-token-0123456789", "viewer-token-0123456789"


def full(node_id, *entries, revision=1, epoch=NOW_MS, instance="first", **parts):
    """A node's full report."""
    parts = {"digest": in_hex(digest_of(entries)), "upserts": entries, "revision": revision, **parts}
    return Report(kind="full", node_id=node_id, epoch=epoch, instance=instance, **parts)


def now(coroutine):
    """The result of a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


class RunningHub(RunningApp):
    """Serves the routes. Its clock stands still until `pass_time`."""

    def __init__(self, *, auth=None, environ=None, sections=("nodes", "events"), **settings):
        self.clock = Clock()
        self._settings = HubConfig.model_validate(settings)
        self._auth = auth
        self._environ = environ or {}
        self._sections = frozenset(sections)
        super().__init__(self._routes)

    def _routes(self):
        self.hub = Hub(MemoryStore(), self._settings, rng=random.Random(1), clock=self.clock, now_ms=self.clock.ms)
        now(self.hub.open())
        session = open_session(connect_timeout_s=5)
        self.at_end.append(session.close)
        auth = self._auth or SessionAuth(AuthConfig(), loopback=True, environ={}, wall_ns=self._wall_ns, clock=self.clock)
        context = HubContext(
            hub=self.hub,
            auth=auth,
            node_api=NodeApi(session, self._settings, self._environ),
            sections=self._sections,
            wall_ns=self._wall_ns,
        )
        return endpoint_routes(NODES, context, auth, body_limit=1000)

    def _wall_ns(self):
        return self.clock.ms() * 1_000_000

    def wait_for(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE_S)

    def report(self, *reports):
        for report in reports:
            self.wait_for(self.hub.report(report))

    def pass_time(self, seconds, *, sweeps=True):
        def passing():
            for _ in range(seconds):
                self.clock.now += 1.0
                if sweeps:
                    self.hub.sweep()

        self.in_loop(passing)

    def settle(self):
        """Show the loads that were told."""
        self.in_loop(lambda: self.hub.view.settle(10_000))

    def get(self, path, **headers):
        return self.ask("GET", f"/admin/api/{path}", headers=headers or None)

    def list(self, path):
        """The entries of a list."""
        answer = self.get(path)
        assert answer.status == 200, answer.body
        return answer.json

    def walk(self, path, size):
        """The entries of a list, page by page as their links lead."""
        entries, path = [], f"/admin/api/{path}{'&' if '?' in path else '?'}limit={size}"
        while path:
            answer = self.ask("GET", path)
            assert answer.status == 200, answer.body
            assert len(answer.json) <= size
            entries += answer.json
            path = answer.headers["link"].split(">")[0].strip("<") if "link" in answer.headers else None
        assert answer.headers["x-total-count"] == str(len(entries))
        return entries


def at(clock):
    """The wall clock's time as answers show it."""
    return datetime.fromtimestamp(clock.ms() / 1000, UTC).isoformat().replace("+00:00", "Z")


def guarded(clock):
    """Auth as it is beyond loopback, with both tokens."""
    environ = {"BACKEND_REGISTRY_ADMIN_TOKEN": ADMIN, "VIEWER_TOKEN": VIEWER}
    settings = AuthConfig(viewer_token_env="VIEWER_TOKEN")
    return SessionAuth(settings, loopback=False, environ=environ, wall_ns=lambda: clock.ms() * 1_000_000, clock=clock)
