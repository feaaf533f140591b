"""Measurements that need an interpreter of their own: `python -m benchmarks.child memory shared 10000` prints JSON."""

import gc
import json
import os
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ("KINDS_OF_MODELS", "memory")

KINDS_OF_MODELS = ("shared", "equal", "own", "unique")
"""How the five models of each backend are given: the same strings everywhere; equal strings, each backend its own, as from
JSON; `Model` objects of its own, as from a probe; and model ids that no other backend has."""


def _models(kind: str, at: int) -> list[object]:
    from backend_registry import Model

    ids = [f"model-{at}-{i}" if kind == "unique" else f"model-{(at + i) % 50}" for i in range(5)]
    if kind == "shared":
        return [sys.intern(model_id) for model_id in ids]
    return [Model(model_id, context_length=8192) for model_id in ids] if kind == "own" else list(ids)


def memory(kind: str, count: int) -> float:
    """Bytes per backend that the interpreter has handed out for `count` registered backends, published tuples included."""
    from backend_registry import Backend, Registry

    def backends(prefix: str, some: int) -> Iterator[Backend]:
        for i in range(some):
            yield Backend(f"{prefix}-{i}", f"http://10.0.0.1:8000/{prefix}/{i}", models=_models(kind, i))

    # What is made once per process (caches, the journal, ...) is made by a first registry.
    Registry().apply(backends("warm-up", 100))
    registry = Registry()
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for backend in backends("b", count):
        registry.add_backend(backend)
    for model in {model.id for backend in registry for model in backend.models}:
        registry.candidates(model)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    return (after - before) / count


def _resident_bytes() -> int:
    """What this process occupies now; Linux only."""
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _grown(warm_up: Callable[[], object], build: Callable[[], object], count: int) -> float:
    """Resident bytes per item that `build` adds; unlike tracemalloc this sees what other languages allocate."""
    warm_up()
    gc.collect()
    before = _resident_bytes()
    built = build()
    gc.collect()
    after = _resident_bytes()
    del built
    return (after - before) / count


def _resident(whose: str, count: int) -> float:
    if whose == "litellm":
        from benchmarks.peers import litellm_router

        return _grown(lambda: litellm_router.make(100), lambda: litellm_router.make(count), count)

    from backend_registry import Backend, Registry

    def fill(some: int) -> Registry:
        registry = Registry()
        for i in range(some):
            registry.add_backend(Backend(f"b-{i}", f"http://10.0.0.1:8000/{i}", models=_models("shared", i)))
        return registry

    return _grown(lambda: fill(100), lambda: fill(count), count)


_JOBS: dict[str, Callable[..., float]] = {
    "memory": lambda kind, count: memory(kind, int(count)),
    "resident": lambda whose, count: _resident(whose, int(count)),
}

if __name__ == "__main__":
    print(json.dumps(_JOBS[sys.argv[1]](*sys.argv[2:])))
