"""`SqliteStore`: one hub, whose last view, fences and wishes outlive it.

Reports are answered from memory; what they change is written behind by one thread, within about `DELAY_S`, in one transaction
for all nodes that changed meanwhile. So an acknowledged report may be missing after a kill or a loss of power within that time,
which its node's next message repairs. What an operator does is on the disk when it is answered, unless the disk fails.
"""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar, TypeVarTuple, Unpack

from backend_registry import Clock
from backend_registry.hub.store.memory import MemoryStore
from backend_registry.hub.store.shared import Intents, Listener, StoreUnavailableError
from backend_registry.hub.store.sqlite_file import Kept, SqliteFile
from backend_registry.protocol import NodeRecord, Wish

__all__ = ("SqliteStore",)

logger: Final = logging.getLogger("backend_registry.hub")

DELAY_S: Final = 0.1
"""How long changes are gathered for one transaction."""
_RETRY_S: Final = 1.0
_OPERATOR_S: Final = 2.0
"""How long what an operator does waits for the disk, at most."""
_CORRUPT: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


class SqliteStore(MemoryStore):
    """A `SharedStore` for one process, kept in a file.

    Args:
        path: of the file. One process at a time; a second one is refused at `open`.
        clock: for the age of fences.

    For one event loop.
    """

    def __init__(self, path: Path, *, clock: Clock = time) -> None:
        super().__init__(clock=clock)
        self._file: Final = SqliteFile(path)
        self._disk: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hub store")
        self._touched: Final[set[str]] = set()
        self._writing: Final = asyncio.Lock()
        self._awake: Final = asyncio.Event()
        self._failing = ""

    @property
    def kind(self) -> str:
        """`sqlite`."""
        return "sqlite"

    @property
    def degraded(self) -> str:
        """Why the file is behind, so that the next start may show old states; empty if it is not."""
        return self._failing

    async def open(self, listener: Listener) -> None:
        """Read the file and tell the listener of each node in it.

        Raises:
            StoreUnavailableError: the file cannot be used, another process uses it, or it was written by a newer version.
        """
        kept = await self._in_thread(self._file.open)
        self._holding.listen(listener)
        now_ms = self._holding.clock.time_ns() // 1_000_000
        for node in kept:
            if node.state is not None:
                self._holding.take(node.state, fence_age_s=max(0, now_ms - node.fenced_ms) / 1000)
        self._holding.on_touch(self._touch)
        self._holding.drop_old_fences()

    def _touch(self, node_id: str) -> None:
        self._touched.add(node_id)
        self._awake.set()

    async def run(self) -> None:
        """Write behind, until cancelled. A disk that fails is tried again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(super().run())
            tasks.create_task(self._write_behind())

    async def _write_behind(self) -> None:
        while True:
            await self._awake.wait()
            await asyncio.sleep(_RETRY_S if self._failing else DELAY_S)
            await self._write()

    async def close(self) -> None:
        """Write what is not written yet, and let the file go."""
        await self._write()
        await self._in_thread(self._file.close)
        self._disk.shutdown(wait=False)

    async def delete(self, node_id: str) -> NodeRecord | None:
        """As `SharedStore.delete`."""
        record = await super().delete(node_id)
        await self._onto_disk()
        return record

    async def allow(self, node_id: str) -> bool:
        """As `SharedStore.allow`."""
        was_deleted = await super().allow(node_id)
        await self._onto_disk()
        return was_deleted

    async def wish(self, node_id: str, intents: Intents, *, reason: str, now_ms: int) -> tuple[Wish, ...]:
        """As `SharedStore.wish`."""
        wishes = await super().wish(node_id, intents, reason=reason, now_ms=now_ms)
        await self._onto_disk()
        return wishes

    async def _onto_disk(self) -> None:
        # It is done by now. If the disk takes longer, it is kept when the disk is back, and `degraded` tells.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OPERATOR_S):
                await self._write()

    async def _write(self) -> None:
        async with self._writing:
            touched = set(self._touched)
            self._touched.clear()
            self._awake.clear()
            if not touched:
                return
            try:
                await self._in_thread(self._file.write, [self._kept(node_id) for node_id in touched])
            except (sqlite3.Error, OSError, StoreUnavailableError) as error:
                self._put_off(touched)
                await self._failed(error)
            except asyncio.CancelledError:
                # The thread may have come to it or not: once more does no harm.
                self._put_off(touched)
                raise
            else:
                self._recovered()

    def _kept(self, node_id: str) -> Kept:
        age_s = self._holding.fence_age_s(node_id)
        fenced_ms = 0 if age_s is None else round(self._holding.clock.time_ns() / 1e6 - age_s * 1e3)
        return Kept(node_id, self._holding.state(node_id), fenced_ms)

    def _put_off(self, touched: set[str]) -> None:
        self._touched.update(touched)
        self._awake.set()

    async def _failed(self, error: Exception) -> None:
        if not self._failing:
            logger.warning("the hub's file cannot be written (%s); a restart would begin with old states", error)
        self._failing = "the hub's file cannot be written"
        if isinstance(error, sqlite3.DatabaseError) and error.sqlite_errorcode & 0xFF in _CORRUPT:
            await self._in_thread(self._file.set_aside, "has become damaged")
            self._put_off(set(self._holding.records))

    def _recovered(self) -> None:
        if self._failing:
            logger.info("the hub's file can be written again")
            self._failing = ""

    async def _in_thread(self, work: Callable[[Unpack[_Arguments]], _Result], *arguments: *_Arguments) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work, *arguments)
