"""Whether the process runs, whether it is ready, and its metrics."""

import pytest

from backend_registry import ProbeResult, Registry
from backend_registry.node import Readiness
from backend_registry.testing import ManualClock, make_backend
from tests.node.running import bearer, guarded, problem_of

OPEN_TO_ALL = {"host": "anything.example"}


def test_healthz_answers(node):
    answer = node.ask("GET", "/healthz", headers=OPEN_TO_ALL)
    assert (answer.status, answer.json) == (200, {"status": "ok"})


@pytest.fixture
def waiting(start):
    clock = ManualClock()
    registry = Registry(clock=clock)
    readiness = Readiness(registry, patience_s=10)
    node = start(registry, readiness=readiness)
    node.readiness, node.clock = readiness, clock
    return node


def reason(node):
    answer = node.ask("GET", "/readyz", headers=OPEN_TO_ALL)
    if answer.status == 200:
        assert answer.json == {"status": "ready"}
        return ""
    assert (answer.status, problem_of(answer)["code"]) == (503, "not_ready")
    return problem_of(answer)["detail"]


def test_a_process_is_ready_when_it_is_configured_and_every_backend_was_checked(waiting):
    assert "configuration" in reason(waiting)
    waiting.registry.apply([make_backend("a", "http://a"), make_backend("b", "http://b")])
    waiting.readiness.configured()
    assert reason(waiting) == "2 of 2 backends have not been checked yet"
    for name in "ab":
        waiting.registry.record_probe(waiting.registry.get_backend(name), ProbeResult(ok=name == "a"))
    assert reason(waiting) == ""


def test_one_that_hangs_is_not_waited_for_for_ever(waiting):
    waiting.registry.add_backend(make_backend("a"))
    waiting.readiness.configured()
    assert reason(waiting)
    waiting.clock.advance(10)
    assert reason(waiting) == ""


def test_a_process_that_was_told_to_stop_is_not_ready(waiting):
    waiting.readiness.configured()
    assert reason(waiting) == ""
    waiting.readiness.stop()
    assert reason(waiting) == "stopping"
    assert waiting.ask("GET", "/healthz").status == 200


def test_without_checks_nothing_is_waited_for():
    registry = Registry()
    registry.add_backend(make_backend("a"))
    readiness = Readiness(registry, is_checked=lambda _: False)
    readiness.configured()
    assert readiness.why_not() == ""


def test_metrics_are_those_that_were_given(start):
    node = start(metrics=lambda _: (b"up 1\n", "text/plain; version=0.0.4"))
    answer = node.ask("GET", "/metrics")
    assert (answer.status, answer.body) == (200, b"up 1\n")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4"


def test_metrics_and_reads_are_made_public_one_by_one(start):
    node = start(auth=guarded(public_metrics=True), metrics=lambda _: (b"up 1\n", "text/plain; version=0.0.4"))
    assert node.ask("GET", "/metrics").status == 200
    assert node.ask("GET", "/backends").status == 401
    assert node.ask("GET", "/backends", headers=bearer("viewer-token-0123456789")).status == 200
