"""Nothing secret comes out: values planted wherever a secret can be are looked for in all that is answered or logged."""

import hashlib
import logging

import pytest

from backend_registry import ProbeResult, Registry
from backend_registry.discovery import Fleet
from backend_registry.node.table import ENDPOINTS
from backend_registry.testing import make_backend
from tests.node.running import ADMIN, VIEWER, RunningNode, bearer, guarded

CANARIES = {
    "user": "canary-user-name",
    "password": "canary-password",
    "query": "canary-query-value",
    "fragment": "canary-fragment",
    "metadata": "canary-metadata",
    "environment": "canary-environment",
    "key in text": "sk-canary-key-in-a-text",
    "posted": "canary-posted",
}
SECRETS = (*CANARIES.values(), ADMIN, VIEWER, hashlib.sha256(ADMIN.encode()).hexdigest())
URL = f"http://{CANARIES['user']}:{CANARIES['password']}@gpu-1:8000/proxy?sig={CANARIES['query']}"


@pytest.fixture
def node(monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("CANARY_ENV", CANARIES["environment"])
    registry = Registry()
    fleet = Fleet(registry)
    secretive = make_backend(
        "a",
        f"{URL}#{CANARIES['fragment']}",
        name=f"box {URL}",
        metadata={"api_key": CANARIES["metadata"], "auth-header": CANARIES["metadata"]},
        features=[CANARIES["query"]],
        instance_id=CANARIES["password"],
        credential_env=["CANARY_ENV"],
        models=["m"],
    )
    fleet.offer("file:fleet.toml", [secretive])
    backend = registry.get_backend("a")
    error = f"GET {URL} said 401 to Bearer {CANARIES['key in text']}; {CANARIES['query']}, {CANARIES['password']}"
    for _ in range(3):
        registry.record_probe(backend, ProbeResult(ok=False, error=error, note=error))
    with RunningNode(registry, fleet, guarded(), metrics=lambda _: (b"up 1\n", "text/plain")) as running:
        yield running


def assert_clean(text, where):
    found = [secret for secret in SECRETS if secret in text]
    assert not found, (where, found)


def test_no_read_shows_a_secret(node):
    assert_clean(node.ask("GET", "/backends/a/explain?model=m", headers=bearer(ADMIN)).body.decode(), "explain")
    queries = {"/backends": "?q=gpu", "/backends/stream": "?once=true", "/models": "?q=m"}
    for endpoint in ENDPOINTS:
        if endpoint.method == "GET":
            path = endpoint.path.format(backend_id="a")
            for query in {queries.get(path, ""), "?once=true"}:
                answer = node.ask("GET", path + query, headers=bearer(VIEWER))
                assert answer.status in (200, 503), path
                assert_clean(answer.body.decode() + str(answer.headers), path)


def test_no_stream_shows_a_secret(node):
    events = node.events("/backends/stream", **bearer(VIEWER))
    seen = [events.next()]
    node.registry.update_status("a", "unhealthy", f"{URL} is down")
    seen.append(events.next())
    assert [event.name for event in seen] == ["snapshot", "delta"]
    assert_clean(str([event.data for event in seen]), "stream")


@pytest.mark.parametrize(
    "body",
    [
        {"id": "b", "url": f"http://{CANARIES['posted']}@host"},
        {"id": "b", "url": f"http://host?key={CANARIES['posted']}"},
        {"id": "b", "url": f"{CANARIES['posted']}"},
        {"id": "b", "url": "http://host", "metadata": {"token": CANARIES["posted"]}},
        {"id": "b", "url": "http://host", "credential_env": [CANARIES["posted"]]},
        {"id": "b", "url": "http://host", "credential_env": CANARIES["posted"]},
        {"id": "b", "url": "http://host", "weight": CANARIES["posted"]},
        {"id": "b", "url": "http://host", "backend_type": CANARIES["posted"]},
        {"id": "b", "url": "http://host", "intent": CANARIES["posted"]},
        {"id": f"{CANARIES['posted']}\n", "url": "http://host"},
        {"id": "b", "url": "http://host", "models": [{"id": "m", "context_length": CANARIES["posted"]}]},
        CANARIES["posted"],
    ],
)
def test_no_refusal_repeats_what_was_posted(node, body):
    answer = node.ask("POST", "/backends", body, bearer(ADMIN))
    assert answer.status == 422
    assert_clean(answer.body.decode(), "refusal")


def test_no_refusal_or_log_repeats_a_token_or_a_path(node, caplog):
    for headers in ({"authorization": f"Bearer {CANARIES['posted']}"}, {"authorization": CANARIES["posted"]}, bearer(VIEWER)):
        for method in ("GET", "POST", "DELETE", "PATCH"):
            answer = node.ask(method, f"/backends/{CANARIES['posted']}?token={CANARIES['posted']}", headers=headers)
            assert_clean(answer.body.decode() + str(answer.headers), method)
    ours = [record for record in caplog.records if record.name.startswith("backend_registry")]
    assert_clean(repr([(record.getMessage(), vars(record)) for record in ours]), "log")


def test_no_search_tells_whether_a_secret_was_guessed(node):
    for secret in CANARIES.values():
        assert node.ask("GET", f"/backends?q={secret[:12]}", headers=bearer(VIEWER)).json == []
