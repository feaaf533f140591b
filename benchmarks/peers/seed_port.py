"""The registry's first design, ported literally, as an honest baseline: locks by shard, and queries that copy.

Two maps, backends by id and backend ids by model, each cut into shards, each shard under a reader-writer lock. Whoever asks
gets copies, so that nobody can change what the registry holds. The original is written in a language in which a copy of a
record is a few instructions; `copy.deepcopy` is its literal translation, `Record.clone` what one would write by hand.
"""

import copy
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from readerwriterlock.rwlock import RWLockRead

__all__ = ("ModelRecord", "Record", "SeedRegistry")

_Value = TypeVar("_Value")


@dataclass
class ModelRecord:
    """A model that a backend serves."""

    id: str
    name: str
    context_length: int = 4096
    supports_vision: bool = False
    supports_tools: bool = False
    supports_json_mode: bool = False
    max_output_tokens: int | None = None


@dataclass
class Record:
    """A backend and its counters."""

    id: str
    url: str
    name: str = ""
    backend_type: str = "generic"
    status: str = "unknown"
    models: list[ModelRecord] = field(default_factory=list)
    priority: int = 0
    pending_requests: int = 0
    total_requests: int = 0
    avg_latency_ms: int = 0
    discovery_source: str = "static"
    metadata: dict[str, str] = field(default_factory=dict)
    last_error: str | None = None

    def clone(self) -> "Record":
        """A copy of everything that can change; written by hand, since it is ten times faster than the general way."""
        models = [
            ModelRecord(
                m.id,
                m.name,
                m.context_length,
                m.supports_vision,
                m.supports_tools,
                m.supports_json_mode,
                m.max_output_tokens,
            )
            for m in self.models
        ]
        return Record(
            self.id,
            self.url,
            self.name,
            self.backend_type,
            self.status,
            models,
            self.priority,
            self.pending_requests,
            self.total_requests,
            self.avg_latency_ms,
            self.discovery_source,
            dict(self.metadata),
            self.last_error,
        )


class _ShardedMap(Generic[_Value]):
    """A dict in shards, each under its own lock."""

    def __init__(self, shards: int) -> None:
        self._shards: list[tuple[RWLockRead, dict[str, _Value]]] = [(RWLockRead(), {}) for _ in range(shards)]

    def reading(self, key: str) -> tuple[AbstractContextManager[object], dict[str, _Value]]:
        lock, part = self._shards[hash(key) % len(self._shards)]
        return lock.gen_rlock(), part

    def writing(self, key: str) -> tuple[AbstractContextManager[object], dict[str, _Value]]:
        lock, part = self._shards[hash(key) % len(self._shards)]
        return lock.gen_wlock(), part


class SeedRegistry:
    """The verbs that are compared."""

    def __init__(self, shards: int = 16, *, copied: Callable[[Record], Record] = copy.deepcopy) -> None:
        self._backends: _ShardedMap[Record] = _ShardedMap(shards)
        self._index: _ShardedMap[list[str]] = _ShardedMap(shards)
        self._copied = copied

    def fill(self, count: int, models: Iterable[str]) -> "SeedRegistry":
        """`count` backends of these models, with the ids b0, b1, b2 ..."""
        named = [ModelRecord(model, model) for model in models]
        for i in range(count):
            self.add_backend(Record(f"b{i}", f"http://10.0.0.1:{i}", models=list(named), status="healthy"))
        return self

    def add_backend(self, backend: Record) -> None:
        """Into the one map, then into the other."""
        lock, part = self._backends.writing(backend.id)
        with lock:
            part[backend.id] = backend
        for model in backend.models:
            lock, ids = self._index.writing(model.id)
            with lock:
                ids.setdefault(model.id, []).append(backend.id)

    def get_backends_for_model(self, model: str) -> list[Record]:
        """A copy of every backend that serves the model."""
        lock, index = self._index.reading(model)
        with lock:
            ids = list(index.get(model, ()))
        found = []
        for backend_id in ids:
            lock, part = self._backends.reading(backend_id)
            with lock:
                backend = part.get(backend_id)
                if backend is not None:
                    found.append(self._copied(backend))
        return found

    def increment_pending(self, backend_id: str) -> int:
        """One more in flight."""
        lock, part = self._backends.writing(backend_id)
        with lock:
            backend = part[backend_id]
            backend.pending_requests += 1
            return backend.pending_requests
