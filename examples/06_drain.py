"""Take a server out for maintenance: nothing new goes to it, what it has may finish, and you are told when it is idle."""

import asyncio

from backend_registry import Backend, Lease, NoBackendError, Registry


async def answer(lease: Lease, may_end: asyncio.Event) -> None:
    """Stands for a long streaming answer."""
    async with lease:
        await may_end.wait()


async def main() -> None:
    """Run the example."""
    registry = Registry()
    registry.add_backend(Backend("gpu-1", "http://10.0.0.1:8000", models=["llama3"]))
    may_end = asyncio.Event()
    running = asyncio.create_task(answer(registry.acquire("llama3"), may_end))

    print(f"idle at once: {await registry.drain_async('gpu-1', timeout=0)}")
    try:
        registry.acquire("llama3")
    except NoBackendError as error:
        print(f"nothing new: {error.reasons}")

    idle = asyncio.create_task(registry.drain_async("gpu-1", timeout=10))
    may_end.set()
    print(f"idle after the answer: {await idle}")
    await running

    # No health check undoes a drain; only the operator does.
    registry.enable("gpu-1")
    print(f"back again: {registry.pick('llama3').id}")


if __name__ == "__main__":
    asyncio.run(main())
