"""Waiting in an event loop: fair, woken by what helps, and nobody is left in line."""

import asyncio
import gc
import threading

import pytest

from backend_registry import (
    BackendStatus,
    Capability,
    InvalidValueError,
    ModelNotFoundError,
    NoBackendError,
    ProbeResult,
    Registry,
)
from tests.core.fleet import add, backend


async def in_line(registry, count):
    """Until this many wait."""
    while sum(len(rank) for lines in registry._waiting.values() for line in lines.values() for rank in line) != count:  # noqa: ASYNC110 -- lines have no event
        await asyncio.sleep(0)


async def full(registry, *more_ids):
    """A model whose only places are taken; returns the leases that take them."""
    add(registry, "a", *more_ids, max_pending=1)
    return [registry.acquire("m") for _ in range(1 + len(more_ids))]


def run(main):
    """Run a test in a loop of its own."""
    asyncio.run(main)


# --- acquire_async: at once ----------------------------------------------------------------------------------------------


def test_free_backend_is_acquired_at_once(registry):
    async def main():
        (gpu,) = add(registry, "a")
        async with await registry.acquire_async("m") as lease:
            assert lease.backend is gpu
            assert gpu.pending_requests == 1
        assert registry._waiting == {}

    run(main())


def test_model_that_nobody_serves_is_not_waited_for(registry):
    async def main():
        with pytest.raises(ModelNotFoundError):
            await registry.acquire_async("m")
        assert registry._waiting == {}

    run(main())


def test_options_are_those_of_acquire(registry):
    async def main():
        add(registry, "a", "b")
        assert (await registry.acquire_async("m", exclude=["a"])).backend.id == "b"
        with pytest.raises(NoBackendError) as caught:
            await registry.acquire_async("m", timeout=0, require=Capability.VISION)
        assert caught.value.reasons == {"a": "lacks_capability", "b": "lacks_capability"}

    run(main())


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"timeout": -1}, "timeout"),
        ({"timeout": "1"}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"urgent": 1}, "urgent"),
        ({"exclude": "a"}, "exclude"),
        ({"min_context": -1}, "min_context"),
    ],
)
def test_bad_arguments_are_refused_at_once(registry, arguments, field):
    async def main():
        await full(registry)
        with pytest.raises(InvalidValueError, match=rf"^{field}: "):
            await registry.acquire_async("m", **arguments)
        assert registry._waiting == {}

    run(main())


# --- acquire_async: waiting ----------------------------------------------------------------------------------------------

WAKES = {
    "release": lambda registry, lease: lease.finish(),
    "raw release": lambda registry, lease: registry.remove_backend("a") and registry.add_backend(backend("n")),
    "add": lambda registry, lease: registry.add_backend(backend("b")),
    "apply": lambda registry, lease: registry.apply([registry.get_backend("a"), backend("b")]),
    "enable": lambda registry, lease: registry.enable("off"),
    "status": lambda registry, lease: registry.update_status("off", BackendStatus.HEALTHY),
    "models": lambda registry, lease: registry.add_model_to_backend("other", "m"),
    "limit": lambda registry, lease: registry.apply([each.replace(max_pending=None) for each in registry]),
}


@pytest.mark.parametrize("wake", WAKES.values(), ids=WAKES)
def test_waiter_is_woken_by_whatever_helps(registry, wake, monkeypatch):
    # Without being woken it would sleep until the end of the test run.
    monkeypatch.setattr("backend_registry._aio._LOOK_AGAIN_S", 3600.0)

    async def main():
        (lease,) = await full(registry)
        add(registry, "off")
        registry.disable("off")
        add(registry, "other", models=["x"])
        waiter = asyncio.create_task(registry.acquire_async("m"))
        await in_line(registry, 1)
        wake(registry, lease)
        (await waiter).finish()
        assert registry._waiting == {}

    run(main())


def test_waiter_is_woken_by_a_passed_probe_and_by_the_raw_verb(registry, monkeypatch):
    monkeypatch.setattr("backend_registry._aio._LOOK_AGAIN_S", 3600.0)

    async def main():
        (gpu,) = add(registry, "a", max_pending=1)
        registry.update_status("a", "unhealthy")
        waiter = asyncio.create_task(registry.acquire_async("m"))
        await in_line(registry, 1)
        for _ in range(2):
            registry.record_probe(gpu, ProbeResult(ok=True))
        (await waiter).finish()
        registry.increment_pending("a")
        waiter = asyncio.create_task(registry.acquire_async("m"))
        await in_line(registry, 1)
        registry.decrement_pending("a")
        (await waiter).finish()

    run(main())


def test_waiter_is_woken_from_another_thread(registry, monkeypatch):
    monkeypatch.setattr("backend_registry._aio._LOOK_AGAIN_S", 3600.0)

    async def main():
        (lease,) = await full(registry)
        waiter = asyncio.create_task(registry.acquire_async("m"))
        await in_line(registry, 1)
        thread = threading.Thread(target=lease.finish)
        thread.start()
        (await waiter).finish()
        thread.join()

    run(main())


def test_waiters_are_served_in_the_order_in_which_they_came(registry):
    async def main():
        (lease,) = await full(registry)
        order = []

        async def wait(number):
            async with await registry.acquire_async("m"):
                order.append(number)
                await asyncio.sleep(0)

        tasks = []
        for number in range(5):
            tasks.append(asyncio.create_task(wait(number)))
            await in_line(registry, number + 1)
        lease.finish()
        await asyncio.gather(*tasks)
        assert order == [0, 1, 2, 3, 4]
        assert registry._waiting == {}

    run(main())


