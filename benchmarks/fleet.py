"""Registries of a given size and load."""

import random
from collections.abc import Iterable

from backend_registry import Backend, Registry

__all__ = ("MODEL", "busy", "idle", "spread")

MODEL = "llama3:8b"


def idle(count: int) -> Registry:
    """`count` backends that serve `MODEL`, with nothing in flight; their ids are b0, b1, b2 ..."""
    registry = Registry()
    registry.apply(Backend(f"b{i}", f"http://10.0.0.1:{i + 1}", models=[MODEL]) for i in range(count))
    return registry


def busy(count: int) -> Registry:
    """As `idle`, with 1 to 20 requests in flight on each, at random."""
    registry = idle(count)
    for backend in registry:
        for _ in range(random.randint(1, 20)):
            backend.increment_pending()
    return registry


def spread(count: int) -> Iterable[Backend]:
    """`count` backends of five models each, about a hundred backends to a model."""
    models = [f"model-{i}" for i in range(max(count // 20, 5))]
    for i in range(count):
        at = random.randrange(len(models))
        url = f"http://10.{i >> 16}.{i >> 8 & 255}.{i & 255}:8000"
        yield Backend(f"b{i}", url, models=[models[(at + 7 * j) % len(models)] for j in range(5)])
