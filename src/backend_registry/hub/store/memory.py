"""`MemoryStore`: one hub, and nothing kept when it ends. Nodes fill it again within one beat."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from backend_registry import Clock
from backend_registry.hub.store.holding import SWEEP_S, Holding
from backend_registry.hub.store.shared import Intents, Listener
from backend_registry.hub.store.state import NodeState, allowed, deleted, forgotten, reported, wished
from backend_registry.protocol import NodeRecord, Report, Verdict, Wish

__all__ = ("MemoryStore",)


class MemoryStore:
    """A `SharedStore` for one process. `report` never suspends.

    Args:
        clock: for the age of fences.

    For one event loop.
    """

    def __init__(self, *, clock: Clock = time) -> None:
        self._holding: Final = Holding(clock)

    @property
    def kind(self) -> str:
        """`memory`."""
        return "memory"

    @property
    def degraded(self) -> str:
        """Nothing: memory is what it is."""
        return ""

    @property
    def records(self) -> Mapping[str, NodeRecord]:
        """Node id to its record, fences among them."""
        return self._holding.records

    @property
    def revision(self) -> int:
        """As `SharedStore.revision`."""
        return self._holding.revision

    async def open(self, listener: Listener) -> None:
        """Begin with nothing."""
        self._holding.listen(listener)

    async def run(self) -> None:
        """Drop fences that have been kept long enough, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self._holding.drop_old_fences()

    async def close(self) -> None:
        """There is nothing to be kept."""

    async def report(self, report: Report, *, now_ms: int) -> Verdict:
        """As `SharedStore.report`, without suspending. Cost: that of `judge`."""
        verdict, after = reported(self._holding.state(report.node_id), report, now_ms=now_ms)
        if verdict.result == "applied":
            self._holding.take(after, verdict)
        return verdict

    async def delete(self, node_id: str) -> NodeRecord | None:
        """As `SharedStore.delete`."""
        known = self._holding.state(node_id)
        if known is None:
            return None
        self._turn(known, deleted(known))
        return known.record

    async def allow(self, node_id: str) -> bool:
        """As `SharedStore.allow`."""
        known = self._holding.state(node_id)
        return known is not None and self._turn(known, allowed(known))

    async def forget(self, record: NodeRecord) -> bool:
        """As `SharedStore.forget`."""
        known = self._holding.state(record.node_id)
        return known is not None and self._turn(known, forgotten(known, record))

    def _turn(self, known: NodeState, after: NodeState) -> bool:
        if after is known:
            return False
        self._holding.take(after)
        return True

    async def wish(self, node_id: str, intents: Intents, *, reason: str, now_ms: int) -> tuple[Wish, ...]:
        """As `SharedStore.wish`."""
        known = self._holding.state(node_id)
        if known is None:
            raise KeyError(node_id)
        after, made = wished(known, intents, reason=reason, now_ms=now_ms)
        self._holding.take(after)
        return made

    def wishes_of(self, node_id: str) -> tuple[Wish, ...]:
        """As `SharedStore.wishes_of`."""
        return self._holding.wishes_of(node_id)

    async def ages(self) -> Mapping[str, float] | None:
        """None: there is no other hub."""
        return None
