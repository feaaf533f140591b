"""The routes that steer the cluster behind a real server, over a hub whose nodes the test plays, and whose store can fail."""

import asyncio
import random
from types import SimpleNamespace

from starlette.routing import Mount

from backend_registry.config import AuthConfig, HubConfig
from backend_registry.health import open_session
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.routes import hub_routes
from backend_registry.hub.node_api import NodeApi
from backend_registry.hub.service import Hub
from backend_registry.hub.sessions import SessionAuth
from backend_registry.hub.store import MemoryStore, StoreUnavailableError
from backend_registry.protocol import Entry, ModelEntry
from tests.hub.nodes.running import now
from tests.hub.service.cluster import Clock, Node
from tests.web.running import PATIENCE_S, RunningApp

ADMIN, VIEWER = "admin-token-0123456789", "viewer-token-0123456789"
ENVIRON = {"BACKEND_REGISTRY_ADMIN_TOKEN": ADMIN, "VIEWER_TOKEN": VIEWER}
BATCH = "/admin/api/backends:batch"


def backend(name, *models, kind="vllm", status="available", **fields):
    """A backend of a node; its id is its name unless `id` is given."""
    served = tuple(ModelEntry(id=model) for model in sorted(models))
    return Entry(**{"id": name, "name": name, "kind": kind, "models": served, "status": status, **fields})


def bearer(token):
    return {"authorization": f"Bearer {token}"}


class FailingStore(MemoryStore):
    """Takes wishes and verbs as long as `left` allows, and does nothing any more after that. `before` runs before each wish."""

    def __init__(self):
        super().__init__()
        self.left = float("inf")
        self.before = lambda node_id: None

    def _spend(self):
        if self.left <= 0:
            raise StoreUnavailableError("the connection to 10.9.9.9 is lost", retry_after_s=2.5)
        self.left -= 1

    async def wish(self, node_id, intents, *, reason, now_ms):
        self.before(node_id)
        self._spend()
        return await super().wish(node_id, intents, reason=reason, now_ms=now_ms)

    async def delete(self, node_id):
        self._spend()
        return await super().delete(node_id)

    async def allow(self, node_id):
        self._spend()
        return await super().allow(node_id)


class RunningHub(RunningApp):
    """Serves the routes; on an open loopback unless it is guarded. Its clock stands still until `pass_time`."""

    def __init__(self, *, guarded=False, below="", **auth):
        self.clock = Clock()
        self.store = FailingStore()
        self.nodes = {}
        self._below = below
        self._settings = AuthConfig(viewer_token_env="VIEWER_TOKEN", **auth)
        self._guarded = guarded
        super().__init__(self._routes)

    def _routes(self):
        self.hub = Hub(self.store, HubConfig(), rng=random.Random(1), clock=self.clock, now_ms=self.clock.ms)
        now(self.hub.open())
        session = open_session(connect_timeout_s=5)
        self.at_end.append(session.close)
        environ = ENVIRON if self._guarded else {}
        self.auth = SessionAuth(
            self._settings, loopback=not self._guarded, environ=environ, wall_ns=self._wall_ns, clock=self.clock
        )
        context = HubContext(
            hub=self.hub,
            auth=self.auth,
            node_api=NodeApi(session, HubConfig(), {}),
            sections=frozenset(),
            wall_ns=self._wall_ns,
        )
        routes = hub_routes(context)
        return [Mount(self._below, routes=routes)] if self._below else routes

    def _wall_ns(self):
        return self.clock.ms() * 1_000_000

    def wait_for(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE_S)

    # --- nodes ---------------------------------------------------------------------------------------------------------

    def join(self, node_id, *entries, **parts):
        """A node comes with these backends."""
        node = self.nodes[node_id] = Node(node_id, *entries)
        self.wait_for(self.hub.report(node.full(**parts)))
        return node

    def report(self, report):
        return self.wait_for(self.hub.report(report))

    def deal_with_wishes(self, *node_ids):
        """These nodes, or all, hear their wishes and do what is wished, as a node does."""
        for node_id in node_ids or self.nodes:
            node = self.nodes[node_id]
            wishes = {wish.id: wish for wish in self.report(node.beat()).wishes}
            done = [done_to(entry, wishes[entry.id]) for entry in node.entries if entry.id in wishes]
            if done:
                self.report(node.changed(*done))

    def settle(self):
        """Show the loads that were told."""
        self.in_loop(lambda: self.hub.view.settle(10_000))

    def pass_time(self, seconds):
        def passing():
            for _ in range(seconds):
                self.clock.now += 1.0
                self.hub.sweep()

        self.in_loop(passing)

    def intents(self):
        """(node, id) to what is wanted, or else reported."""

        def looked():
            records = self.hub.store.records
            said = {(node, entry.id): entry.intent for node in records for entry in records[node].entries.values()}
            wished = {(node, wish.id): wish.intent for node in records for wish in self.hub.store.wishes_of(node)}
            return said | wished

        return self.in_loop(looked)

    def events(self, *kinds):
        """What happened, oldest first."""
        page = self.in_loop(lambda: self.hub.events.page(None, 100_000))
        return [event for event in reversed(page.events) if event.kind in kinds]

    # --- operators -----------------------------------------------------------------------------------------------------

    def batch(self, body, **headers):
        return self.ask("POST", BATCH, body, headers)

    def dry_run(self, verb="drain", **chosen):
        answer = self.batch({"verb": verb, "reason": "a test", "dry_run": True, **chosen})
        assert answer.status == 200, answer.body
        return answer.json

    def run(self, verb="drain", reason="a test", **chosen):
        """A dry run, and then the run."""
        rev = self.dry_run(verb, **chosen)["rev"]
        answer = self.batch({"verb": verb, "reason": reason, "if_rev": rev, **chosen})
        assert answer.status == 200, answer.body
        return answer.json

    def desired(self, query=""):
        answer = self.ask("GET", f"/admin/api/desired{query}")
        assert answer.status == 200, answer.body
        return answer.json

    def sign_in(self, token, **headers):
        """The cookie of a new session, its CSRF token, and the answer."""
        answer = self.ask("POST", "/admin/api/login", {"token": token}, headers)
        cookie = answer.headers.get("set-cookie", "").partition(";")[0]
        return SimpleNamespace(answer=answer, cookie=cookie, csrf=(answer.json or {}).get("csrf"))


def done_to(entry, wish):
    """The backend after its node has dealt with a wish."""
    status = entry.status if wish.intent == "enabled" else "unavailable"
    fields = {name: getattr(entry, name) for name in entry.__struct_fields__}
    return Entry(**{**fields, "intent": wish.intent, "generation": wish.generation, "status": status})
