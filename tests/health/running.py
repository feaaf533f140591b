"""Running a checker, and waiting for what comes of it."""

import asyncio
import contextlib

PATIENCE_S = 10


@contextlib.asynccontextmanager
async def running(checker):
    task = asyncio.create_task(checker.run())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def changed(registry, condition, patience_s=PATIENCE_S):
    """Wait until `condition()` holds; it is looked at whenever the registry has changed."""
    async with asyncio.timeout(patience_s), registry.watch() as changes:
        while not condition():
            await anext(changes)


async def in_thread(wait):
    await asyncio.to_thread(wait)