def test_newcomer_does_not_overtake_those_who_wait(registry):
    async def main():
        (lease,) = await full(registry)
        first = asyncio.create_task(registry.acquire_async("m"))
        await in_line(registry, 1)
        # The place is free and the first is told, but in this turn of the loop the newcomer looks before it.
        lease.finish()
        newcomer = asyncio.create_task(registry.acquire_async("m"))
        mine = await first
        assert not newcomer.done()
        mine.finish()
        (await newcomer).finish()

    run(main())


def test_the_urgent_are_served_first_and_each_in_order(registry):
    async def main():
        (lease,) = await full(registry)
        served = []

        async def request(name, **options):
            async with await registry.acquire_async("m", **options):
                served.append(name)

        tasks = []
        for number, name in enumerate(("p1", "p2", "u1", "p3", "u2"), start=1):
            tasks.append(asyncio.create_task(request(name, urgent=name.startswith("u"))))
            await in_line(registry, number)
        lease.finish()
        await asyncio.gather(*tasks)
        assert served == ["u1", "u2", "p1", "p2", "p3"]
        assert registry._waiting == {}

    run(main())


def test_an_urgent_one_that_is_cancelled_while_it_is_woken_passes_the_news_on(registry):
    async def main():
        (lease,) = await full(registry)
        patient = asyncio.create_task(registry.acquire_async("m"))
        await in_line(registry, 1)
        urgent = asyncio.create_task(registry.acquire_async("m", urgent=True))
        await in_line(registry, 2)
        lease.finish()
        urgent.cancel()
        (await patient).finish()
        assert registry._waiting == {}

    run(main())


def test_those_with_other_demands_are_not_held_up(registry):
    async def main():
        leases = await full(registry, "b")
        leases.sort(key=lambda lease: lease.backend.id)
        picky = asyncio.create_task(registry.acquire_async("m", exclude=["b"]))
        await in_line(registry, 1)
        modest = asyncio.create_task(registry.acquire_async("m"))
        await in_line(registry, 2)
        leases[1].finish()
        assert (await modest).backend.id == "b"
        assert not picky.done()
        leases[0].finish()
        assert (await picky).backend.id == "a"

    run(main())


def test_time_out_says_why_and_leaves_the_line(registry):
    async def main():
        await_leases = await full(registry)
        for timeout in (0, 0.001):
            with pytest.raises(NoBackendError) as caught:
                await registry.acquire_async("m", timeout=timeout)
            assert caught.value.reasons == {"a": "at_max_pending"}
        assert registry._waiting == {}
        await_leases[0].finish()

    run(main())


def test_model_that_vanishes_while_it_is_waited_for_is_given_up(registry):
    async def main():
        (lease,) = await full(registry)
        waiter = asyncio.create_task(registry.acquire_async("m"))
        await in_line(registry, 1)
        registry.remove_backend("a")
        with pytest.raises(ModelNotFoundError):
            await waiter
        assert registry._waiting == {}
        assert lease.finish()

    run(main())


def test_cancelled_waiter_passes_the_news_on(registry, monkeypatch):
    monkeypatch.setattr("backend_registry._aio._LOOK_AGAIN_S", 3600.0)

    async def main():
        (lease,) = await full(registry)
        first = asyncio.create_task(registry.acquire_async("m"))
        await in_line(registry, 1)
        second = asyncio.create_task(registry.acquire_async("m"))
        await in_line(registry, 2)
        # Woken and cancelled in the same turn of the loop: what it was woken for must reach the second.
        lease.finish()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        (await second).finish()
        assert registry._waiting == {}
        assert registry.get_backend("a").pending_requests == 0

    run(main())


def test_end_of_a_cool_down_is_noticed():
    async def main():
        registry = Registry()
        add(registry, "a")
        registry.acquire("m").finish("overloaded", retry_after=0.02)
        (await registry.acquire_async("m")).finish()

    run(main())


def test_waiter_looks_again_when_a_cool_down_ends(registry, clock):
    add(registry, "a")
    assert registry._look_again_s() == 0.25
    registry.acquire("m").finish("overloaded", retry_after=60)
    assert registry._look_again_s() == 0.25
    clock.advance(59.9)
    assert registry._look_again_s() == pytest.approx(0.1)
    clock.advance(9)
    assert registry._look_again_s() == 0.001


def test_lease_that_was_forgotten_is_noticed(registry):
    async def main():
        leases = await full(registry)
        waiter = asyncio.create_task(registry.acquire_async("m"))
        await in_line(registry, 1)
        leases.clear()
        gc.collect()
        (await waiter).finish()
        assert registry.leaked_leases == 1

    run(main())


def test_acquire_that_meets_a_drain_withdraws_and_takes_another(registry):
    class Draining:
        """Drains what it would choose, once, while somebody else waits."""

        def choose(self, candidates, request):
            if candidates[0].id == "a":
                registry.drain("a")
            return candidates[0]

    async def main():
        add(registry, "a", "b")
        busy = registry.acquire("m", exclude=["a"])
        waiting = asyncio.ensure_future(registry.drain_async("b", timeout=5))
        await in_line(registry, 1)
        registry.enable("b")
        with registry.acquire("m", policy=Draining()) as lease:
            assert lease.backend.id == "b"
        busy.finish()
        assert await waiting is True
        assert [backend.pending_requests for backend in registry] == [0, 0]

    run(main())
