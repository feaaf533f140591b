"""What the hub says that it offers, who may read what, and the OpenAPI document of these routes."""

from importlib.metadata import version

import pytest
from openapi_spec_validator import validate

from backend_registry._web import Access, document_of
from backend_registry.hub.api.node_schemas import CapabilitiesAnswer
from backend_registry.hub.api.node_table import NODES
from backend_registry.hub.api.table import ENDPOINTS
from tests.hub.nodes.running import ADMIN, VIEWER, guarded
from tests.hub.service.cluster import Clock
from tests.node.running import bearer

PATHS = ["nodes", "nodes/n1", "nodes/n1/backends", "models", "events", "history", "capabilities"]
OPERATOR = ["drain", "disable", "enable", "delete_node", "allow_node"]


@pytest.fixture
def closed(start):
    """A hub beyond loopback, with both tokens."""
    return start(auth=guarded(Clock()))


def test_on_an_open_loopback_everybody_is_an_operator(hub):
    shown = hub.list("capabilities")
    CapabilitiesAnswer.model_validate(shown)
    assert (shown["role"], shown["roles"], shown["sign_in"], shown["verbs"]) == ("operator", ["operator"], False, OPERATOR)
    assert (shown["version"], shown["store"], shown["sections"]) == (version("backend-registry"), "memory", ["events", "nodes"])
    assert (shown["complete"], shown["protected"], shown["degraded"]) == (False, False, "")
    assert shown["hub_id"] == hub.hub.identity.id


@pytest.mark.parametrize(("token", "role", "verbs"), [(ADMIN, "operator", OPERATOR), (VIEWER, "viewer", [])])
def test_who_asks_learns_what_they_may_do(closed, token, role, verbs):
    shown = closed.get("capabilities", **bearer(token)).json
    assert (shown["role"], shown["roles"], shown["sign_in"], shown["verbs"]) == (role, ["viewer", "operator"], True, verbs)


@pytest.mark.parametrize("path", PATHS)
def test_nobody_reads_without_a_token(closed, path):
    assert closed.get(path).status == 401
    assert closed.get(path, **bearer("wrong")).status == 401
    assert closed.get(path, **bearer(VIEWER)).status in (200, 404)


def test_every_page_that_is_offered_has_its_list(hub):
    paths = {endpoint.path for endpoint in ENDPOINTS if endpoint.method == "GET"}
    assert {f"/admin/api/{page}" for page in hub.list("capabilities")["pages"]} <= paths


def test_capabilities_that_have_not_changed_are_not_sent_again(hub):
    first = hub.get("capabilities")
    hub.pass_time(5)
    assert hub.get("capabilities", **{"if-none-match": first.headers["etag"]}).status == 304
    hub.pass_time(60)
    assert hub.get("capabilities", **{"if-none-match": first.headers["etag"]}).json["complete"] is True


def test_the_document_of_these_routes_is_a_valid_one():
    document = document_of(NODES, title="hub", version="1", description="")
    validate(document)
    assert {path.removeprefix("/admin/api/").replace("{node_id}", "n1") for path in document["paths"]} == set(PATHS)
    assert {endpoint.access for endpoint in NODES} == {Access.READ}
