"""The least that a reverse proxy can be with the project's own HTTP client and server, aiohttp and uvicorn: the floor.

It passes bytes through as they come, both ways, and does nothing else: it chooses no backend, counts nothing, has no limits of
time, retries nothing, and does not notice a client that hangs up before it sends to it. Other clients are there to be compared.

    python -m benchmarks.minimal_proxy PORT UPSTREAM [--client aiohttp|httpx|niquests]
"""

import argparse
import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import uvicorn

__all__ = ("CLIENTS",)

Headers = list[tuple[bytes, bytes]]
Reply = tuple[int, Headers, AsyncIterator[bytes]]
Client = Callable[[str, str, dict[str, str], bytes], AbstractAsyncContextManager[Reply]]

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "trailer", "upgrade", "date", "server", "host"})


@asynccontextmanager
async def _aiohttp(upstream: str) -> AsyncIterator[Client]:
    import aiohttp

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )

    @asynccontextmanager
    async def ask(method: str, path: str, headers: dict[str, str], body: bytes) -> AsyncIterator[Reply]:
        async with session.request(method, upstream + path, headers=headers, data=body) as response:
            yield response.status, _passed_on(response.headers.items()), response.content.iter_any()

    async with session:
        yield ask


@asynccontextmanager
async def _httpx(upstream: str) -> AsyncIterator[Client]:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)

    @asynccontextmanager
    async def ask(method: str, path: str, headers: dict[str, str], body: bytes) -> AsyncIterator[Reply]:
        async with client.stream(method, upstream + path, headers=headers, content=body) as response:
            yield response.status_code, _passed_on(response.headers.items()), response.aiter_raw()

    async with httpx.AsyncClient(timeout=None, limits=limits, trust_env=False) as client:
        yield ask


@asynccontextmanager
async def _niquests(upstream: str) -> AsyncIterator[Client]:
    import niquests

    @asynccontextmanager
    async def ask(method: str, path: str, headers: dict[str, str], body: bytes) -> AsyncIterator[Reply]:
        response = await session.request(method, upstream + path, headers=headers, data=body, stream=True)
        try:
            yield response.status_code, _passed_on(response.headers.items()), await response.iter_raw()
        finally:
            await response.close()

    async with niquests.AsyncSession(pool_connections=4, pool_maxsize=1024) as session:
        session.trust_env = False
        yield ask


CLIENTS = {"aiohttp": _aiohttp, "httpx": _httpx, "niquests": _niquests}


def _passed_on(headers: Any) -> Headers:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers if name.lower() not in _HOP_BY_HOP]


def _application(ask: Client) -> Callable[..., Awaitable[None]]:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"] if name.decode() not in _HOP_BY_HOP}
        async with ask(scope["method"], scope["path"], headers, body) as (status, answered, chunks):
            await send({"type": "http.response.start", "status": status, "headers": answered})
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    return application


async def _serve(port: int, upstream: str, client: str) -> None:
    # With the protocol stated, asyncio turns off Nagle's algorithm; with it on, every small answer takes 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(2048)
        async with CLIENTS[client](upstream) as ask:
            config = uvicorn.Config(_application(ask), lifespan="off", log_config=None, access_log=False, ws="none")
            await uvicorn.Server(config).serve([listener])


def _run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("upstream")
    parser.add_argument("--client", choices=CLIENTS, default="aiohttp")
    wanted = parser.parse_args()
    # As in the project's own server: uvloop where it is installed.
    factory = uvicorn.Config(lambda: None).get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_serve(wanted.port, wanted.upstream.rstrip("/"), wanted.client))


if __name__ == "__main__":
    _run()
