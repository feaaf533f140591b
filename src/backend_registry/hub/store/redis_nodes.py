"""`RedisNodes`: one node at a time, read from Redis, written to it if nobody else has, and brought to agree with it."""

import logging
from collections.abc import Mapping
from enum import IntEnum
from typing import Final, Literal, NamedTuple

from backend_registry.hub.store.encoding import head_of, read_record, read_wishes, wishes_bytes
from backend_registry.hub.store.holding import FENCE_S, Holding
from backend_registry.hub.store.redis_change import (
    Change,
    Difference,
    change_of,
    changed,
    difference,
    later,
    mark_after,
    newer,
    read_words,
    removal_of,
)
from backend_registry.hub.store.redis_link import RedisLink
from backend_registry.hub.store.redis_scripts import DROP, READ, WRITE, Keys
from backend_registry.hub.store.shared import StoreUnavailableError
from backend_registry.hub.store.state import NodeState, is_fence
from backend_registry.protocol import Entry, Verdict

__all__ = ("TRIES", "Place", "RedisNodes", "Written")

logger: Final = logging.getLogger("backend_registry.hub")

TRIES: Final = 8
"""How often a node is read and judged again when others write to it at the same moment."""
_CHANGES_KEPT: Final = 10_000
_ENTRY: Final = "e:"
Place = Literal["heard", "stay", "fence"]
_NOTHING: Final[Mapping[str, Entry]] = {}


class _Found(NamedTuple):
    """What Redis holds of a node."""

    mark: bytes
    state: NodeState
    fence_age_s: float


class Written(IntEnum):
    """What became of a write."""

    DONE = 1
    OTHERWISE = 0
    """Redis has another state than the one that was judged on."""
    HEARD = -1
    """Another hub has heard the node meanwhile."""


class _Write(NamedTuple):
    """What is to be written.

    Attributes:
        after: the node's state from then on.
        known: the state that it differs from; None writes all of it.
        before: the mark that Redis must have.
        mark: the mark from then on.
        place: see `RedisNodes.write`; so are the others.
        fence_age_s: of a fence, for how long it has been one.
    """

    after: NodeState
    known: NodeState | None
    before: bytes
    mark: bytes
    place: Place
    verdict: Verdict | None = None
    heard_most: str = ""
    fence_age_s: float = 0.0


