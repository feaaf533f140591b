"""A client that does not take in its answer is not the backend's fault, and cannot hold its request for ever."""

import asyncio
import json

import pytest

from backend_registry import Registry
from backend_registry.config import GatewayConfig
from backend_registry.gateway import gateway_routes
from backend_registry.health import open_session
from backend_registry.testing import FakeBackend
from tests.gateway.running import question

STREAM = {"stream": True}


class Stuck:
    """An ASGI client that takes in `taken` messages, and at the next one does what `at_last` says."""

    def __init__(self, body, taken, at_last):
        self.rest = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]
        self.taken = taken
        self.at_last = at_last
        self.messages = []

    async def receive(self):
        return self.rest.pop() if self.rest else await asyncio.Event().wait()

    async def send(self, message):
        if len(self.messages) == self.taken:
            await self.at_last()
        self.messages.append(message)


async def never_reads():
    await asyncio.Event().wait()


async def has_hung_up():
    raise OSError


@pytest.fixture
def talk():
    """One request of a stuck client; the backend, and what the client took in."""

    def run(fields, taken, at_last, huge=0, **fake_settings):
        registry = Registry()
        client = Stuck(question(**fields), taken, at_last)

        async def serve():
            settings = GatewayConfig(total_timeout_s=0.5, buffer_limit=1000)
            async with open_session(connect_timeout_s=5) as session:
                scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": [], "query_string": b""}
                chat = gateway_routes(registry, session, settings, body_limit=10_000)[0].app
                await chat(scope, client.receive, client.send)

        with FakeBackend("a", models=["m"], **fake_settings) as fake:
            registry.add_backend(fake.backend())
            if huge:
                fake.fail("huge", size=huge)
            asyncio.run(serve())
            fake.wait_until(lambda: fake.in_flight == 0)
        return registry.get_backend("a"), client.messages

    return run


@pytest.mark.parametrize("at_last", [never_reads, has_hung_up])
@pytest.mark.parametrize("taken", [0, 1, 2])
@pytest.mark.parametrize(("fields", "huge"), [(STREAM, 0), ({}, 5_000_000)], ids=["stream", "plain"])
def test_client_that_stops_reading_is_cancelled_at_the_deadline_and_nobodys_fault(talk, fields, huge, taken, at_last):
    # The backend has more to say for as long as the client listens.
    backend, messages = talk(fields, taken, at_last, huge, chunks=5000)
    assert len(messages) == taken
    tally = backend.tally
    assert (backend.pending_requests, backend.total_requests) == (0, 1)
    assert (tally.failed_requests, tally.latency_samples) == (0, 0)


def test_client_that_stops_reading_a_complete_answer_takes_nothing_from_the_backend(talk):
    backend, messages = talk({}, 1, never_reads)
    assert len(messages) == 1
    assert (backend.pending_requests, backend.tally.failed_requests, backend.tally.latency_samples) == (0, 0, 1)


def test_backend_that_stops_talking_is_still_to_blame_though_the_client_does_not_hear_of_it(talk):
    backend, _ = talk(STREAM, 2, has_hung_up, chunk_delay_s=3600)
    assert (backend.pending_requests, backend.tally.failed_requests) == (0, 1)
