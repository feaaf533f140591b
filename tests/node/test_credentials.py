"""Every route there is, with every kind of credential, on an open loopback and beyond it: made from the tables of routes.

A route that is added without a rule about who may use it fails here.
"""

import hashlib
import re

import aiohttp
import pytest
from starlette.routing import Route

from backend_registry import Registry
from backend_registry._web import Access, ClientKeys, EndpointRoute
from backend_registry.config import GatewayConfig
from backend_registry.discovery import Fleet
from backend_registry.gateway import gateway_routes
from backend_registry.node import node_routes
from backend_registry.testing import make_backend
from tests.node.running import ADMIN, VIEWER, guarded
from tests.web.running import RunningApp

KEY = "key-of-a-client-0123456789"
CREDENTIALS = {
    "none": {},
    "wrong": {"authorization": "Bearer wrong-token-0123456789"},
    "wrong length": {"authorization": f"Bearer {ADMIN}x"},
    "malformed": {"authorization": f"Basic {ADMIN}"},
    "bare": {"authorization": ADMIN},
    "empty": {"authorization": "Bearer "},
    "twice": {"authorization": [f"Bearer {VIEWER}", f"Bearer {ADMIN}"]},
    "elsewhere": {"x-api-key": ADMIN, "cookie": f"token={ADMIN}"},
    "viewer": {"authorization": f"Bearer {VIEWER}"},
    "admin": {"authorization": f"Bearer {ADMIN}"},
    "client": {"authorization": f"Bearer {KEY}"},
}
ADMITTED = {
    Access.OPEN: CREDENTIALS.keys(),
    Access.READ: {"viewer", "admin"},
    Access.METRICS: {"viewer", "admin"},
    Access.ADMIN: {"admin"},
    "client": {"client"},
}


class RunningProcess(RunningApp):
    """All routes of a process, over one backend that answers nobody."""

    def __init__(self, auth, keys):
        self._auth, self._keys = auth, keys
        super().__init__(self._routes)

    def _routes(self):
        registry = Registry()
        fleet = Fleet(registry)
        fleet.add(make_backend("a", "http://127.0.0.1:1", models=["m"]))
        session = aiohttp.ClientSession()
        self.at_end.append(session.close)
        gateway = gateway_routes(registry, session, GatewayConfig(), body_limit=1000, keys=self._keys)
        self.routes = [*gateway, *node_routes(registry, fleet, self._auth, metrics=lambda _: (b"up 1\n", "text/plain"))]
        return self.routes

    def rules(self):
        """Method, path to ask for, and rule of every route that is served."""
        for route in self.routes:
            path = re.sub(r"{\w+(:path)?}", "a", route.path)
            path += "?once=true" if path.endswith("/stream") else ""
            for method in route.endpoints if isinstance(route, EndpointRoute) else route.methods - {"HEAD"}:
                yield method, path, rule_of(route, method)


def rule_of(route, method):
    """Whom a route is for."""
    if isinstance(route, EndpointRoute):
        return route.endpoints[method].access
    assert isinstance(route, Route), f"{route} has no rule"
    assert route.path.startswith("/v1/"), f"{route.path} has no rule"
    return "client"


@pytest.fixture(scope="module")
def beyond():
    with RunningProcess(guarded(), ClientKeys([hashlib.sha256(KEY.encode()).hexdigest()])) as running:
        yield running


@pytest.fixture(scope="module")
def loopback():
    with RunningProcess(None, None) as running:
        yield running


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_beyond_loopback_everybody_may_do_what_the_table_says_and_nothing_else(beyond, kind):
    asked = 0
    for method, path, rule in beyond.rules():
        answer = beyond.ask(method, path, headers=CREDENTIALS[kind])
        if kind in ADMITTED[rule]:
            assert answer.status not in (401, 403), (method, path)
        elif kind == "viewer" and rule is Access.ADMIN:
            assert (answer.status, answer.json["code"]) == (403, "forbidden"), (method, path)
        else:
            assert answer.status == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer"), (method, path)
        assert not [token for token in (ADMIN, VIEWER, KEY) if token.encode() in answer.body]
        asked += 1
    assert asked > 15


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_on_an_open_loopback_everybody_on_this_machine_may_do_everything(loopback, kind):
    for method, path, _ in loopback.rules():
        answer = loopback.ask(method, path, headers=CREDENTIALS[kind])
        assert answer.status not in (401, 403), (method, path)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_no_method_goes_around_the_rule(beyond, method):
    paths = {path for _, path, rule in beyond.rules() if rule not in (Access.OPEN, "client")}
    for path in paths:
        assert beyond.ask(method, path).status in (401, 405), (method, path)


def test_a_foreign_page_gets_nothing_from_an_open_loopback(loopback):
    for method, path, rule in loopback.rules():
        if rule in (Access.OPEN, "client"):
            continue
        assert loopback.ask(method, path, headers={"host": "evil.example"}).status == 403, (method, path)
        if rule is Access.ADMIN:
            foreign = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
            assert loopback.ask(method, path, headers=foreign).status == 403, (method, path)