class RedisNodes:
    """What this hub holds of each node, with the mark that it has in Redis.

    Args:
        holding: records and wishes in memory.
        link: to Redis.
        keys: names of the keys.

    For one event loop.
    """

    def __init__(self, holding: Holding, link: RedisLink, keys: Keys) -> None:
        self.holding: Final = holding
        self._link: Final = link
        self._keys: Final = keys
        self._marks: Final[dict[str, bytes]] = {}
        self._mine: Final[dict[bytes, tuple[NodeState, Verdict | None]]] = {}

    def mark(self, node_id: str) -> bytes:
        """The mark of what is held of a node; empty if nothing is."""
        return self._marks.get(node_id, b"")

    def key(self, node_id: str) -> str:
        """The key of a node's hash."""
        return self._keys.node + node_id

    # --- writing -------------------------------------------------------------------------------------------------------

    async def beat(self, node_id: str) -> bool:
        """Note that a node was heard in the state that is held here; if Redis has another one, that is held now, and False."""
        if await self._link.beat(self.key(node_id), node_id, self.mark(node_id)):
            return True
        await self.refresh(node_id)
        return False

    async def write(
        self, after: NodeState, *, verdict: Verdict | None = None, place: Place = "stay", heard_most: str = ""
    ) -> Written:
        """Make this of a node, if Redis still has what is held here; if it has not, what it has is held now.

        Args:
            after: the node's state from now on.
            verdict: what the report that made it came to.
            place: `heard` renews the lease, `fence` ends it.
            heard_most: do it only if nobody has heard the node since then, in milliseconds of Redis's clock.

        Raises:
            StoreUnavailableError: it is not known to have been done.
        """
        node_id = after.record.node_id
        before = self.mark(node_id)
        write = _Write(after, self.holding.state(node_id), before, mark_after(before), place, verdict, heard_most)
        written = await self._put(write)
        if written is Written.OTHERWISE:
            await self.refresh(node_id)
        return written

    async def _put(self, write: _Write) -> Written:
        record, wishes = write.after
        before, mark, known = write.before, write.mark, write.known
        steps = difference(_NOTHING if known is None else known.record.entries, record.entries)
        fence_age_ms = round(write.fence_age_s * 1000)
        self._mine[mark] = write.after, write.verdict
        try:
            answer = await self._link.script(
                WRITE,
                (self.key(record.node_id), *self._shared_keys()),
                *(before, mark, record.node_id, head_of(record), wishes_bytes(wishes)),
                *(write.place, fence_age_ms, write.heard_most, int(known is None), _CHANGES_KEPT),
                *(change_of(write.after, (before, mark), steps, fence_age_ms), len(steps.gone)),
                *_fields(steps),
            )
        finally:
            del self._mine[mark]
        written = Written(answer)
        if written is Written.DONE:
            self._take(mark, write.after, write.verdict, fence_age_s=write.fence_age_s)
        return written

    async def drop(self, node_id: str) -> None:
        """Remove a node's fence.

        Raises:
            StoreUnavailableError: it is not known to have been done.
        """
        mark = self.mark(node_id)
        keys = (self.key(node_id), *self._shared_keys())
        if await self._link.script(DROP, keys, mark, node_id, _CHANGES_KEPT, removal_of(node_id, mark)) == 1:
            self._let_go(node_id, mark)
        else:
            await self.refresh(node_id)

    def _shared_keys(self) -> tuple[str, ...]:
        keys = self._keys
        return keys.changes, keys.count, keys.nodes, keys.leases, keys.fences

    # --- what others wrote ---------------------------------------------------------------------------------------------

    async def follow(self, change: Change) -> None:
        """Hold what a change in the stream has made of its node.

        Raises:
            StoreUnavailableError: the node had to be read, and could not be.
            UnreadableError: it cannot be understood.
        """
        node_id, held = change.node_id, self.mark(change.node_id)
        mine = self._mine.get(change.after)
        if not change.after:
            self._let_go(node_id, change.before)
        elif mine is not None:
            # The answer to this hub's own write is under way; what it was judged to be is told now.
            self._take(change.after, *mine)
        elif held == change.before and change.inline:
            after = changed(self.holding.state(node_id), change)
            self._take(change.after, after, fence_age_s=change.fence_age_ms / 1000)
        elif later(change.after, held):
            await self.refresh(node_id)

    async def refresh(self, node_id: str) -> bool:
        """Bring what is held of a node and what Redis has of it to agree: whether another state is held than before.

        Raises:
            StoreUnavailableError: Redis cannot be asked, or others write to the node all the time.
            UnreadableError: what it has cannot be understood.
        """
        before = self.mark(node_id)
        for _ in range(TRIES):
            found = await self._read(node_id)
            if await self._agree(node_id, found):
                return self.mark(node_id) != before
        raise StoreUnavailableError("others write to this node all the time")

    async def _agree(self, node_id: str, found: _Found | None) -> bool:
        """Whether both hold the same now; if not, Redis's has changed since it was read."""
        mine, mark = self.holding.state(node_id), self.mark(node_id)
        if mine is None:
            if found is not None:
                self._take(found.mark, found.state, fence_age_s=found.fence_age_s)
            return True
        if found is None:
            return await self._agree_on_loss(node_id, mine)
        if found.mark == mark:
            return True
        if found.state == mine:
            self._take(found.mark, mine, fence_age_s=found.fence_age_s, whatever=True)
            return True
        if newer((mark, mine.record), (found.mark, found.state.record)):
            return await self._restore(mine, found.mark)
        own = self._mine.get(found.mark)
        self._take(found.mark, found.state, own[1] if own else None, fence_age_s=found.fence_age_s, whatever=True)
        return True

    async def _agree_on_loss(self, node_id: str, mine: NodeState) -> bool:
        age_s = self.holding.fence_age_s(node_id)
        if age_s is not None and age_s >= FENCE_S:
            self._let_go(node_id, self.mark(node_id))
            return True
        return await self._restore(mine, b"")

    async def _restore(self, mine: NodeState, before: bytes) -> bool:
        """Write back what Redis has lost, in place of what it has under this mark."""
        node_id = mine.record.node_id
        mark = mark_after(before, self.mark(node_id))
        age_s = self.holding.fence_age_s(node_id) or 0.0
        place: Place = "fence" if is_fence(mine.record) else "stay"
        written = await self._put(_Write(mine, None, before, mark, place, fence_age_s=age_s))
        if written is Written.DONE:
            logger.debug("written back to Redis", extra={"node": node_id})
        return written is Written.DONE

    async def _read(self, node_id: str) -> _Found | None:
        packed, fence_age_ms = await self._link.script(READ, (self.key(node_id), self._keys.fences), node_id)
        words = read_words(packed)
        if not words:
            return None
        fields = dict(zip(words[::2], map(str.encode, words[1::2]), strict=True))
        mark, head, wishes = (fields.pop(name, b"") for name in ("mark", "head", "wishes"))
        bodies = {name[len(_ENTRY) :]: body for name, body in fields.items() if name.startswith(_ENTRY)}
        record = read_record(node_id, head, bodies, like=self.holding.records.get(node_id))
        return _Found(mark, NodeState(record, read_wishes(wishes)), fence_age_ms / 1000)

    # --- what is held --------------------------------------------------------------------------------------------------

    def _take(
        self, mark: bytes, after: NodeState, verdict: Verdict | None = None, *, fence_age_s: float = 0.0, whatever: bool = False
    ) -> None:
        """Hold this, unless something later is held already: the answer to a write and the stream tell of it both."""
        node_id = after.record.node_id
        if whatever or later(mark, self.mark(node_id)):
            self._marks[node_id] = mark
            self.holding.take(after, verdict, fence_age_s=fence_age_s)

    def _let_go(self, node_id: str, mark: bytes) -> None:
        if self._marks.get(node_id) == mark:
            del self._marks[node_id]
            self.holding.drop(node_id)


def _fields(steps: Difference) -> list[str | bytes]:
    """Names of fields that go, then names and values of those that come."""
    fields: list[str | bytes] = [_ENTRY + entry_id for entry_id in steps.gone]
    for entry_id, body in steps.come.items():
        fields += (_ENTRY + entry_id, body)
    return fields
