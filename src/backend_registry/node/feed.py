"""`BackendFeed`: the registry's changes as a stream of events, for as long as somebody reads it.

What a commit changes is published at once. What changes with every request (pending, averages) has no commit; it is looked at
once a second, and published for those backends for which it is different. While nobody reads, nothing is looked at: the next
reader brings the ring up to date, so one that comes back after a pause gets what it missed, too.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from backend_registry import Change, Registry, Resync, Watch
from backend_registry._web import EventRing, Subscription
from backend_registry.node.entries import Entries
from backend_registry.node.queries import BackendFilter

__all__ = ("BackendFeed",)

logger: Final = logging.getLogger("backend_registry.node")

LOAD_EVERY_S: Final = 1.0
AT_ONCE: Final = 200
"""Entries that are looked at before other tasks of the loop get their turn."""


class BackendFeed:
    """The stream of `GET /backends/stream`. For one event loop.

    Args:
        registry: what is followed.
        entries: how a backend is shown.
        size: events kept for those who come back.
        readers_most: streams at once.
    """

    def __init__(self, registry: Registry, entries: Entries, *, size: int = 8192, readers_most: int = 1000) -> None:
        self._registry: Final = registry
        self._entries: Final = entries
        self._task: asyncio.Task[None] | None = None
        self.ring: Final[EventRing[str]] = EventRing(_name_of, self._facts(), size=size, readers_most=readers_most)

    @asynccontextmanager
    async def subscribe(self, wanted: BackendFilter, last_id: str | None) -> AsyncIterator[Subscription[str]]:
        """A reader for as long as the block runs; arguments as `EventRing.subscribe`.

        Raises:
            TooManyReadersError: on entering.
        """
        with self.ring.subscribe(wanted, last_id) as subscription:
            if self._task is None:
                # Watched from before the first look, so that nothing falls between the two.
                self._task = asyncio.create_task(self._follow(self._registry.watch()), name="stream of backends")
            try:
                await self._refresh()
                yield subscription
            finally:
                if self.ring.readers == 1 and self._task is not None:
                    self._task.cancel()
                    self._task = None

    def close(self) -> None:
        """End all streams."""
        self.ring.close()

    async def _follow(self, watch: Watch) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        async with watch:
            while True:
                try:
                    if loop.time() >= due:
                        due = loop.time() + LOAD_EVERY_S
                        await self._refresh()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout_at(due):
                            change = await anext(watch)
                        await self._publish_changes(change, watch)
                except Exception:
                    # The next look at everything makes good for what was missed.
                    logger.exception("the stream of backends missed a change")
                    await asyncio.sleep(LOAD_EVERY_S)

    async def _publish_changes(self, change: Change | Resync | None, watch: Watch) -> None:
        """Publish a change and all that are there already, as one event."""
        ids: dict[str, None] = {}
        while change is not None:
            if isinstance(change, Resync):
                await self._refresh()
                return
            ids |= dict.fromkeys(entry.id for entry in change.entries)
            change = watch.poll()
        for some in _parts(list(ids)):
            self._publish(some)
            await asyncio.sleep(0)

    async def _refresh(self) -> None:
        """Bring the ring up to date, whatever has changed."""
        present = [backend.id for backend in self._registry]
        for some in _parts([*present, *(self.ring.keys() - set(present))]):
            self._publish(some)
            await asyncio.sleep(0)

    def _publish(self, ids: Iterable[str]) -> None:
        """Look at these backends and publish what is new of them: one step, so what is published last is what was seen last."""
        found = {backend_id: self._registry.get_backend(backend_id) for backend_id in ids}
        changes = {backend_id: self._entries.entry(backend) if backend else None for backend_id, backend in found.items()}
        self.ring.publish(changes, self._facts())

    def _facts(self) -> dict[str, object]:
        return {"as_of": datetime.fromtimestamp(self._registry.clock.time_ns() / 1e9, UTC)}


def _name_of(backend_id: str) -> dict[str, str]:
    return {"id": backend_id}


def _parts(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
