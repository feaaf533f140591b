"""Whatever the document allows or forbids: no 5xx, and every answer is one that the document describes."""

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend_registry import Registry
from backend_registry.discovery import Fleet
from backend_registry.node import openapi_document
from backend_registry.node.table import ENDPOINTS
from backend_registry.testing import make_backend
from tests.node.running import RunningNode

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    allow_header_conformance,
)
EXAMPLES = {"default": 12, "nightly": 300}


@pytest.fixture(scope="module")
def schema():
    registry = Registry()
    fleet = Fleet(registry)
    fleet.offer("file:fleet.toml", [make_backend("0", "http://zero"), make_backend("a", "http://a", backend_type="vllm")])
    with RunningNode(registry, fleet, metrics=lambda _: (b"up 1\n", "text/plain; version=0.0.4")) as node:
        document = openapi_document()
        for methods in document["paths"].values():
            for operation in methods.values():
                # Who may what is the matter of test_credentials; this one is on an open loopback.
                operation["security"] = []
        loaded = schemathesis.openapi.from_dict(document)
        loaded.config.update(base_url=f"http://127.0.0.1:{node.port}")
        yield loaded


@pytest.fixture
def conforms(schema, budget):
    """Ask an endpoint what `mode` generates, and look at the answers."""

    def run(endpoint, mode, checks):
        @hypothesis.given(case=schema[endpoint.path][endpoint.method].as_strategy(generation_mode=mode))
        @hypothesis.settings(
            max_examples=EXAMPLES[budget],
            suppress_health_check=list(hypothesis.HealthCheck),
            phases=[hypothesis.Phase.generate],
        )
        def ask(case):
            if endpoint.path == "/backends/stream" and str(case.query.get("once", "false")).lower() == "false":
                # A stream without an end has no answer to look at.
                case.query = {**case.query, "once": "true"}
            if endpoint.path.endswith("/drain") and mode is GenerationMode.POSITIVE:
                case.query = {}
            case.call_and_validate(checks=list(checks))

        ask()

    return run


def names_of(endpoint):
    return f"{endpoint.method} {endpoint.path}"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=names_of)
def test_what_the_document_allows_is_answered_as_it_says(conforms, endpoint):
    conforms(endpoint, GenerationMode.POSITIVE, CHECKS)


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in ENDPOINTS if endpoint.query or endpoint.body], ids=names_of)
def test_what_the_document_forbids_is_refused_as_it_says(conforms, endpoint):
    conforms(endpoint, GenerationMode.NEGATIVE, (*CHECKS, negative_data_rejection))
