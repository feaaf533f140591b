"""Several sources, one fleet: who has precedence, what an operator sets, and a source of your own."""

import asyncio
from collections.abc import AsyncIterator

from backend_registry import Backend, Registry
from backend_registry.discovery import Fleet, OwnedBySourceError


class Inventory:
    """Stands for your own source: each item of `desired` is the full set."""

    name = "inventory"
    grace_s = 0.0

    def __init__(self) -> None:
        self.words: asyncio.Queue[list[str]] = asyncio.Queue()

    async def desired(self) -> AsyncIterator[tuple[Backend, ...]]:
        """Backends by the last number of their address."""
        while True:
            numbers = await self.words.get()
            yield tuple(Backend(f"rack-{number}", f"http://10.0.0.{number}:8000") for number in numbers)


def show(registry: Registry, fleet: Fleet) -> None:
    """Who is there, and who says so."""
    print(", ".join(f"{b.id} ({fleet.source_of(b.id)}, {b.intent}, weight {b.weight})" for b in registry))


async def main() -> None:
    """Run the example."""
    registry, inventory = Registry(), Inventory()
    fleet = Fleet(registry)
    fleet.offer("file:fleet.toml", [Backend("mine", "http://10.0.0.1:8000", weight=50)])
    async with registry.watch() as changes, asyncio.TaskGroup() as tasks:
        following = tasks.create_task(fleet.run([inventory]))
        inventory.words.put_nowait(["1", "2"])  # the first is the file's server
        await anext(changes)
        show(registry, fleet)

        fleet.patch("rack-2", weight=7)
        fleet.drain("rack-2")
        inventory.words.put_nowait(["2", "3"])
        while "rack-3" not in registry:
            await anext(changes)
        show(registry, fleet)
        following.cancel()

    try:
        fleet.remove("rack-2")
    except OwnedBySourceError as error:
        print(error)


if __name__ == "__main__":
    asyncio.run(main())
