"""`Follower`: what other hubs write, as it comes in the stream, and everything anew when something may have been missed."""

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Final

from backend_registry.hub.store.encoding import UnreadableError
from backend_registry.hub.store.redis_change import read_change, read_words
from backend_registry.hub.store.redis_link import RedisLink
from backend_registry.hub.store.redis_nodes import RedisNodes
from backend_registry.hub.store.redis_scripts import NEWEST, Keys
from backend_registry.hub.store.shared import StoreUnavailableError

__all__ = ("Follower",)

logger: Final = logging.getLogger("backend_registry.hub")

_COMPARED: Final = 256
_READ: Final = 64
"""Nodes of one round trip, so that each ends well within the time limit."""
_PAUSE_MOST_S: Final = 2.0


class Follower:
    """Where this hub is in the stream.

    Every change has a number. One that is not the next means that some were missed: the stream was shortened past the place
    where this hub was, or Redis has begun anew. Then, and after every lost connection, the marks of all nodes are compared.

    For one event loop.
    """

    def __init__(self, nodes: RedisNodes, link: RedisLink, keys: Keys) -> None:
        self._nodes: Final = nodes
        self._link: Final = link
        self._keys: Final = keys
        self._cursor = b"0-0"
        self._count = 0
        self._uneasy = False
        self.in_step: bool = False

    async def run(self) -> None:
        """Follow until cancelled. A Redis that fails is tried again."""
        pause_s = 0.0
        while True:
            try:
                if not self.in_step:
                    await self.begin()
                    pause_s = 0.0
                await self._step()
            except StoreUnavailableError:
                self.in_step = False
                pause_s = min(max(0.1, 2 * pause_s), _PAUSE_MOST_S)
                # Not all hubs at the same moment.
                await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))

    async def begin(self) -> None:
        """Bring every node to agree with Redis, and follow the stream from before that on.

        Raises:
            StoreUnavailableError: Redis cannot be asked.
        """
        await self._link.probe()
        # Captured first: what is written meanwhile is read twice, and the second time changes nothing.
        keys = self._keys
        cursor, count, node_ids = await self._link.script(NEWEST, (keys.changes, keys.count, keys.nodes))
        everyone = list({*read_words(node_ids), *self._nodes.holding.records})
        for start in range(0, len(everyone), _COMPARED):
            await self._compare(everyone[start : start + _COMPARED])
        self._cursor, self._count = cursor, int(count)
        self._uneasy, self.in_step = False, True

    async def _compare(self, node_ids: list[str]) -> None:
        marks = await asyncio.gather(*(self._link.send("HGET", self._nodes.key(node_id), "mark") for node_id in node_ids))
        others = [node_id for node_id, mark in zip(node_ids, marks, strict=True) if (mark or b"") != self._nodes.mark(node_id)]
        for start in range(0, len(others), _READ):
            await self._refresh(others[start : start + _READ])

    async def _refresh(self, node_ids: Sequence[str]) -> None:
        done = await asyncio.gather(*map(self._nodes.refresh, node_ids), return_exceptions=True)
        for error in done:
            if isinstance(error, UnreadableError):
                _unreadable(error)
            elif isinstance(error, BaseException):
                raise error

    async def _step(self) -> None:
        entries = await self._link.tail(self._keys.changes, self._cursor)
        if not entries:
            await self._look()
            return
        self._uneasy = False
        for entry_id, fields in entries:
            count = int(fields.get(b"n", 0))
            if count != self._count + 1:
                logger.info("changes were missed; all nodes are compared", extra={"expected": self._count + 1, "found": count})
                self.in_step = False
                return
            try:
                await self._nodes.follow(read_change(fields.get(b"change", b"")))
            except UnreadableError as error:
                _unreadable(error)
            self._cursor, self._count = entry_id, count

    async def _look(self) -> None:
        """In a quiet moment, whether Redis has begun anew: its stream would be silent for those who wait at the old place."""
        count = int(await self._link.send("GET", self._keys.count) or 0)
        behind = count != self._count
        # Once may be a change on its way.
        self.in_step = not (behind and self._uneasy)
        self._uneasy = behind


def _unreadable(error: UnreadableError) -> None:
    logger.warning("what Redis holds of a node is left alone: %s; do all hubs run the same version?", error)
