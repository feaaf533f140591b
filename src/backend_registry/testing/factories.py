"""Backends, models and registries with sensible fields, so that a test names only what it is about."""

import random
import re
from collections.abc import Iterable
from typing import Any

from backend_registry import Backend, BackendStatus, Model, Registry

__all__ = ("DEFAULT_MODEL", "make_backend", "make_model", "make_registry")

DEFAULT_MODEL = "llama3:8b"
"""The model that everything here serves unless told otherwise."""


def make_model(id: str = DEFAULT_MODEL, **fields: Any) -> Model:
    """A model; `fields` are the arguments of `Model`."""
    return Model(id, **fields)


def make_backend(id: str = "b1", url: str | None = None, **fields: Any) -> Backend:
    """A fresh backend that serves `DEFAULT_MODEL`; `fields` are the arguments of `Backend`.

    The url, when left out, is made from the id under `.invalid`, a domain that never resolves.

    >>> make_backend("gpu 1", priority=3).url
    'http://gpu-1.invalid:8000'
    """
    host = re.sub(r"[^a-z0-9]+", "-", id.lower()).strip("-") or "backend"
    return Backend(id, url or f"http://{host}.invalid:8000", **{"models": (DEFAULT_MODEL,), **fields})


def make_registry(backends: int | Iterable[Backend] = 3, *, healthy: bool = True, **options: Any) -> Registry:
    """A registry that holds `backends`: that many of `make_backend`, called b1, b2 ..., or those that you pass.

    Args:
        backends: how many, or which.
        healthy: whether they have been found healthy; else nobody has probed them yet.
        options: the arguments of `Registry`; `rng` is seeded unless given, so that a test picks the same way every time.

    >>> registry = make_registry(2)
    >>> [backend.id for backend in registry.get_healthy_backends()]
    ['b1', 'b2']
    """
    if isinstance(backends, int):
        backends = [make_backend(f"b{number}") for number in range(1, backends + 1)]
    registry = Registry(**{"rng": random.Random(0), **options})
    registry.apply(backends)
    if healthy:
        for backend in registry:
            registry.update_status(backend.id, BackendStatus.HEALTHY)
    return registry
