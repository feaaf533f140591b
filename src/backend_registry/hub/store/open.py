"""`open_store`: the store that a configuration names."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from backend_registry import InvalidValueError
from backend_registry.hub.store.memory import MemoryStore
from backend_registry.hub.store.shared import SharedStore
from backend_registry.hub.store.sqlite import SqliteStore

__all__ = ("open_store",)

_FILE: Final = "hub.sqlite"
_SCHEMES: Final = frozenset({"redis", "rediss", "valkey", "valkeys"})


def open_store(name: str, *, state_dir: Path) -> SharedStore:
    """The store of a hub; nothing is read or connected to before its `open`.

    Args:
        name: `memory`, `sqlite`, or the url of a Redis or Valkey: `redis://`, `rediss://` (TLS), `valkey://` or `valkeys://`.
        state_dir: where SQLite's file is.

    Raises:
        InvalidValueError: the name is none of these, the url is not right, or the store needs a library that is not
            installed. Its text never repeats the url, which may have a password.
    """
    if name == "memory":
        return MemoryStore()
    if name == "sqlite":
        return SqliteStore(state_dir / _FILE)
    if _scheme(name) not in _SCHEMES:
        raise InvalidValueError("store", "is no store", "write memory, sqlite, or a url such as redis://10.0.0.5:6379/0")
    try:
        import redis  # noqa: F401 -- only to see whether it is there
    except ImportError:
        raise InvalidValueError(
            "store", "needs the library redis, which is not installed", 'run: python -m pip install "backend-registry[redis]"'
        ) from None
    from backend_registry.hub.store.redis import RedisStore

    return RedisStore(name)


def _scheme(name: str) -> str:
    try:
        return urlsplit(name).scheme
    except ValueError:
        return ""
