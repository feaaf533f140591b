"""Servers that speak like others, and waiting."""

import asyncio
import contextlib

from aiohttp import web

from backend_registry.health import open_session

PATIENCE_S = 15


class Speaking:
    """A server that answers what it was told to; paths it does not know are 404. `seen` lists what it was asked."""

    def __init__(self, answers):
        self.answers = answers
        self.seen = []
        self.port = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request):
        self.seen.append(request)
        answer = self.answers.get(request.path)
        if callable(answer):
            return await answer(request)
        return web.Response(status=404) if answer is None else web.json_response(answer)


@contextlib.asynccontextmanager
async def speaking(answers, port=0):
    server = Speaking(answers)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def following(fleet, *sources):
    """A fleet that follows sources while the block runs."""
    task = asyncio.create_task(fleet.run(sources))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def changed(registry, condition):
    """Wait until `condition()` holds; it is looked at whenever the registry has changed."""
    async with asyncio.timeout(PATIENCE_S), registry.watch() as changes:
        while not condition():
            await anext(changes)


def ids(registry):
    return {backend.id for backend in registry}


def run(work):
    """Run a coroutine function, which is given an HTTP client if it wants one."""

    async def main():
        if not work.__code__.co_argcount:
            return await work()
        async with open_session(connect_timeout_s=5) as session:
            return await work(session)

    return asyncio.run(main())
