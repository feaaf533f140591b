"""What the proof layers build their registries from: a still clock, seeded randomness, small backends, little garbage."""

import gc
import random
from collections.abc import Iterator
from contextlib import contextmanager

from backend_registry import Backend, BackendStatus, Registry

__all__ = ("StillClock", "make_backend", "make_registry", "small_heap")


class StillClock:
    """Time that moves only when told to."""

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000

    def monotonic_ns(self) -> int:
        return self.now_ns

    def time_ns(self) -> int:
        return self.now_ns

    def advance(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)


def make_backend(backend_id: str, *models: str, **fields) -> Backend:
    return Backend(backend_id, fields.pop("url", f"http://{backend_id}:8000"), models=models or ("m",), **fields)


def make_registry(*backends: Backend, healthy: bool = False, **arguments) -> Registry:
    arguments.setdefault("clock", StillClock())
    registry = Registry(rng=random.Random(7), **arguments)
    for backend in backends:
        registry.add_backend(backend)
        if healthy:
            registry.update_status(backend.id, BackendStatus.HEALTHY)
    return registry


@contextmanager
def small_heap() -> Iterator[None]:
    """Keeps what other tests left out of hundreds of full collections, which would take most of the time."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
