"""`StateFile`: what operators have done, kept through a kill at any moment.

The file is one JSON document whose first member is a checksum of every byte after it. A new one is written beside the old one,
forced to the disk, and renamed over it, so that a reader finds the old or the new one and nothing else. What does not match
its checksum is set aside under a name that the log tells, and the process begins with nothing: a damaged file is neither
believed nor lost. It holds no secrets, since a backend knows only the names of its credential variables.
"""

import contextlib
import dataclasses
import hashlib
import json
import logging
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import filelock

from backend_registry import Backend, BackendFields, Model, RegistryError
from backend_registry.discovery.errors import StateLockedError, StateReadError, StateWriteError
from backend_registry.discovery.source import Override

__all__ = ("State", "StateFile")

logger: Final = logging.getLogger("backend_registry.discovery")

_VERSION: Final = 1
_BYTES_MOST: Final = 256_000_000
_DAMAGED_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class State:
    """What outlives the process.

    Args:
        backends: those that were added through the API; in no registry.
        overrides: backend id to what operators have set for it.
    """

    backends: tuple[Backend, ...] = ()
    overrides: Mapping[str, Override] = field(default_factory=dict)


class StateFile:
    """`state.json` in a directory of its own.

    Args:
        directory: made when it is first written to, for its owner only.

    Thread-safety: none of its own; `Fleet` calls it under its lock.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / "state.json"

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from using the directory while the block runs; the system ends it with the process.

        Raises:
            StateLockedError: another process, which it names, uses it.
            StateWriteError: the directory cannot be used.
        """
        holder = self._directory / "holder"
        lock = filelock.FileLock(self._directory / "lock", mode=0o600, blocking=False)
        try:
            self._make_directory()
            lock.acquire()
        except filelock.Timeout:
            raise StateLockedError(str(self._directory), _in_use_by(holder)) from None
        except OSError as error:
            raise StateWriteError(str(self._directory), f"cannot be used: {_reason(error)}") from None
        try:
            with contextlib.suppress(OSError):  # It only serves the other one's error.
                holder.write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
            yield
        finally:
            lock.release()

    def load(self) -> State:
        """What was saved last; empty if nothing was, or if it was damaged.

        Raises:
            StateReadError: it cannot be read, was written by a newer version, or is damaged and cannot be set aside.
        """
        try:
            with self._path.open("rb") as file:
                data = file.read(_BYTES_MOST + 1)
        except FileNotFoundError:
            return State()
        except OSError as error:
            raise StateReadError(str(self._path), f"cannot be read: {_reason(error)}") from None
        body = _unsealed(data)
        if body is None:
            self._set_aside("does not match its checksum")
            return State()
        if body["version"] > _VERSION:
            raise StateReadError(
                str(self._path), "was written by a newer version; run that one, or begin with another state directory"
            )
        try:
            return _decoded(body)
        except (RegistryError, TypeError, KeyError) as error:
            self._set_aside(f"holds what cannot be understood ({type(error).__name__})")
            return State()

    def save(self, state: State) -> None:
        """Replace what was saved. When this returns, it is on the disk.

        Raises:
            StateWriteError: it could not be written; the old file is as it was.
        """
        data = _sealed(state)
        if len(data) > _BYTES_MOST:
            raise StateWriteError(str(self._path), f"would have more than {_BYTES_MOST} bytes")
        beside = self._path.with_suffix(".json.new")
        try:
            self._make_directory()
            _write_through(beside, data)
            beside.replace(self._path)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise StateWriteError(str(self._path), f"cannot be written: {_reason(error)}") from None
        _make_durable(self._directory)

    def _make_directory(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _set_aside(self, problem: str) -> None:
        names = [self._path.with_suffix(f".json.damaged-{number}") for number in range(1, _DAMAGED_MOST + 1)]
        aside = next((name for name in names if not name.exists()), names[-1])
        try:
            self._path.replace(aside)
        except OSError as error:
            raise StateReadError(str(self._path), f"{problem}, and cannot be set aside: {_reason(error)}") from None
        logger.warning(
            "%s %s; it is now %s, and backends and settings made through the API are lost unless you restore them from there",
            self._path,
            problem,
            aside.name,
        )


# --- to and from bytes -------------------------------------------------------------------------------------------------


def _sealed(state: State) -> bytes:
    body = {
        "version": _VERSION,
        "backends": [_encoded(backend) for backend in state.backends],
        "overrides": {backend_id: dataclasses.asdict(override) for backend_id, override in state.overrides.items()},
    }
    # Without the opening brace, in place of which the checksum comes.
    rest = json.dumps(body, ensure_ascii=False, indent=1).encode()[1:] + b"\n"
    return _seal(rest) + rest


def _seal(rest: bytes) -> bytes:
    return b'{"blake2b": "%s",' % hashlib.blake2b(rest, digest_size=32).hexdigest().encode()


_SEAL_SIZE: Final = len(_seal(b""))


def _unsealed(data: bytes) -> dict[str, Any] | None:
    """The document, or None if one bit of it is not as it was written."""
    rest = data[_SEAL_SIZE:]
    if data[:_SEAL_SIZE] != _seal(rest):
        return None
    body: dict[str, Any] = json.loads(data)
    return body


def _encoded(backend: Backend) -> dict[str, Any]:
    fields = {name: getattr(backend.record, name) for name in BackendFields.__annotations__}
    models = [dataclasses.asdict(model) for model in backend.models]
    return {**fields, "metadata": dict(backend.metadata), "models": models}


def _decoded(body: dict[str, Any]) -> State:
    backends = tuple(Backend(**{**kept, "models": [Model(**model) for model in kept["models"]]}) for kept in body["backends"])
    return State(backends, {backend_id: Override(**kept) for backend_id, kept in body["overrides"].items()})


# --- onto the disk -----------------------------------------------------------------------------------------------------


def _write_through(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _make_durable(directory: Path) -> None:
    """Force the rename to the disk. Where that cannot be done, a power cut may bring back the file before: old, not other."""
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError:
        return  # Windows opens no directories, and needs none of this.
    try:
        os.fsync(descriptor)
    except OSError as error:
        logger.warning("%s: cannot be forced to the disk: %s", directory, _reason(error))
    finally:
        os.close(descriptor)


def _in_use_by(holder: Path) -> str:
    try:
        who = holder.read_text(encoding="utf-8")[:256]
    except (OSError, UnicodeDecodeError):
        who = "another process"
    return f"in use by {who}; end that one, or choose another directory with --state-dir"


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
