"""A hub over a store, on a clock that stands still until it is moved, and nodes that report to it."""

import asyncio
import random
from collections.abc import Mapping

from backend_registry.config import HubConfig
from backend_registry.hub.service import Hub
from backend_registry.hub.store.memory import MemoryStore
from backend_registry.hub.store.shared import NodeChange
from backend_registry.protocol import Entry, NodeRecord, RefusedReportError, Report, digest_of, in_hex

NOW_MS = 1_800_000_000_000


class Clock:
    def __init__(self):
        self.now = 5000.0

    def __call__(self):
        return self.now

    def ms(self):
        return NOW_MS + round(self.now * 1000)


def entry(name="a", **fields):
    return Entry(id=name, name=name, kind="vllm", **{"status": "available", **fields})


class Node:
    """Makes reports of a node. `entries` are its backends."""

    def __init__(self, node_id, *entries, epoch=NOW_MS, instance="first"):
        self.node_id, self.epoch, self.instance = node_id, epoch, instance
        self.entries = list(entries)
        self.revision = 1

    def _report(self, kind, **parts):
        digest = in_hex(digest_of(self.entries))
        parts = {"node_id": self.node_id, "epoch": self.epoch, "instance": self.instance, "revision": self.revision} | parts
        return Report(kind=kind, digest=digest, **parts)

    def full(self, **parts):
        return self._report("full", upserts=tuple(self.entries), **parts)

    def beat(self, **parts):
        return self._report("beat", **parts)

    def bye(self, **parts):
        return self._report("bye", **parts)

    def changed(self, *entries):
        """The delta to these backends in place of those with the same ids."""
        self.entries = [*(one for one in self.entries if one.id not in {new.id for new in entries}), *entries]
        self.revision += 1
        return self._report("delta", base_revision=self.revision - 1, upserts=tuple(entries))

    def restarted(self):
        self.epoch += 1
        self.revision = 1
        self.instance = f"boot-{self.epoch}"
        return self.full()


class RestoredStore(MemoryStore):
    """A store that knows nodes from before its hub's start."""

    def __init__(self, records):
        super().__init__()
        self._restored = records

    async def open(self, listener):
        await super().open(_nobody)
        for record in self._restored:
            self._holding.records[record.node_id] = record
        self._holding.listen(listener)
        for record in self._restored:
            listener(NodeChange(None, record, None))


class SharedMemory(MemoryStore):
    """A store that other hubs write to as well, and that can fail. `told` is what they tell of nodes' ages."""

    def __init__(self):
        super().__init__()
        self.told: Mapping[str, float] = {}
        self.error = None

    kind = "redis"

    @property
    def degraded(self):
        return "" if self.error is None else "the connection is lost"

    def write(self, state):
        """Another hub writes."""
        self._holding.take(state)

    async def report(self, report, *, now_ms):
        if self.error is not None:
            raise self.error
        return await super().report(report, now_ms=now_ms)

    async def forget(self, record):
        if self.error is not None:
            raise self.error
        return await super().forget(record)

    async def ages(self):
        if self.error is not None:
            raise self.error
        return dict(self.told)


class Cluster:
    """A hub, run by hand: `report` and `call` wait for it, `pass_time` moves the clock with a sweep each second."""

    def __init__(self, store=None, **settings):
        self.clock = Clock()
        self.store = MemoryStore() if store is None else store
        self.runner = asyncio.Runner()
        self.hub = self.runner.run(self._open(HubConfig(**settings)))

    async def _open(self, settings):
        hub = Hub(self.store, settings, rng=random.Random(1), clock=self.clock, now_ms=self.clock.ms)
        await hub.open()
        return hub

    def call(self, coroutine):
        return self.runner.run(coroutine)

    def report(self, report):
        return self.call(self.hub.report(report))

    def refusal(self, report):
        try:
            self.report(report)
        except RefusedReportError as refused:
            return refused
        raise AssertionError("it was taken in")

    def pass_time(self, seconds, *, beating=()):
        for second in range(seconds):
            self.clock.now += 1.0
            for node in beating if second % 5 == 0 else ():
                self.report(node.beat())
            self.hub.sweep()

    def warm(self, *nodes):
        """Nodes that are live, of a hub that is past its start."""
        for node in nodes:
            self.report(node.full())
        self.pass_time(61, beating=nodes)

    def events(self, *kinds):
        """What happened, oldest first; all, or those of some kinds."""
        events = reversed(self.hub.events.page(None, 10_000).events)
        return [event for event in events if not kinds or event.kind in kinds]

    def kinds(self):
        return [event.kind for event in self.events()]

    def running(self, act):
        """Run the hub until `act(hub)` has ended."""

        async def run():
            task = asyncio.create_task(self.hub.run())
            try:
                async with asyncio.timeout(20):
                    await act(self.hub)
            finally:
                task.cancel()
                await asyncio.wait([task])
            if not task.cancelled():
                task.result()

        self.runner.run(run())

    def close(self):
        self.runner.run(self.hub.close())
        self.runner.close()


async def until(condition):
    """Wait for something that the hub does by itself."""
    while not condition():  # noqa: ASYNC110 -- what is waited for has no event
        await asyncio.sleep(0.005)


def record(node_id, *entries, presence="present", epoch=NOW_MS):
    return NodeRecord(
        node_id=node_id,
        epoch=epoch,
        revision=1,
        instance="first",
        digest=digest_of(entries),
        entries={one.id: one for one in entries},
        presence=presence,
    )


def _nobody(_change):
    """A listener."""
