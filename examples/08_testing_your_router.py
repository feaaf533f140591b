"""Test your router: real servers that fail on order, time by hand, the same choice in every run."""

import json
from contextlib import closing
from http.client import HTTPConnection

from backend_registry import Outcome, Registry
from backend_registry.testing import DEFAULT_MODEL, FakeBackend, ManualClock, make_registry


def ask(registry: Registry, question: str) -> str:
    """The router under test: blocking, with failover."""
    lease = registry.acquire(DEFAULT_MODEL)
    body = json.dumps({"model": DEFAULT_MODEL, "messages": [{"role": "user", "content": question}]})
    while True:
        with lease, closing(HTTPConnection(lease.url.removeprefix("http://"), timeout=5)) as connection:
            connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
            answer = connection.getresponse()
            if answer.status == 200:
                return json.load(answer)["choices"][0]["message"]["content"]
            wait_s = float(answer.headers.get("retry-after", 0))
            lease.finish(Outcome.from_status(answer.status), retry_after=wait_s)
        lease = lease.next()


def test_another_server_answers_when_one_fails() -> None:
    """One always fails; the client notices nothing, and nothing stays in flight."""
    with FakeBackend("bad") as bad, FakeBackend("good") as good:
        bad.fail("status", status=500)
        registry = make_registry([bad.backend(), good.backend()])
        assert {ask(registry, "hello") for _ in range(10)} == {"hello"}
        assert len(good.requests) == 10
        assert registry.get_backend("bad").tally.failed_requests == len(bad.requests)
        assert all(backend.pending_requests == 0 for backend in registry)


def test_an_overloaded_server_is_left_alone_for_as_long_as_it_asks() -> None:
    """Thirty seconds pass in no time."""
    clock = ManualClock()
    with FakeBackend("busy") as busy, FakeBackend("idle") as idle:
        registry = make_registry([busy.backend(), idle.backend()], clock=clock)
        busy.fail("status", status=429, retry_after=30)
        while not busy.requests:
            ask(registry, "hello")
        assert [backend.id for backend in registry.candidates(DEFAULT_MODEL)] == ["idle"]
        clock.advance(30)
        assert len(registry.candidates(DEFAULT_MODEL)) == 2


if __name__ == "__main__":
    test_another_server_answers_when_one_fails()
    test_an_overloaded_server_is_left_alone_for_as_long_as_it_asks()
    print("both hold")
