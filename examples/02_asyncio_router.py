"""A router in an event loop: wait in line instead of failing, go on to another server after a failure."""

import asyncio
from contextlib import closing
from urllib.parse import urlsplit

from backend_registry import Backend, Lease, Outcome, Registry


async def ask(lease: Lease) -> tuple[int, str]:
    """One HTTP/1.0 request by hand; your router has its HTTP client here."""
    address = urlsplit(lease.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    with closing(writer):
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        lease.first_byte()
        return int(head.split()[1]), (await reader.read()).decode()


async def route(registry: Registry, model: str) -> str:
    """The whole router: wait for a place, ask, and try elsewhere if that server did not do it."""
    tried: frozenset[str] = frozenset()
    while True:
        async with await registry.acquire_async(model, exclude=tried, timeout=5) as lease:
            try:
                status, answer = await ask(lease)
            except OSError:
                status, answer = 502, ""
            lease.finish(Outcome.from_status(status))
            if status == 200:
                return answer
        tried = lease.tried


async def serve(status: str, body: str) -> asyncio.Server:
    """A backend that gives everybody the same answer."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"HTTP/1.0 {status}\r\n\r\n{body}".encode())

    return await asyncio.start_server(answer, "127.0.0.1", 0)


async def main() -> None:
    """Run the example."""
    registry = Registry()
    async with await serve("200 OK", "hello") as good, await serve("500 Oops", "") as bad:
        for name, server in ("good", good), ("bad", bad):
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            registry.add_backend(Backend(name, url, models=["llama3"], max_pending=4))
        answers = await asyncio.gather(*(route(registry, "llama3") for _ in range(20)))
        print(f"answered: {answers.count('hello')}, in flight: {[b.pending_requests for b in registry]}")


if __name__ == "__main__":
    asyncio.run(main())
