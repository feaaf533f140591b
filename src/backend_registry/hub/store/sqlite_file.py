"""`SqliteFile`: the file of `SqliteStore`, as its one thread uses it.

Each node is a row with its head and a check sum, and a row for each of its entries. A batch of nodes is one transaction, so a
kill at any moment leaves the batch before or the batch after. Damage is noticed by SQLite's own check, by the check sums of
heads and by the digests of records; a damaged file is set aside under a name that the log tells, and nothing in it is believed.
"""

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from backend_registry.hub.store.encoding import UnreadableError, head_of, read_record, read_wishes, wishes_bytes
from backend_registry.hub.store.shared import StoreUnavailableError
from backend_registry.hub.store.state import NodeState
from backend_registry.protocol import Entry, canonical

__all__ = ("Kept", "SqliteFile")

logger: Final = logging.getLogger("backend_registry.hub")

_VERSION: Final = 1
_APPLICATION: Final = 0x62726567
_MAGIC: Final = b"SQLite format 3\0"
_DAMAGED_MOST: Final = 100
_BESIDE: Final = ("", "-wal", "-shm", "-journal")
_SCHEMA: Final = f"""
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
PRAGMA journal_mode = WAL;
CREATE TABLE node (
  node_id TEXT PRIMARY KEY, head BLOB NOT NULL, wishes BLOB NOT NULL, fenced_ms INTEGER NOT NULL, sum BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE entry (node_id TEXT, id TEXT, body BLOB NOT NULL, PRIMARY KEY (node_id, id)) WITHOUT ROWID;
"""


class Kept(NamedTuple):
    """A node as the file has it.

    Attributes:
        node_id: of the node.
        state: None if nothing is to be kept of it any more.
        fenced_ms: of a fence, the wall clock in milliseconds when it became one; else 0.
    """

    node_id: str
    state: NodeState | None
    fenced_ms: int = 0


class _DamagedError(Exception):
    """The file is not what was written."""


