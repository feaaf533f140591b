"""Reports of a node in the order in which a node sends them, and stores that are opened and closed around a test."""

import asyncio
import contextlib

from backend_registry.hub.store import StoreUnavailableError
from tests.protocol.tools import EPOCH, NOW_MS, backend, report

__all__ = ("EPOCH", "NOW_MS", "Node", "Told", "backend", "opened", "outcome", "settled", "until_taken")


class Node:
    """A node as its reporter sees it."""

    def __init__(self, node_id="n1", *entries, epoch=EPOCH, instance="one"):
        self.facts = {"node_id": node_id, "instance": instance, "epoch": epoch}
        self.entries = {entry.id: entry for entry in entries}
        self.revision = 1

    def full(self, **facts):
        return report("full", self.revision, *self.entries.values(), **self.facts, **facts)

    def beat(self):
        return report("beat", self.revision, state=self.entries.values(), **self.facts)

    def bye(self):
        return report("bye", self.revision, state=self.entries.values(), **self.facts)

    def delta(self, *entries, deletes=()):
        base = self.revision
        self.revision += 1
        self.entries.update({entry.id: entry for entry in entries})
        for entry_id in deletes:
            del self.entries[entry_id]
        facts = {**self.facts, "base_revision": base, "deletes": tuple(deletes)}
        return report("delta", self.revision, *entries, state=self.entries.values(), **facts)


class Told(list):
    """A listener that remembers."""

    def __call__(self, change):
        self.append(change)

    def of(self, node_id):
        return [change for change in self if (change.after or change.before).node_id == node_id]

    def assert_in_order(self):
        """Each change of a node begins with what the last one led to."""
        now = {}
        for before, after, *_ in self:
            node_id = (after or before).node_id
            assert now.get(node_id) is before, node_id
            now[node_id] = after
        return now


@contextlib.asynccontextmanager
async def opened(store, *, run=True):
    """The store, open and running; what its listener was told is `store.told`."""
    store.told = Told()
    await store.open(store.told)
    running = asyncio.create_task(store.run()) if run else None
    try:
        yield store
    finally:
        if running is not None:
            running.cancel()
            await asyncio.wait([running])
            assert running.cancelled(), running.exception()
        await store.close()


async def settled(condition, *, within_s=20.0):
    """Wait until something is so."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 -- what is waited for is in another process, or knows no events
            await asyncio.sleep(0.005)


async def outcome(call):
    """What a call came to, `unavailable` if the store was."""
    try:
        return await call
    except StoreUnavailableError:
        return "unavailable"


async def until_taken(store, message, *, within_s=20.0):
    """Send a report as a node does, until it is taken in."""
    async with asyncio.timeout(within_s):
        while True:
            verdict = await outcome(store.report(message, now_ms=NOW_MS))
            if verdict != "unavailable":
                return verdict
            await asyncio.sleep(0.02)
