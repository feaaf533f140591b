"""Cancellation at every suspension of a request, once and twice: nothing stays taken, open or in line.

The gateway is called as an ASGI application. `Cancelled` lets it run to its n-th suspension and throws CancelledError into it
there, and, if it is still not done, again at the next. The HTTP client may have one connection per backend and the queue one
place, so a request that leaked its own would leave the one that comes after it waiting. All answers are held on to, so that
none is closed by the garbage collector alone.
"""

import asyncio
import json
from contextlib import suppress

import aiohttp
import pytest

from backend_registry import Registry
from backend_registry.config import GatewayConfig
from backend_registry.gateway import gateway_routes
from backend_registry.testing import FakeBackend
from tests.gateway.running import question

SUSPENSIONS_MOST = 100


class Cancelled:
    """Drives a coroutine and cancels it at its n-th suspension, `times` times."""

    def __init__(self, coroutine, at, times):
        self._coroutine, self._at, self._times = coroutine, at, times
        self.reached = False

    def __await__(self):
        suspensions = 0
        failure = None
        while True:
            if suspensions >= self._at and self._times:
                self.reached = True
                self._times -= 1
                failure = asyncio.CancelledError()
            try:
                waited_for = self._coroutine.send(None) if failure is None else self._coroutine.throw(failure)
            except StopIteration as end:
                return end.value
            suspensions += 1
            failure = None
            try:
                yield waited_for
            except Exception as error:  # noqa: BLE001 -- of whatever kind
                # What was waited for has failed, and the task hands that on.
                failure = error


class Client:
    """Takes its time with everything, and stays to the end."""

    def __init__(self, body):
        data = json.dumps(body).encode()
        self._coming = [
            {"type": "http.request", "body": data[:10], "more_body": True},
            {"type": "http.request", "body": data[10:], "more_body": False},
        ]
        self.came = []

    async def receive(self):
        await asyncio.sleep(0)
        return self._coming.pop(0) if self._coming else await asyncio.Event().wait()

    async def send(self, message):
        await asyncio.sleep(0)
        self.came.append(message)

    @property
    def status(self):
        return self.came[0]["status"]


class Case:
    """A gateway with two backends of which the first is always asked first, and what is to happen there."""

    def __init__(self, session, answers, fakes, name):
        self.name = name
        self.answers = answers
        self.registry = Registry()
        self.held = None
        limits = {"a": {"max_pending": 1} if name == "queued" else {}, "b": {"weight": 1}}
        self.fakes = fakes[:1] if name == "queued" else fakes
        for fake in self.fakes:
            self.registry.add_backend(fake.backend(**limits[fake.id]))
        settings = GatewayConfig(queue_s=20, queue_max=1)
        (self.chat, *_) = (route.app for route in gateway_routes(self.registry, session, settings, body_limit=10_000))

    async def ask(self, at=SUSPENSIONS_MOST, times=0):
        """One request; whether its cancellation came before its end."""
        if self.name == "failover":
            self.fakes[0].recover()
            self.fakes[0].fail("reset", after_chunks=0, times=1)
        if self.name == "long":
            self.fakes[0].recover()
            self.fakes[0].fail("huge", size=400_000, times=1)
        if self.name == "queued":
            self.held = self.registry.acquire("m")
            asyncio.get_running_loop().call_later(0.002, self.held.finish)
        client = Client(question(stream=self.name == "stream"))
        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": headers, "query_string": b""}
        driven = Cancelled(self.chat(scope, client.receive, client.send), at, times)

        async def drive():
            await driven

        with suppress(asyncio.CancelledError):
            await asyncio.create_task(drive())
        # At once, and not when the backend comes to its end.
        assert not [answer for answer in self.answers if answer.connection is not None], at
        if not times:
            assert client.status == 200
        return driven.reached

    async def settle(self):
        """Let those that were cancelled beside the request end, and the backends notice."""
        if self.held is not None:
            self.held.finish()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), 10)
        for fake in self.fakes:
            await asyncio.to_thread(fake.wait_until, lambda fake=fake: fake.in_flight == 0)

    def check(self, at):
        assert [backend.pending_requests for backend in self.registry] == [0] * len(self.fakes), at
        assert not self.registry._lines.topics, at
        assert self.registry.leaked_leases == 0, at


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
@pytest.mark.parametrize("name", ["plain", "long", "stream", "failover", "queued"])
def test_a_cancellation_at_any_await_gives_everything_back(name, times):
    async def run(fakes):
        answers = []

        async def hold(_session, _context, ended):
            answers.append(ended.response)

        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(hold)
        connector = aiohttp.TCPConnector(limit_per_host=1)
        async with aiohttp.ClientSession(connector=connector, trace_configs=[trace]) as session:
            for at in range(SUSPENSIONS_MOST):
                case = Case(session, answers, fakes, name)
                reached = await case.ask(at, times)
                await case.settle()
                case.check(at)
                async with asyncio.timeout(10):
                    await case.ask()
                await case.settle()
                case.check(at)
                if not reached:
                    return at
        raise AssertionError("it has more suspensions than were tried")

    with FakeBackend("a", models=["m"], chunk_delay_s=0.005) as one, FakeBackend("b", models=["m"], chunk_delay_s=0.005) as two:
        # The request, its two parts, the way to the backend, its answer and two messages to the client.
        assert asyncio.run(run([one, two])) >= 6
