"""`RedisStore`: any number of hubs, one Redis or Valkey. Any hub takes any report and serves any read.

An acknowledgement means that Redis has applied the write. Each hub has every record in memory and follows the others' writes;
what Redis loses by a restart, the hubs that still know it write back.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final
from weakref import WeakValueDictionary

from backend_registry import Clock
from backend_registry.hub.store.encoding import UnreadableError
from backend_registry.hub.store.holding import SWEEP_S, Holding
from backend_registry.hub.store.redis_address import Address
from backend_registry.hub.store.redis_change import read_words
from backend_registry.hub.store.redis_follow import Follower
from backend_registry.hub.store.redis_link import RedisLink
from backend_registry.hub.store.redis_nodes import TRIES, Place, RedisNodes, Written
from backend_registry.hub.store.redis_scripts import AGES, Keys
from backend_registry.hub.store.shared import Intents, Listener, StoreUnavailableError
from backend_registry.hub.store.state import NodeState, allowed, deleted, forgotten, is_fence, reported, wished
from backend_registry.protocol import NodeRecord, RefusedReportError, Report, Verdict, Wish

__all__ = ("RedisStore",)

TURN_S: Final = 4.0
"""How long a message waits for earlier ones of its node."""
_OUTDATED: Final = frozenset({409, 410})
"""Refusals that may be due to what this hub has not heard of yet."""


class RedisStore:
    """A `SharedStore` for several hubs.

    Args:
        url: of the Redis, see `Address.parse`.
        clock: for the age of fences.

    Raises:
        InvalidValueError: the url is not right.

    Reports wait 2 seconds for an answer at most, and are refused at once while there is none. For one event loop.
    """

    def __init__(self, url: str, *, clock: Clock = time) -> None:
        self._address: Final = Address.parse(url)
        self._holding: Final = Holding(clock)
        self._keys: Final = Keys.under(self._address.prefix)
        self._link: Final = RedisLink(self._address, self._keys.leases)
        self._nodes: Final = RedisNodes(self._holding, self._link, self._keys)
        self._follower: Final = Follower(self._nodes, self._link, self._keys)
        self._turns: Final = _Turns()
        self._heard_ms: dict[str, float] | None = None

    def __repr__(self) -> str:
        return f"RedisStore(prefix={self._address.prefix!r})"

    @property
    def kind(self) -> str:
        """`redis`."""
        return "redis"

    @property
    def degraded(self) -> str:
        """Why reads may be old; empty if they are not."""
        if self._link.failing:
            return self._link.failing
        return "" if self._follower.in_step else "what other hubs wrote is being read"

    @property
    def records(self) -> Mapping[str, NodeRecord]:
        """Node id to its record, fences among them."""
        return self._holding.records

    @property
    def revision(self) -> int:
        """As `SharedStore.revision`."""
        return self._holding.revision

    async def open(self, listener: Listener) -> None:
        """As `SharedStore.open`."""
        self._holding.listen(listener)
        await self._follower.begin()

    async def run(self) -> None:
        """As `SharedStore.run`. Without it, what other hubs write is not seen, and nothing is tried again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follower.run())
            tasks.create_task(self._sweep())

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            await self.drop_old_fences()

    async def drop_old_fences(self) -> None:
        """Remove fences that have been kept long enough; a Redis that fails now is asked again at the next time."""
        for node_id in self._holding.old_fences():
            try:
                await self._nodes.drop(node_id)
            except (StoreUnavailableError, UnreadableError):
                return

    async def close(self) -> None:
        """Let go of the connections. There is nothing to be kept."""
        await self._link.close()

    # --- reports -------------------------------------------------------------------------------------------------------

    async def report(self, report: Report, *, now_ms: int) -> Verdict:
        """As `SharedStore.report`. Cost: one round trip, shared with others that wait; none for a repeated message."""
        async with self._turns.of(report.node_id):
            for _ in range(TRIES):
                verdict = await self._judged(report, now_ms)
                if verdict is not None:
                    return verdict
        raise StoreUnavailableError("others write to this node all the time")

    async def _judged(self, report: Report, now_ms: int) -> Verdict | None:
        """What a report came to; None if it was judged on what is no longer so."""
        try:
            verdict, after = reported(self._holding.state(report.node_id), report, now_ms=now_ms)
        except RefusedReportError as refusal:
            if refusal.status in _OUTDATED and await self._nodes.refresh(report.node_id):
                return None
            raise
        if verdict.result == "duplicate":
            return verdict
        if verdict.result == "refreshed":
            done = await self._nodes.beat(report.node_id)
        else:
            done = await self._nodes.write(after, verdict=verdict, place="heard") is Written.DONE
        return verdict if done else None

    # --- operators -----------------------------------------------------------------------------------------------------

    async def delete(self, node_id: str) -> NodeRecord | None:
        """As `SharedStore.delete`."""
        before, _ = await self._turn(node_id, deleted)
        return None if before is None else before.record

    async def allow(self, node_id: str) -> bool:
        """As `SharedStore.allow`."""
        before, after = await self._turn(node_id, allowed)
        return before is not after

    async def forget(self, record: NodeRecord) -> bool:
        """As `SharedStore.forget`; also not done if another hub has heard the node since `ages` was last asked."""
        heard_most = "" if self._heard_ms is None else str(self._heard_ms.get(record.node_id, 0))
        before, after = await self._turn(record.node_id, lambda known: forgotten(known, record), heard_most)
        return before is not after

    async def wish(self, node_id: str, intents: Intents, *, reason: str, now_ms: int) -> tuple[Wish, ...]:
        """As `SharedStore.wish`."""
        made: tuple[Wish, ...] = ()

        def with_wishes(known: NodeState) -> NodeState:
            nonlocal made
            after, made = wished(known, intents, reason=reason, now_ms=now_ms)
            return after

        before, _ = await self._turn(node_id, with_wishes)
        if before is None:
            raise KeyError(node_id)
        return made

    async def _turn(
        self, node_id: str, act: Callable[[NodeState], NodeState], heard_most: str = ""
    ) -> tuple[NodeState | None, NodeState | None]:
        """Do something to a node as Redis has it now: its state before and after, the same one if there was nothing to do."""
        async with self._turns.of(node_id):
            for _ in range(TRIES):
                await self._nodes.refresh(node_id)
                known = self._holding.state(node_id)
                after = None if known is None else act(known)
                if after is None or after is known:
                    return known, known
                place: Place = "fence" if is_fence(after.record) else "stay"
                written = await self._nodes.write(after, place=place, heard_most=heard_most)
                if written is not Written.OTHERWISE:
                    return known, after if written is Written.DONE else known
        raise StoreUnavailableError("others write to this node all the time")

    def wishes_of(self, node_id: str) -> tuple[Wish, ...]:
        """As `SharedStore.wishes_of`."""
        return self._holding.wishes_of(node_id)

    async def ages(self) -> Mapping[str, float] | None:
        """As `SharedStore.ages`, by Redis's clock. Cost: one round trip, and about a microsecond for each node."""
        now_ms, packed = await self._link.script(AGES, (self._keys.leases,))
        words = read_words(packed)
        self._heard_ms = {node_id: float(at) for node_id, at in zip(words[::2], words[1::2], strict=True)}
        return {node_id: max(0.0, now_ms - at) / 1000 for node_id, at in self._heard_ms.items()}


class _Turns:
    """One after the other for each node: two writes at once would only be judged again."""

    def __init__(self) -> None:
        self._locks: Final[WeakValueDictionary[str, asyncio.Lock]] = WeakValueDictionary()

    @contextlib.asynccontextmanager
    async def of(self, node_id: str) -> AsyncIterator[None]:
        """A node's turn.

        Raises:
            StoreUnavailableError: earlier ones take too long, or what Redis holds of the node cannot be understood.
        """
        lock = self._locks.setdefault(node_id, asyncio.Lock())
        try:
            async with asyncio.timeout(TURN_S):
                await lock.acquire()
        except TimeoutError:
            raise StoreUnavailableError("earlier messages of this node wait for Redis") from None
        try:
            yield
        except UnreadableError as error:
            raise StoreUnavailableError(f"what Redis holds of this node is left alone: {error}") from None
        finally:
            lock.release()
