"""Probes cost nothing and give nothing away."""

import itertools
import logging
from typing import get_args

import pytest

from backend_registry import BackendView
from backend_registry.testing import FakeBackend
from backend_registry.testing.api import Kind

KINDS = get_args(Kind)
CANARY = "sk-canary-4711"

FREE = {
    ("GET", "/health"),
    ("GET", "/v1/models"),
    ("GET", "/v1beta/models"),
    ("GET", "/api/tags"),
    ("GET", "/api/ps"),
    ("POST", "/api/show"),
    ("GET", "/api/v0/models"),
    ("GET", "/props"),
    ("GET", "/slots"),
    ("GET", "/metrics"),
}
"""All that may ever be asked: nothing that makes a model work, and nothing that is paid for."""


@pytest.mark.parametrize("fault", [None, {"kind": "garbage"}, {"kind": "status", "status": 404}, {"kind": "models"}])
@pytest.mark.parametrize("kind", KINDS)
def test_no_paid_request_is_ever_used_as_a_probe(check, kind, fault):
    with FakeBackend(kind=kind, models=["m1", "claude-3-haiku-20240307", "gpt-4o"]) as fake:
        if fault is not None:
            fake.fail(**fault)
        check(fake.backend(), times=3)
        assert fake.requests
        assert {(request.method, request.path) for request in fake.requests} <= FREE


FAULTS = [
    None,
    {"kind": "refuse"},
    {"kind": "garbage"},
    {"kind": "reset", "after_chunks": 0},
    {"kind": "cut"},
    {"kind": "hang"},
    {"kind": "status", "status": 401},
    {"kind": "status", "status": 503},
]


@pytest.fixture
def in_logs(caplog):
    """All that has been logged, with what went along with it."""
    caplog.set_level(logging.DEBUG)
    return lambda: caplog.text + "".join(repr(vars(record)) for record in caplog.records)


@pytest.mark.parametrize(("kind", "fault"), list(itertools.product(KINDS, FAULTS)))
def test_the_key_is_in_no_url_no_log_no_error_and_no_view(check, in_logs, monkeypatch, kind, fault):
    monkeypatch.setenv("THE_KEY", CANARY)
    with FakeBackend(kind=kind, api_key=CANARY) as fake:
        if fault is not None:
            fake.fail(**fault)
        backend = fake.backend(credential_env="THE_KEY")
        result = check(backend, timeout_s=0.1 if fault == {"kind": "hang"} else 5)
        for request in fake.requests:
            assert CANARY not in f"{request.path}?{request.query}"
            assert CANARY in "".join(request.headers.values())
    view = BackendView.from_backend(backend).model_dump_json()
    assert CANARY not in f"{result!r}{backend!r}{backend.record!r}{view}{in_logs()}"
