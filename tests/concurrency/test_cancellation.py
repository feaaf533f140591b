"""Cancellation at every suspension of everything that waits, once and twice.

The coroutine is stepped by hand on a real loop: `Stepper` lets it run to its n-th suspension, throws CancelledError into it
there, and, when it is still not done, once more.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress

import pytest

from backend_registry import BackendStatus, Lease, NoBackendError, Registry
from tests.concurrency.fleet import make_backend, make_registry
from tests.concurrency.invariants import check
from tests.concurrency.report import report


class Stepper:
    """Drives a coroutine and cancels it at its n-th suspension, `times` times."""

    def __init__(self, coroutine: Coroutine, at: int, times: int) -> None:
        self._coroutine, self._at, self._times = coroutine, at, times
        self.suspensions = 0

    def __await__(self):
        wake = None
        while True:
            try:
                if self.suspensions == self._at and self._times:
                    self._times -= 1
                    waited_for = self._coroutine.throw(asyncio.CancelledError())
                else:
                    waited_for = self._coroutine.send(wake)
            except StopIteration as end:
                return end.value
            if self._times == 0 or self.suspensions < self._at:
                self.suspensions += 1
                wake = yield waited_for


def one_full_backend() -> tuple[Registry, Lease]:
    registry = make_registry(make_backend("a", "m", max_pending=1))
    return registry, registry.acquire("m")


async def _wait_for_room(registry: Registry, held: Lease) -> None:
    asyncio.get_running_loop().call_soon(held.finish)
    async with await registry.acquire_async("m") as lease:
        await asyncio.sleep(0)
        lease.first_byte()
        await asyncio.sleep(0)


async def _stream(registry: Registry, held: Lease) -> None:
    async def chunks():
        held.finish()
        async with await registry.acquire_async("m"):
            for _ in range(3):
                yield await asyncio.sleep(0)

    stream = chunks()
    try:
        async for _ in stream:
            await asyncio.sleep(0)
    finally:
        await stream.aclose()


async def _retry(registry: Registry, held: Lease) -> None:
    held.finish()
    registry.add_backend(make_backend("b", "m"))
    async with registry.acquire("m") as lease:
        await asyncio.sleep(0)
        with lease.next() as another:
            await asyncio.sleep(0)
            another.first_byte()


async def _drain(registry: Registry, held: Lease) -> None:
    asyncio.get_running_loop().call_soon(held.finish)
    assert await registry.drain_async("a")
    registry.enable("a")


async def _watch(registry: Registry, held: Lease) -> None:
    held.finish()
    loop = asyncio.get_running_loop()
    async with registry.watch() as changes:
        loop.call_soon(registry.update_status, "a", BackendStatus.HEALTHY)
        await anext(changes)
        loop.call_soon(registry.update_status, "a", BackendStatus.UNKNOWN)
        await anext(changes)


async def _in_a_group(registry: Registry, held: Lease) -> None:
    asyncio.get_running_loop().call_soon(held.finish)
    lease = await asyncio.wait_for(registry.acquire_async("m"), 5)
    with lease:
        await asyncio.sleep(0)


USES: dict[str, Callable[[Registry, Lease], Awaitable[None]]] = {
    "acquire_async": _wait_for_room,
    "stream": _stream,
    "retry": _retry,
    "drain_async": _drain,
    "watch": _watch,
    "wait_for": _in_a_group,
}


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
@pytest.mark.parametrize("name", USES)
def test_a_cancellation_at_any_await_gives_everything_back(name, times):
    async def cancelled_at(at: int) -> bool:
        registry, held = one_full_backend()
        stepper = Stepper(USES[name](registry, held), at, times)
        with suppress(asyncio.CancelledError):
            await stepper
        for _ in range(3):
            await asyncio.sleep(0)
        held.finish()
        assert [backend.pending_requests for backend in registry] == [0] * len(registry)
        assert not registry.leaked_leases, "a lease was left to the garbage collector"
        check(registry)
        registry.enable("a")
        (await registry.acquire_async("m", timeout=0)).finish()
        return stepper.suspensions >= at

    at = 0
    while asyncio.run(cancelled_at(at)):
        at += 1
    report(f"[cancellation] {name}, {times}x: {at} points")
    assert at >= 2


def test_a_cancelled_waiter_lets_the_next_in_line_through():
    async def scene() -> None:
        registry, held = one_full_backend()
        first, second, third = (asyncio.create_task(registry.acquire_async("m", timeout=30)) for _ in range(3))
        await asyncio.sleep(0)
        held.finish()
        first.cancel()
        lease = await second
        assert not third.done()
        lease.finish()
        (await third).finish()
        assert first.cancelled()
        check(registry)

    asyncio.run(scene())


def test_waiters_are_served_in_the_order_in_which_they_came():
    async def scene() -> list[int]:
        registry, held = one_full_backend()
        served: list[int] = []

        async def use(number: int) -> None:
            async with await registry.acquire_async("m", timeout=30):
                served.append(number)
                await asyncio.sleep(0)

        users = [asyncio.create_task(use(number)) for number in range(20)]
        await asyncio.sleep(0)
        held.finish()
        await asyncio.gather(*users)
        check(registry)
        return served

    assert asyncio.run(scene()) == list(range(20))


def test_cancelling_thousands_of_waiters_at_random_leaves_nothing_behind(effort):
    async def scene(rng) -> int:
        registry, held = one_full_backend()

        async def use() -> None:
            async with await registry.acquire_async("m"):
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(use()) for _ in range(500)]
        held.finish()
        cancelled = 0
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0)
            victim = rng.choice(tasks)
            cancelled += victim.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert registry.get_backend("a").pending_requests == 0
        check(registry)
        return cancelled

    cancelled = sum(asyncio.run(scene(random.Random(seed))) for seed in range(4 * effort))
    report(f"[cancellation] {cancelled} tasks cancelled at random")
    assert cancelled > 100


def test_a_time_out_says_why_and_leaves_the_line():
    async def scene() -> None:
        registry, _held = one_full_backend()
        with pytest.raises(NoBackendError) as refusal:
            await registry.acquire_async("m", timeout=0.01)
        assert refusal.value.reasons == {"a": "at_max_pending"}
        check(registry)

    asyncio.run(scene())