class SqliteFile:
    """The file and the connection to it. Every method waits for the disk; all are called by one thread.

    Args:
        path: of the file; its directory is made for its owner only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._written: dict[str, Mapping[str, Entry]] = {}

    def open(self) -> list[Kept]:
        """Open the file, made anew if there is none or it is damaged, and read all of it.

        Raises:
            StoreUnavailableError: it cannot be used, another process uses it, or it was written by a newer version.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._opened()
        except _DamagedError as damage:
            self.set_aside(str(damage))
            return self._opened()
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise StoreUnavailableError(f"{self._path}: cannot be used: {_reason(error)}") from None

    def _opened(self) -> list[Kept]:
        try:
            kept = list(self._read(self._connect()))
        except UnreadableError as error:
            raise _DamagedError(str(error)) from None
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise StoreUnavailableError(
                    f"{self._path}: in use by another process; give each hub its own directory"
                ) from None
            raise
        except sqlite3.DatabaseError as error:
            raise _DamagedError(f"cannot be read ({_reason(error)})") from None
        self._written = {node.node_id: node.state.record.entries for node in kept if node.state is not None}
        return kept

    def _make(self) -> None:
        """An empty file that is never seen half made, so that an empty one is a damaged one."""
        beside = self._path.with_name(self._path.name + ".new")
        for suffix in _BESIDE:
            Path(f"{beside}{suffix}").unlink(missing_ok=True)
        os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with contextlib.closing(sqlite3.connect(beside)) as connection:
            connection.executescript(_SCHEMA)
        beside.replace(self._path)

    def _connect(self) -> sqlite3.Connection:
        """The connection, for this process alone.

        Raises:
            StoreUnavailableError: another process has the file, or a newer version wrote it.
        """
        if self._connection is not None:
            return self._connection
        if not self._path.exists():
            if Path(f"{self._path}-wal").exists():
                # SQLite would put what is in it into a new file.
                raise _DamagedError("is gone, and has left its log behind")
            self._make()
        with self._path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                # SQLite would take one that is nearly empty for a new one.
                raise _DamagedError("is not an SQLite file")
        connection = sqlite3.connect(self._path, timeout=0, isolation_level=None)
        self._connection = connection
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
        (application,), (version,) = (
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
        )
        if application != _APPLICATION:
            raise _DamagedError("is not a file of a hub")
        if version != _VERSION:
            raise StoreUnavailableError(
                f"{self._path}: was written by a newer version; run that one, or begin with another state directory"
            )
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise _DamagedError("does not pass SQLite's check")
        return connection

    def _read(self, connection: sqlite3.Connection) -> Iterator[Kept]:
        read = 0
        for node_id, head, wishes, fenced_ms, check in connection.execute(
            "SELECT node_id, head, wishes, fenced_ms, sum FROM node"
        ):
            if check != _sum(node_id, head, wishes, fenced_ms):
                raise UnreadableError("has a node that does not fit its check sum")
            bodies = dict(connection.execute("SELECT id, body FROM entry WHERE node_id = ?", (node_id,)))
            read += len(bodies)
            yield Kept(node_id, NodeState(read_record(node_id, head, bodies), read_wishes(wishes)), fenced_ms)
        if connection.execute("SELECT count(*) FROM entry").fetchone() != (read,):
            raise UnreadableError("has backends of nodes that it does not have")

    def write(self, batch: Sequence[Kept]) -> None:
        """Keep these nodes as they are here, all of them or none. When this returns, they are on the disk.

        Raises:
            sqlite3.Error: nothing was written.
        """
        connection = self._connect()
        connection.execute("BEGIN")
        try:
            for node in batch:
                self._put(connection, node)
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        for node_id, state, _ in batch:
            if state is None:
                self._written.pop(node_id, None)
            else:
                self._written[node_id] = state.record.entries

    def _put(self, connection: sqlite3.Connection, node: Kept) -> None:
        node_id, state, fenced_ms = node
        before = self._written.get(node_id, {})
        entries = state.record.entries if state is not None else {}
        gone = [(node_id, entry_id) for entry_id in before if entry_id not in entries]
        # What is the same object was written before: a change is written at the cost of what has changed.
        come = [
            (node_id, entry_id, canonical(entry)) for entry_id, entry in entries.items() if before.get(entry_id) is not entry
        ]
        connection.executemany("DELETE FROM entry WHERE node_id = ? AND id = ?", gone)
        connection.executemany("REPLACE INTO entry VALUES (?, ?, ?)", come)
        if state is None:
            connection.execute("DELETE FROM node WHERE node_id = ?", (node_id,))
            return
        head, wishes = head_of(state.record), wishes_bytes(state.wishes)
        row = (node_id, head, wishes, fenced_ms, _sum(node_id, head, wishes, fenced_ms))
        connection.execute("REPLACE INTO node VALUES (?, ?, ?, ?, ?)", row)

    def set_aside(self, problem: str) -> None:
        """Give a damaged file another name, and say so. What it held has to be written again.

        Raises:
            StoreUnavailableError: that cannot be done.
        """
        self.close()
        self._written = {}
        # After a kill in between, the next start finds a log without its file, and sets it aside too.
        names = [self._path.with_name(f"{self._path.name}.damaged-{number}") for number in range(1, _DAMAGED_MOST + 1)]
        aside = next((name for name in names if not name.exists()), names[-1])
        try:
            for suffix in _BESIDE:
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{self._path}{suffix}").replace(f"{aside}{suffix}")
        except OSError as error:
            raise StoreUnavailableError(f"{self._path}: {problem}, and cannot be set aside: {_reason(error)}") from None
        logger.warning(
            "the hub's file %s %s; it is now %s. Nodes report again by themselves; which ones were deleted, and what operators "
            "wanted and no node has done yet, is lost unless you restore it from there",
            self._path,
            problem,
            aside.name,
        )

    def close(self) -> None:
        """Let the file go; again if it is let go already."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def _sum(node_id: str, head: bytes, wishes: bytes, fenced_ms: int) -> bytes:
    lengths = b"%d %d %d;" % (len(head), len(wishes), fenced_ms)
    return blake2b(lengths + head + wishes + node_id.encode(), digest_size=16).digest()


def _reason(error: OSError | sqlite3.Error) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error)
