"""Draining and watching in an event loop: they end when they should, and nobody is left in line."""

import asyncio
import threading

import pytest

from backend_registry import BackendNotFoundError, BackendStatus, InvalidValueError, Registry, Resync
from backend_registry._aio import _LoopSignal
from tests.core.fleet import add


async def in_line(registry, count):
    """Until this many wait."""
    while sum(len(rank) for lines in registry._waiting.values() for line in lines.values() for rank in line) != count:  # noqa: ASYNC110 -- lines have no event
        await asyncio.sleep(0)


def run(main):
    """Run a test in a loop of its own."""
    asyncio.run(main)


# --- drain_async ---------------------------------------------------------------------------------------------------------


def test_idle_backend_is_drained_at_once(registry):
    async def main():
        (gpu,) = add(registry, "a")
        assert await registry.drain_async("a") is True
        assert gpu.status is BackendStatus.DRAINING

    run(main())


@pytest.mark.parametrize("verb", ["lease", "raw"])
def test_drain_waits_until_nothing_is_in_flight(registry, verb, monkeypatch):
    monkeypatch.setattr("backend_registry._aio._LOOK_AGAIN_S", 3600.0)

    async def main():
        (gpu,) = add(registry, "a")
        leases = [registry.acquire("m"), registry.acquire("m")]
        registry.increment_pending("a")
        drain = asyncio.create_task(registry.drain_async("a"))
        await in_line(registry, 1)
        leases[0].finish()
        if verb == "lease":
            registry.decrement_pending("a")
            leases[1].finish()
        else:
            leases[1].finish()
            registry.decrement_pending("a")
        assert await drain is True
        assert (gpu.status, registry._waiting) == (BackendStatus.DRAINING, {})

    run(main())


def test_drain_gives_up_after_its_time_and_stays_draining(registry):
    async def main():
        (gpu,) = add(registry, "a")
        with registry.acquire("m"):
            for timeout in (0, 0.001):
                assert await registry.drain_async("a", timeout=timeout) is False
        assert (gpu.status, registry._waiting) == (BackendStatus.DRAINING, {})

    run(main())


def test_removed_backend_is_drained_to_the_end(registry):
    async def main():
        add(registry, "a")
        lease = registry.acquire("m")
        drain = asyncio.create_task(registry.drain_async("a"))
        await in_line(registry, 1)
        registry.remove_backend("a")
        lease.finish()
        assert await drain is True

    run(main())


def test_bad_drain_changes_nothing(registry):
    async def main():
        (gpu,) = add(registry, "a")
        with pytest.raises(InvalidValueError, match=r"^timeout: "):
            await registry.drain_async("a", timeout=-1)
        with pytest.raises(BackendNotFoundError):
            await registry.drain_async("b")
        assert gpu.status is BackendStatus.UNKNOWN

    run(main())


# --- watching ------------------------------------------------------------------------------------------------------------


def test_watch_in_a_loop_sees_every_change(registry):
    async def main():
        seen = []

        async def follow(watch):
            async with watch:
                async for change in watch:
                    seen.append(change.revision)
                    if len(seen) == 3:
                        break

        task = asyncio.create_task(follow(registry.watch()))
        await in_line(registry, 1)
        add(registry, "a", "b")
        thread = threading.Thread(target=registry.drain, args=("a",))
        thread.start()
        await task
        thread.join()
        assert seen == [1, 2, 3]
        assert registry._waiting == {}

    run(main())


def test_close_ends_the_loop_of_the_reader(registry):
    async def main():
        watch = registry.watch()

        async def follow():
            return [change async for change in watch]

        task = asyncio.create_task(follow())
        await in_line(registry, 1)
        watch.close()
        assert await task == []

    run(main())


def test_watch_in_a_loop_is_told_when_it_fell_behind():
    async def main():
        short = Registry(journal_size=1)
        watch = short.watch()
        add(short, "a", "b")
        assert isinstance(await anext(watch), Resync)

    run(main())


def test_cancelled_reader_leaves_the_line(registry):
    async def main():
        watch = registry.watch()
        task = asyncio.create_task(anext(watch))
        await in_line(registry, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert registry._waiting == {}
        add(registry, "a")
        assert (await anext(watch)).revision == 1

    run(main())


def test_signal_of_a_closed_loop_may_still_be_set():
    async def make():
        return _LoopSignal()

    signal = asyncio.run(make())
    signal.set()
    signal.wake()
