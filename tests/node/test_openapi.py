"""The OpenAPI document is right, complete, and says nothing that is not so."""

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from backend_registry._web import Access, EndpointRoute
from backend_registry.node import node_routes, openapi_document
from backend_registry.node.table import ENDPOINTS
from tests.node.running import RunningNode


@pytest.fixture(scope="module")
def document():
    with RunningNode(metrics=lambda _: (b"", "text/plain")) as node:
        yield node.ask("GET", "/openapi.json").json


def test_it_is_a_valid_document(document):
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def test_what_is_served_is_that_of_the_function(document):
    assert document == openapi_document()


def test_every_route_is_in_it_and_everything_in_it_is_a_route(document):
    from backend_registry import Registry
    from backend_registry.discovery import Fleet

    registry = Registry()
    routes = node_routes(registry, Fleet(registry), metrics=lambda _: (b"", "text/plain"))
    assert all(isinstance(route, EndpointRoute) for route in routes)
    served = {(route.path, method.lower()) for route in routes for method in route.endpoints}
    assert served == {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert len(served) == len(ENDPOINTS)


def test_every_operation_says_who_may(document):
    for endpoint in ENDPOINTS:
        operation = document["paths"][endpoint.path][endpoint.method.lower()]
        wanted = {Access.OPEN: [], Access.ADMIN: [{"bearer": ["admin"]}]}.get(endpoint.access, [{"bearer": ["viewer"]}])
        assert operation["security"] == wanted
        assert ("401" in operation["responses"]) == (endpoint.access is not Access.OPEN)


def test_operations_have_names_of_their_own(document):
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(set(names)) == len(names)


def test_bounds_of_parameters_are_in_it(document):
    parameters = {parameter["name"]: parameter for parameter in document["paths"]["/backends"]["get"]["parameters"]}
    assert parameters.keys() >= {
        "kind",
        "operation",
        "transport",
        "model",
        "status",
        "health",
        "intent",
        "q",
        "limit",
        "cursor",
    }
    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000, "default": 200}
    assert all(parameter["description"] for parameter in parameters.values())
