"""Every change of the registry, in order, exactly once, in a thread or in an event loop; here: both."""

import asyncio
import threading

from backend_registry import Backend, Change, Registry, Resync


def describe(change: Change | Resync) -> str:
    """One line per commit."""
    if isinstance(change, Resync):
        return f"start again from revision {change.snapshot.revision}: {[record.id for record in change.snapshot.backends]}"
    return f"{change.revision}: " + ", ".join(f"{entry.kind} {entry.id}" for entry in change.entries)


def work(registry: Registry) -> None:
    """What happens while others watch."""
    registry.add_backend(Backend("gpu-1", "http://10.0.0.1:8000", models=["llama3"]))
    registry.add_backend(Backend("gpu-2", "http://10.0.0.2:8000", models=["llama3"]))
    registry.drain("gpu-1")
    registry.drain("gpu-1")  # changes nothing, so nobody hears of it
    registry.remove_backend("gpu-1")


async def main() -> None:
    """Run the example."""
    registry = Registry(journal_size=4)
    async with registry.watch() as watch:
        worker = threading.Thread(target=work, args=(registry,))
        worker.start()
        async for change in watch:
            print(describe(change))
            if watch.revision == 4:
                break
        worker.join()

    # One who comes late is given what the journal still holds, or a snapshot to start again from.
    with registry.watch(since=2) as late:
        print(describe(late.poll()))
    registry.apply([])
    with registry.watch(since=0) as too_late:
        print(describe(too_late.poll()))


if __name__ == "__main__":
    asyncio.run(main())
