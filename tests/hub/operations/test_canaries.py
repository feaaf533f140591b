"""Nothing secret comes out: values planted wherever a secret can be are looked for in all that is answered, kept or logged."""

import json
import logging

import pytest

from backend_registry.hub.api.operation_table import OPERATIONS
from tests.hub.operations.running import ADMIN, BATCH, VIEWER, backend, bearer

CANARY = "canary-f00dfeed"
SECRETIVE = (
    "Bearer canary-f00dfeed",
    "see https://me:canary-f00dfeed@gpu-1/x",
    "api_key=canary-f00dfeed",
    "sk-canary-f00dfeed",
)


@pytest.fixture
def hub(start, caplog):
    caplog.set_level(logging.DEBUG)
    running = start(guarded=True)
    running.join("n1", backend("a", "m"), backend("b", "m"))
    return running


@pytest.fixture
def assert_clean(hub, caplog):
    """Look at an answer, at all logs and at all events."""

    def look(answer, where):
        events = hub.in_loop(lambda: [str(event) for event in hub.hub.events.page(None, 10_000).events])
        ours = [record for record in caplog.records if record.name.startswith("backend_registry")]
        logs = repr([(record.getMessage(), vars(record)) for record in ours])
        for secret in (CANARY, ADMIN, VIEWER):
            assert secret not in answer.body.decode() + str(answer.headers), where
            assert secret not in logs, where
            assert secret not in str(events), where

    return look


def bodies():
    """The body of each route that has one, with a canary in the place of each value in turn. Names of fields are repeated."""
    whole = {
        BATCH: {
            "ids": [{"kind": "vllm", "name": "a", "node_id": None, "id": None, "intent": None}],
            "filter": {name: ["x"] for name in ("kind", "operation", "transport", "model", "status", "node")} | {"q": "x"},
            "verb": "drain",
            "reason": "x",
            "dry_run": True,
            "if_rev": "x",
        },
        "/admin/api/login": {"token": "x"},
    }
    for path, body in whole.items():
        yield path, CANARY
        yield path, [CANARY]
        for planted in planted_in(body):
            yield path, planted
            if path == BATCH and isinstance(planted.get("ids"), list):
                yield path, {name: value for name, value in planted.items() if name != "filter"}
                yield path, {name: value for name, value in planted.items() if name != "ids"}


def planted_in(value):
    """The value with the canary in the place of each part of it, one after the other."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield {**value, name: CANARY}
            yield {**value, name: [CANARY]}
            yield {**value, "unknown": CANARY}
            for planted in planted_in(part):
                yield {**value, name: planted}
    elif isinstance(value, list):
        yield [*value, CANARY]
        for part in value:
            for planted in planted_in(part):
                yield [planted]


def reason_is_the_canary(body):
    return isinstance(body, dict) and body.get("reason") == CANARY


def test_no_answer_log_or_event_repeats_what_was_posted(hub, assert_clean):
    asked = 0
    for path, body in bodies():
        if not reason_is_the_canary(body):
            hub.clock.now += 10
            answer = hub.ask("POST", path, body, bearer(ADMIN))
            assert_clean(answer, json.dumps(body))
            asked += 1
    assert asked > 150


def test_no_path_query_or_header_is_repeated(hub, assert_clean):
    for endpoint in OPERATIONS:
        path = endpoint.path.replace("{node_id}", CANARY)
        for query in (f"?reason={CANARY}&state={CANARY}&node={CANARY}", f"?cursor={CANARY}&limit={CANARY}", f"?{CANARY}"):
            for headers in (
                {"x-csrf-token": CANARY, "cookie": f"br_session={CANARY}"},
                {"authorization": CANARY},
                bearer(ADMIN),
            ):
                body = {"token": CANARY} if endpoint.body else None
                assert_clean(hub.ask(endpoint.method, path + query, body, headers), path)


@pytest.mark.parametrize("reason", SECRETIVE)
def test_a_reason_with_a_credential_in_it_is_refused_and_never_kept(hub, assert_clean, reason):
    answer = hub.batch({"verb": "drain", "reason": reason, "dry_run": True, "filter": {}}, **bearer(ADMIN))
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "reason")
    assert_clean(answer, "batch")
    query = reason.replace(" ", "%20").replace(":", "%3A").replace("/", "%2F").replace("=", "%3D").replace("@", "%40")
    for method, path in (("DELETE", "/admin/api/nodes/n1"), ("POST", "/admin/api/nodes/n1/allow")):
        answer = hub.ask(method, f"{path}?reason={query}", headers=bearer(ADMIN))
        assert (answer.status, answer.json["errors"][0]["field"]) == (400, "reason")
        assert_clean(answer, path)


def test_no_answer_shows_where_a_backend_is_or_what_is_behind_a_failure(hub, assert_clean):
    hub.join("n2", backend("c", "m", base_url=f"http://{CANARY}:8000", status_reason=f"at {CANARY}", metadata={"rack": CANARY}))
    body = {"verb": "drain", "reason": "x", "filter": {}}
    seen = hub.batch({**body, "dry_run": True}, **bearer(ADMIN))
    assert_clean(seen, "dry run")
    hub.store.left = 1
    answer = hub.batch({**body, "if_rev": seen.json["rev"]}, **bearer(ADMIN))
    assert answer.status == 503
    assert_clean(answer, "partly done")
    assert "10.9.9.9" not in answer.body.decode()
    assert_clean(hub.ask("GET", "/admin/api/desired", headers=bearer(VIEWER)), "desired")
