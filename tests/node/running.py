"""A node API behind a real server, over a registry and a fleet."""

import json

from backend_registry import Registry
from backend_registry._web import Auth
from backend_registry.config import AuthConfig
from backend_registry.discovery import Fleet
from backend_registry.node import node_routes
from tests.web.running import RunningApp

ADMIN, VIEWER = "admin-token-0123456789", "viewer-token-0123456789"
ENVIRON = {"BACKEND_REGISTRY_ADMIN_TOKEN": ADMIN, "VIEWER_TOKEN": VIEWER}


def guarded(**settings):
    """Auth as it is beyond loopback, with both tokens."""
    return Auth(AuthConfig(viewer_token_env="VIEWER_TOKEN", **settings), loopback=False, environ=ENVIRON)


def bearer(token):
    return {"authorization": f"Bearer {token}"}


class RunningNode(RunningApp):
    """Serves the node API. Without anything else: an empty registry, a fleet without a state file, an open loopback."""

    def __init__(self, registry=None, fleet=None, auth=None, **settings):
        self.registry = Registry() if registry is None else registry
        self.fleet = Fleet(self.registry) if fleet is None else fleet
        super().__init__(lambda: node_routes(self.registry, self.fleet, auth, **settings))

    def entries(self, query=""):
        answer = self.ask("GET", f"/backends{query}")
        assert answer.status == 200, answer.body
        return answer.json

    def ids(self, query=""):
        return [entry["id"] for entry in self.entries(query)]

    def field(self, backend_id, name):
        (entry,) = [entry for entry in self.entries() if entry["id"] == backend_id]
        return entry[name]


def problem_of(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    document = json.loads(answer.body)
    assert document["status"] == answer.status
    return document
