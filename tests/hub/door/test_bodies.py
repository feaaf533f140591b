"""Reading bodies, with limits of size and time."""

import asyncio

import pytest

from backend_registry.hub.bodies import Bodies, SlowBodyError, TooLargeError


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 20))


def receiving(*chunks, ends=True):
    """A receive that gives these chunks and then, unless it ends, nothing more."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if ends:
        messages[-1]["more_body"] = False
    left = iter(messages)

    async def receive():
        for message in left:
            return message
        await asyncio.Event().wait()
        return None

    return receive


def test_a_body_is_put_together():
    assert run(Bodies(10).read(None, receiving(b"ab"))) == b"ab"
    assert run(Bodies(10).read(b"6", receiving(b"ab", b"", b"cdef"))) == b"abcdef"


@pytest.mark.parametrize("chunks", [[b"x" * 11], [b"x" * 10, b"x"], [b"x" * 6, b"x" * 6]])
def test_a_body_may_not_be_larger_than_the_limit(chunks):
    with pytest.raises(TooLargeError):
        run(Bodies(10).read(None, receiving(*chunks, ends=False)))


def test_a_body_as_large_as_the_limit_is_read():
    assert run(Bodies(10).read(b"10", receiving(b"x" * 10))) == b"x" * 10


def test_a_body_that_never_ends_is_given_up():
    with pytest.raises(SlowBodyError):
        run(Bodies(10, patience_s=0.05).read(None, receiving(b"ab", ends=False)))


def test_giving_up_a_body_does_not_cancel_what_is_done_after_it():
    async def act():
        with pytest.raises(SlowBodyError):
            await Bodies(10, patience_s=0.05).read(None, receiving(b"ab", ends=False))
        await asyncio.sleep(0)
        return asyncio.current_task().cancelling()

    assert run(act()) == 0


def test_who_is_cancelled_by_somebody_else_is_cancelled():
    async def act():
        reading = asyncio.create_task(Bodies(10).read(None, receiving(b"ab", ends=False)))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    run(act())


def test_who_is_cancelled_by_somebody_else_too_is_cancelled():
    async def act():
        bodies = Bodies(10, patience_s=30)
        reading = asyncio.create_task(bodies.read(None, receiving(b"ab", ends=False)))
        await asyncio.sleep(0)
        for _ in range(8):
            bodies._look()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    run(act())


def test_one_timer_looks_after_all_bodies_and_ends_with_them():
    async def act():
        bodies = Bodies(10, patience_s=0.06)
        slow = [asyncio.create_task(bodies.read(None, receiving(b"ab", ends=False))) for _ in range(50)]
        results = await asyncio.gather(*slow, return_exceptions=True)
        assert {type(result) for result in results} == {SlowBodyError}
        assert not bodies._began
        assert not bodies._late
        while bodies._timer is not None:  # noqa: ASYNC110 -- what is waited for has no event
            await asyncio.sleep(0.001)
        assert await bodies.read(None, receiving(b"ab")) == b"ab"
        assert bodies._timer is not None

    run(act())
