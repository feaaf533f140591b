"""The time limits of a request, one after another."""

import asyncio

import pytest

from backend_registry.gateway.deadline import Deadline
from backend_registry.gateway.rounds import Rounds

LONG_S = 3600.0


def run(use, seconds=LONG_S):
    """Use a deadline in a task, and see that nothing of it is left."""

    async def main():
        deadline = Deadline(Rounds(), seconds)
        try:
            return await use(deadline)
        finally:
            deadline.close()
            await asyncio.sleep(0)
            assert not asyncio.current_task().cancelling()

    return asyncio.run(main())


async def forever():
    await asyncio.Event().wait()


async def extended(deadline):
    with deadline.within(0.01):
        deadline.extend()
        await forever()


async def another_error():
    try:
        await forever()
    except asyncio.CancelledError:
        raise KeyError from None


@pytest.mark.parametrize("seconds", [0.02, 0.0, LONG_S])
def test_block_ends_in_time(seconds):
    async def use(deadline):
        began = deadline.now()
        with pytest.raises(TimeoutError), deadline.within(min(seconds, 0.02)):
            await forever()
        assert deadline.now() - began < 5

    run(use, seconds)


def test_block_that_ends_earlier_is_left_alone():
    async def use(deadline):
        with deadline.within(0.02):
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        with deadline.within():
            await asyncio.sleep(0.01)

    run(use)


def test_extended_block_has_until_the_end():
    async def use(deadline):
        with deadline.within(0.01):
            deadline.extend()
            await asyncio.sleep(0.05)
        with pytest.raises(TimeoutError):
            await extended(deadline)
        assert deadline.is_over

    run(use, seconds=0.1)


def test_each_block_has_its_own_time():
    async def use(deadline):
        for _ in range(3):
            with pytest.raises(TimeoutError), deadline.within(0.005):
                await forever()
        assert not deadline.is_over

    run(use)


def test_after_the_end_only_what_needs_no_waiting_is_done():
    async def use(deadline):
        with pytest.raises(TimeoutError), deadline.within():
            await forever()
        done = []
        with deadline.within():
            done.append(1)
        with pytest.raises(TimeoutError), deadline.within():
            await forever()
        return done

    assert run(use, seconds=0.01) == [1]


def test_errors_inside_the_block_pass_through():
    async def use(deadline):
        with pytest.raises(ValueError, match="inside"), deadline.within(0.01):
            raise ValueError("inside")

    run(use)


def test_error_in_the_moment_of_expiry_passes_through():
    async def use(deadline):
        with pytest.raises(KeyError), deadline.within(0.01):
            await another_error()

    run(use)


@pytest.mark.parametrize("both", [False, True])
def test_cancellation_from_elsewhere_passes_through(both):
    async def use(deadline):
        task = asyncio.current_task()
        if both:
            # Set for the same moment, and so run in the same turn of the loop as the expiry.
            asyncio.get_running_loop().call_at(deadline.end, task.cancel)
        else:
            asyncio.get_running_loop().call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError), deadline.within():
            await forever()
        task.uncancel()

    run(use, seconds=0.02)
