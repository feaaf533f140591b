"""`GET /backends` and `GET /healthz` over HTTP."""

import json

import pytest

from backend_registry import Registry
from backend_registry.testing import make_backend
from tests.gateway.running import RunningGateway

SEED_FIELDS = {
    "name",
    "kind",
    "operations",
    "features",
    "transports",
    "weight",
    "priority",
    "base_url",
    "status",
    "status_reason",
    "instance_id",
}


@pytest.fixture(scope="module")
def node():
    registry = Registry()
    registry.apply([make_backend(f"b{number:04}", "http://me:pw@host:1/v1/") for number in range(1200)])
    with RunningGateway(registry) as running:
        yield running


def test_entries_have_the_fields_of_the_contract(node):
    (entry,) = json.loads(node.ask("GET", "/backends?limit=1").body)
    assert entry.keys() >= SEED_FIELDS
    assert (entry["id"], entry["base_url"], entry["status"]) == ("b0000", "http://host:1", "available")


@pytest.mark.parametrize(
    ("query", "first", "count"),
    [
        ("", "b0000", 200),
        ("?limit=1000", "b0000", 1000),
        ("?limit=3&offset=5", "b0005", 3),
        ("?offset=1199", "b1199", 1),
        ("?offset=1200", None, 0),
        ("?unknown=1", "b0000", 200),
    ],
)
def test_pages_are_slices_of_all_and_tell_the_total(node, query, first, count):
    answer = node.ask("GET", f"/backends{query}")
    entries = json.loads(answer.body)
    assert (answer.status, answer.headers["content-type"], answer.headers["x-total-count"]) == (200, "application/json", "1200")
    assert len(entries) == count
    assert [entry["id"] for entry in entries[:1]] == ([first] if first else [])


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=1001", "limit=x", "limit=", "limit=-1", "limit=%C2%B2", "offset=-1", "offset=99999999999999999999"),
        # Numbers whose first twelve digits look harmless, and one that is too long to be read as an int at all.
        *("limit=0000000000010000000", "offset=0000000000010000000", "limit=" + "0" * 5000 + "1"),
    ],
)
def test_bad_page_is_a_problem_that_names_the_parameter(node, query):
    answer = node.ask("GET", f"/backends?{query}")
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    problem = json.loads(answer.body)
    assert (problem["status"], problem["title"]) == (400, "Bad Request")
    assert query.split("=")[0] in problem["detail"]


def test_healthz_answers(node):
    answer = node.ask("GET", "/healthz")
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"})
