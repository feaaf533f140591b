"""The registry's first design, ported literally: two sharded maps, each shard under a reader-writer lock, and copying queries.

It is here to be caught. `add_backend` looks for the id, then writes the model index, then the backend, each step atomic and
the whole not; `remove_backend` goes the other way in three steps; counters are guarded by the shard's write lock, which stands
for the atomics of the original. A query follows the index and copies every backend that it still finds. The layers of proof
must find it non-linearizable and its index corrupt, and the benchmarks measure ours against it.

Self-contained but for `readerwriterlock` and the two errors.
"""

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from readerwriterlock import rwlock

from backend_registry import BackendNotFoundError, DuplicateBackendError

__all__ = ("SeedBackend", "SeedRegistry", "ShardedMap")

_Value = TypeVar("_Value")


class SeedBackend:
    """A plain record with its counters in it, as the original has."""

    def __init__(self, id: str, url: str, *, name: str = "", models: Iterable[Any] = (), status: str = "unknown") -> None:
        self.id = id
        self.url = url
        self.name = name or id
        self.models = [getattr(model, "id", model) for model in models]
        self.status = status
        self.pending_requests = 0
        self.total_requests = 0
        self.avg_latency_ms = 0


class ShardedMap(Generic[_Value]):
    """A map in `shards` parts, each under its own reader-writer lock: single operations are atomic, sequences are not."""

    def __init__(self, shards: int = 16) -> None:
        self._locks = [rwlock.RWLockRead() for _ in range(shards)]
        self._parts: list[dict[str, _Value]] = [{} for _ in range(shards)]

    def _at(self, key: str) -> int:
        return hash(key) % len(self._parts)

    def contains(self, key: str) -> bool:
        at = self._at(key)
        with self._locks[at].gen_rlock():
            return key in self._parts[at]

    def read(self, key: str, of: Callable[[_Value], Any]) -> Any:
        """`of` the value, computed under the read lock; None if there is no such key."""
        at = self._at(key)
        with self._locks[at].gen_rlock():
            value = self._parts[at].get(key)
            return None if value is None else of(value)

    def insert(self, key: str, value: _Value) -> None:
        at = self._at(key)
        with self._locks[at].gen_wlock():
            self._parts[at][key] = value

    def remove(self, key: str) -> _Value | None:
        at = self._at(key)
        with self._locks[at].gen_wlock():
            return self._parts[at].pop(key, None)

    @contextmanager
    def entry(self, key: str, make: Callable[[], _Value] | None = None) -> Iterator[_Value | None]:
        """The value under the write lock, made if it is missing and `make` is given."""
        at = self._at(key)
        with self._locks[at].gen_wlock():
            if make is not None and key not in self._parts[at]:
                self._parts[at][key] = make()
            yield self._parts[at].get(key)

    def items(self) -> list[tuple[str, _Value]]:
        found: list[tuple[str, _Value]] = []
        for lock, part in zip(self._locks, self._parts, strict=True):
            with lock.gen_rlock():
                found += part.items()
        return found


class SeedRegistry:
    """Backends by id, and backend ids by model, kept in step by hand."""

    def __init__(self, shards: int = 16) -> None:
        self.backends: ShardedMap[SeedBackend] = ShardedMap(shards)
        self.model_index: ShardedMap[list[str]] = ShardedMap(shards)

    def add_backend(self, backend: Any) -> None:
        if not isinstance(backend, SeedBackend):
            backend = SeedBackend(backend.id, backend.url, name=backend.name, models=backend.models)
        if self.backends.contains(backend.id):
            raise DuplicateBackendError(backend.id)
        for model in backend.models:
            with self.model_index.entry(model, list) as ids:
                ids.append(backend.id)
        self.backends.insert(backend.id, backend)

    def remove_backend(self, backend_id: str) -> SeedBackend:
        backend = self.backends.remove(backend_id)
        if backend is None:
            raise BackendNotFoundError(backend_id)
        for model in backend.models:
            self._forget(model, backend_id)
        return backend

    def _forget(self, model: str, backend_id: str) -> None:
        with self.model_index.entry(model) as ids:
            if ids is not None:
                ids[:] = [other for other in ids if other != backend_id]
        if not ids:
            self.model_index.remove(model)

    def get_backend(self, backend_id: str) -> SeedBackend | None:
        return self.backends.read(backend_id, copy.copy)

    def get_backends_for_model(self, model: str) -> list[SeedBackend]:
        ids = self.model_index.read(model, list) or []
        return [backend for backend_id in ids if (backend := self.get_backend(backend_id)) is not None]

    def update_models(self, backend_id: str, models: Iterable[Any]) -> None:
        listed = [getattr(model, "id", model) for model in models]
        before = self.backends.read(backend_id, lambda backend: backend.models)
        if before is None:
            raise BackendNotFoundError(backend_id)
        for model in before:
            self._forget(model, backend_id)
        with self.backends.entry(backend_id) as backend:
            if backend is not None:
                backend.models = listed
        for model in listed:
            with self.model_index.entry(model, list) as ids:
                ids.append(backend_id)

    def _change(self, backend_id: str, change: Callable[[SeedBackend], int]) -> int:
        with self.backends.entry(backend_id) as backend:
            if backend is None:
                raise BackendNotFoundError(backend_id)
            return change(backend)

    def increment_pending(self, backend_id: str) -> int:
        def more(backend: SeedBackend) -> int:
            backend.pending_requests += 1
            return backend.pending_requests

        return self._change(backend_id, more)

    def decrement_pending(self, backend_id: str) -> int:
        def less(backend: SeedBackend) -> int:
            backend.pending_requests = max(backend.pending_requests - 1, 0)
            return backend.pending_requests

        return self._change(backend_id, less)

    def update_latency(self, backend_id: str, latency_ms: int) -> int:
        def fold(backend: SeedBackend) -> int:
            old = backend.avg_latency_ms
            backend.avg_latency_ms = latency_ms if old == 0 else (latency_ms + 4 * old) // 5
            return backend.avg_latency_ms

        return self._change(backend_id, fold)

    def index_is_true(self) -> bool:
        """Whether, now that nobody writes, the index names each backend exactly where it serves and nowhere else."""
        found = sorted((model, backend_id) for model, ids in self.model_index.items() for backend_id in ids)
        expected = sorted((model, backend.id) for _, backend in self.backends.items() for model in backend.models)
        return found == expected
