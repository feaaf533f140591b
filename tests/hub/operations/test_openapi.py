"""The OpenAPI document says what these routes take and give."""

import re
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

from backend_registry._web import document_of
from backend_registry.hub.api.operation_table import OPERATIONS

DOCUMENT = document_of(OPERATIONS, title="t", version="1", description="d")


def test_the_document_is_valid_and_has_every_route():
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []
    described = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert described == {(endpoint.method, endpoint.path) for endpoint in OPERATIONS}


def test_every_operation_has_a_name_of_its_own():
    names = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(set(names)) == len(names)


def test_what_a_batch_takes_is_what_its_undo_gives():
    schemas = DOCUMENT["components"]["schemas"]
    taken, given = schemas["BatchBody"]["properties"], schemas["UndoBody"]["properties"]
    assert given.keys() <= taken.keys()
    assert schemas["UndoChoice"]["properties"].keys() <= schemas["TargetChoice"]["properties"].keys()
    assert "restore" in taken["verb"]["enum"]


def test_every_field_of_an_answer_of_a_batch_is_described_where_its_name_does_not_say_it():
    fields = DOCUMENT["components"]["schemas"]["BatchAnswer"]["properties"]
    plain = {"dry_run", "verb", "targets", "results"}
    assert {name for name, field in fields.items() if "description" not in field} == plain


def test_the_guide_names_every_field_of_an_answer_and_every_result():
    guide = Path(__file__).parents[3].joinpath("docs/guides/steering-the-fleet.md").read_text()
    named = set(re.findall(r"`(\w+)`", guide))
    schemas = DOCUMENT["components"]["schemas"]
    obvious = {"dry_run", "verb", "backends", "nodes", "targets"}
    assert schemas["BatchAnswer"]["properties"].keys() - obvious <= named
    assert set(schemas["TargetEntry"]["properties"]["result"]["enum"]) - {"would_change"} <= named
