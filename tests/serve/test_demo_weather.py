"""What goes wrong in the demonstration really goes wrong, and ends; time passes when the test says so."""

import asyncio
import contextlib
import heapq
import random
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from backend_registry.config import HubConfig
from backend_registry.hub import Hub, open_store
from backend_registry.protocol import Entry, Reporting
from backend_registry.serve.demo.fleet import Seat
from backend_registry.serve.demo.nodes import Uplink
from backend_registry.serve.demo.weather import ByHand, Fault, Silence, Slowness, Spell, Weather, steer
from backend_registry.testing import FakeBackend

SEAT = Seat("a", "n")


class Average(random.Random):
    """Draws what is in the middle."""

    def uniform(self, a, b):
        return (a + b) / 2

    def lognormvariate(self, mu, sigma):
        return 1.0


class Time:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self._now = 0.0
        self._sleeping = []
        self._slept = asyncio.Event()

    async def sleep(self, seconds):
        awake = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (self._now + seconds, id(awake), awake))
        self._slept.set()
        await awake

    def wake(self, seconds):
        """Let them pass."""
        self._now += seconds
        while self._sleeping and self._sleeping[0][0] <= self._now:
            heapq.heappop(self._sleeping)[-1].set_result(None)

    async def go_on(self, seconds):
        """Let them pass, and return when as many sleep as before: what they woke up for has been done."""
        asleep = len(self._sleeping)
        self.wake(seconds)
        await self.sleepers(asleep)

    async def sleepers(self, count):
        """Wait until so many sleep."""
        async with asyncio.timeout(20):
            while len(self._sleeping) < count:
                self._slept.clear()
                await self._slept.wait()


@contextlib.asynccontextmanager
async def weather(what, servers=None, uplinks=None):
    """Its time, while it comes after 10 s and goes 5 s later, every 20 s."""
    time = Time()
    made = Weather(servers or {}, uplinks or {}, Average(), time.sleep)
    running = asyncio.create_task(made.run([Spell(what, first_s=10, lasts_s=5, every_s=20)]))
    await time.sleepers(2)
    try:
        yield time
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def status(server):
    """The status of an answer; None if connections are refused."""
    try:
        with urllib.request.urlopen(server.url + "/v1/models", timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except urllib.error.URLError as error:
        return None if isinstance(error.reason, ConnectionRefusedError) else error.reason


def test_a_server_goes_down_comes_back_and_goes_down_again():
    async def run():
        with FakeBackend("a") as server:
            async with weather(Fault(SEAT, "refuse"), {SEAT: server}) as time:
                seen = []
                for seconds in (0, 10, 5, 15, 5):
                    await time.go_on(seconds)
                    seen.append(await asyncio.to_thread(status, server))
        assert seen == [200, None, 200, None, 200]

    asyncio.run(run())


def test_a_server_answers_errors_for_a_while():
    async def run():
        with FakeBackend("a") as server:
            async with weather(Fault(SEAT, "status", {"status": 502}), {SEAT: server}) as time:
                seen = []
                for seconds in (0, 10, 5):
                    await time.go_on(seconds)
                    seen.append(await asyncio.to_thread(status, server))
        assert seen == [200, 502, 200]

    asyncio.run(run())


def test_a_server_is_slow_for_a_while_and_as_quick_as_before_afterwards():
    async def run():
        with FakeBackend("a", chunk_delay_s=0.5) as server:
            async with weather(Slowness(SEAT, 4.0), {SEAT: server}) as time:
                seen = []
                # What has come or gone is felt with the next change of the pace, two seconds later.
                for seconds in (0, 10, 2, 3, 2):
                    await time.go_on(seconds)
                    seen.append(server.behaviour.chunk_delay_s)
        assert (seen[0], seen[2], seen[4]) == (0.5, 2.0, 0.5)

    asyncio.run(run())


def test_a_node_falls_silent_and_is_heard_again():
    async def run():
        async def nobody(report):
            raise AssertionError

        uplink = Uplink(nobody)
        async with weather(Silence("n"), uplinks={"n": uplink}) as time:
            seen = []
            for seconds in (0, 10, 5):
                await time.go_on(seconds)
                seen.append(uplink.cut)
        assert seen == [False, True, False]

    asyncio.run(run())


@pytest.mark.parametrize("what", [Fault(SEAT, "refuse"), Slowness(SEAT, 2.0), Silence("n")])
def test_what_is_not_there_is_left_alone(what):
    async def run():
        async with weather(what) as time:
            for seconds in (10, 5, 15):
                await time.go_on(seconds)

    asyncio.run(run())


def test_no_two_answers_take_equally_long():
    async def run():
        with FakeBackend("a", chunk_delay_s=0.5) as server:
            time = Time()
            running = asyncio.create_task(Weather({SEAT: server}, {}, random.Random(1), time.sleep).run([]))
            await time.sleepers(1)
            seen = set()
            for _ in range(5):
                seen.add(server.behaviour.chunk_delay_s)
                await time.go_on(2)
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        assert len(seen) == 5
        assert all(0.1 < seconds < 2.5 for seconds in seen)

    asyncio.run(run())


def test_an_operator_waits_for_the_node_and_leaves_a_reason():
    async def run():
        clock = asyncio.get_running_loop().time
        hub = Hub(
            open_store("memory", state_dir=Path()), HubConfig(), rng=random.Random(0), clock=clock, now_ms=lambda: 1_000_000
        )
        await hub.open()
        time = Time()
        steering = asyncio.create_task(steer(hub, [ByHand("n", "a", "draining", "new kernel")], time.sleep))
        await time.sleepers(1)
        assert hub.store.wishes_of("n") == ()
        reporting = Reporting("n", "one", 1)
        reporting.observe([Entry(id="a", name="a", kind="vllm", status="available", health="healthy")])
        await hub.report(reporting.message({}, 1_000_000))
        time.wake(1)
        await steering
        (wish,) = hub.store.wishes_of("n")
        assert (wish.id, wish.intent, wish.reason) == ("a", "draining", "new kernel")
        await hub.close()

    asyncio.run(run())
