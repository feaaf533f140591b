"""How cost grows with the fleet: five models each, about a hundred backends to a model, always at random places."""

import gc
import itertools
import random
import time
from collections.abc import Callable
from typing import Any

from backend_registry import Backend, BackendStatus, Registry
from benchmarks.fleet import spread
from benchmarks.measure import Case, Effort, side_by_side

__all__ = ("TITLE", "table")

TITLE = "Growth"

_SIZES = (10, 1_000, 100_000, 1_000_000)
_PLACES = 4_096


def _built(size: int) -> tuple[Registry, float]:
    """A registry of `size`, and the nanoseconds of CPU time it took to make and add each backend."""
    registry = Registry()
    started_ns = time.thread_time_ns()
    for backend in spread(size):
        registry.add_backend(backend)
    return registry, (time.thread_time_ns() - started_ns) / size


def _flip(registry: Registry) -> Callable[[Backend], None]:
    update = registry.update_status

    def flip(backend: Backend) -> None:
        healthy = backend.record.health is BackendStatus.HEALTHY
        update(backend.id, BackendStatus.UNHEALTHY if healthy else BackendStatus.HEALTHY)

    return flip


def _cases(registry: Registry, label: str) -> dict[str, Case]:
    chosen = random.choices(registry.get_all_backends(), k=_PLACES)
    models = [random.choice(backend.models).id for backend in chosen]
    names = {
        "registry": registry,
        "ids": itertools.cycle(backend.id for backend in chosen),
        "models": itertools.cycle(models),
        "places": itertools.cycle(chosen),
        "flip": _flip(registry),
    }
    fresh: list[Backend] = []

    def prepare(count: int) -> None:
        fresh.extend(Backend(f"new{i}", f"http://10.0.0.2:{i + 1}", models=models[i : i + 5]) for i in range(count))

    def take_out(_count: int) -> None:
        for i in itertools.count():
            if f"new{i}" not in registry:
                break
            registry.remove_backend(f"new{i}")
        fresh.clear()
        settle(0)

    def settle(_count: int) -> None:
        # So that a later pick does not pay for what these writes have marked; what that costs is a row of its own.
        for model in models:
            registry.candidates(model)

    add = {"add": registry.add_backend, "take": fresh.pop}
    settle(0)
    return {
        f"get_backend {label}": Case("registry.get_backend(next(ids))", names),
        f"pick {label}": Case("registry.pick(next(models))", names),
        f"lease {label}": Case("with registry.acquire(next(models)): pass", names),
        f"status flip {label}": Case("flip(next(places))", names, after=settle, most=500),
        f"add_backend {label}": Case("add(take())", add, before=prepare, after=take_out, most=100),
    }


def table(effort: Effort) -> dict[str, Any]:
    """The growth as a table of plain data."""
    sizes = _SIZES[:2] if effort.smoke else _SIZES
    cases: dict[str, Case] = {}
    built_us = []
    for size in sizes:
        # A million backends are some ten million objects; looking through them again and again would be all we measure.
        gc.disable()
        registry, each_ns = _built(size)
        gc.freeze()
        gc.enable()
        built_us.append(each_ns / 1e3)
        cases |= _cases(registry, f"{size}")
    taken = side_by_side(cases, effort)
    names = ("get_backend", "pick", "lease", "status flip", "add_backend")
    rows = [[f"`{name}`" if "_" in name else name, *(_time(taken[f"{name} {size}"]) for size in sizes)] for name in names]
    rows.append(["make a backend and add it, while filling", *(f"{us:.1f} µs" for us in built_us)])
    gc.unfreeze()
    return {
        "title": TITLE,
        "columns": ["operation", *(f"{size:,} backends" for size in sizes)],
        "rows": rows,
        "notes": (
            "Places are random, 4,096 of them in turn, and taking the next is part of the figure. No operation looks at more "
            "than it needs; what grows is the share of memory accesses that miss the processor's caches, and with 10 backends "
            "5 models are served by all of them instead of by a hundred."
        ),
    }


def _time(ns: float) -> str:
    return f"{ns:,.0f} ns" if ns < 10_000 else f"{ns / 1e3:,.1f} µs"
