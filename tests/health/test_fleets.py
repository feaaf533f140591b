"""Many backends at once, most of them broken."""

import asyncio
import contextlib
import socket

import pytest

from backend_registry import BackendStatus, Registry
from backend_registry.config import HealthConfig
from backend_registry.health import HealthChecker, open_session
from backend_registry.testing import FakeBackend, make_backend
from tests.health.running import running


@pytest.fixture
def silent():
    """An address that takes connections and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


class AllOf:
    """Tells when so many backends have been checked."""

    def __init__(self, count):
        self._missing = count
        self._seen = set()
        self.done = asyncio.Event()

    def probe_ended(self, backend_id, backend_type, ok, seconds):
        self._seen.add(backend_id)
        if len(self._seen) == self._missing:
            self.done.set()


def test_a_thousand_dead_backends_are_all_checked_within_one_interval(silent):
    """One after the other they would take 250 seconds; sixty-four at a time, four."""

    async def main():
        registry = Registry()
        registry.apply([make_backend(f"b{number}", silent) for number in range(1000)])
        everybody = AllOf(1000)
        async with open_session(connect_timeout_s=5) as session:
            checker = HealthChecker(registry, session, HealthConfig(interval_s=1.5, timeout_s=0.25), observer=everybody)
            began = asyncio.get_running_loop().time()
            async with running(checker):
                await everybody.done.wait()
            seconds = asyncio.get_running_loop().time() - began
        assert {backend.status for backend in registry} == {BackendStatus.UNHEALTHY}
        return checker._width, seconds

    width, seconds = asyncio.run(main())
    assert width == 167
    # Six rounds of a quarter second, and whatever a busy machine adds to that.
    assert seconds < 25


def test_checks_end_when_cancelled_also_those_whose_time_is_up_at_that_moment(silent):
    async def main():
        loop = asyncio.get_running_loop()
        registry = Registry()
        registry.apply([make_backend(f"b{number}", silent) for number in range(50)])
        async with open_session(connect_timeout_s=5) as session:
            task = asyncio.create_task(HealthChecker(registry, session, HealthConfig(timeout_s=0.25)).run())
            began = loop.time()
            await asyncio.sleep(0.15)
            # The loop gets stuck, so that the next it sees is the end of their time and of ours.
            while loop.time() < began + 0.5:
                pass
            task.cancel()
            _, unfinished = await asyncio.wait([task], timeout=10)
            assert not unfinished
            assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


BROKEN = [
    ({"kind": "refuse"}, BackendStatus.UNHEALTHY),
    ({"kind": "hang"}, BackendStatus.UNHEALTHY),
    ({"kind": "reset", "after_chunks": 1}, BackendStatus.UNHEALTHY),
    ({"kind": "cut", "after_chunks": 1}, BackendStatus.UNHEALTHY),
    ({"kind": "drip", "delay_s": 0.1}, BackendStatus.UNHEALTHY),
    ({"kind": "status", "status": 503}, BackendStatus.UNHEALTHY),
    ({"kind": "garbage"}, BackendStatus.HEALTHY),
    ({"kind": "models"}, BackendStatus.HEALTHY),
    ({"kind": "huge", "size": 4_100_000}, BackendStatus.HEALTHY),
    (None, BackendStatus.HEALTHY),
]


def test_every_one_of_a_mixed_fleet_gets_the_status_that_it_deserves_and_keeps_its_models():
    """Ten backends at each of ten servers, of which nine are broken, each in its own way."""
    with contextlib.ExitStack() as servers:
        fakes = [servers.enter_context(FakeBackend(f"s{number}")) for number in range(len(BROKEN))]
        expected = {}
        backends = []
        for fake, (fault, status) in zip(fakes, BROKEN, strict=True):
            if fault is not None:
                fake.fail(**fault)
            for number in range(10):
                backends.append(make_backend(f"{fake.id}-{number}", fake.url))
                expected[f"{fake.id}-{number}"] = status

        async def main():
            registry = Registry()
            registry.apply(backends)
            everybody = AllOf(len(backends))
            async with open_session(connect_timeout_s=5) as session:
                # Long enough for 2 MB ten times on a busy machine, too short for the answer that drips.
                settings = HealthConfig(interval_s=60, timeout_s=2)
                async with running(HealthChecker(registry, session, settings, observer=everybody)):
                    await everybody.done.wait()
            return registry

        registry = asyncio.run(main())
    assert {backend.id: backend.status for backend in registry} == expected
    assert {model.id for backend in registry for model in backend.models} == {"llama3:8b"}
    assert registry.get_backend("s7-0").status_reason == "lists no models"
    assert registry.get_backend("s8-0").status_reason == "model list not understood: larger than 2000000 bytes"
