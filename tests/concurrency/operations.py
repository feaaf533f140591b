"""Every verb as a small operation on one small fleet, for the tests that interrupt, cancel or race them."""

import asyncio
from collections.abc import Callable
from typing import Any

from backend_registry import BackendStatus, Capability, EjectionPolicy, Model, Outcome, ProbeResult, Registry
from backend_registry._core.backend import UNFOLDED_MOST
from tests.concurrency.fleet import make_backend, make_registry

__all__ = ("OPERATIONS", "small_fleet")


def small_fleet() -> Registry:
    """Two healthy backends that share a model, everything published, something to compact and two raw requests."""
    registry = make_registry(
        make_backend("a", "m", "n"),
        make_backend("b", "m", max_pending=5, warmup_s=3),
        make_backend("spare", "n"),
        healthy=True,
        ejection_policy=EjectionPolicy(consecutive_failures=2),
    )
    registry.get_backends_for_model("m")
    registry.get_all_backends()
    registry.candidates("m", min_context=5)
    registry.snapshot()
    registry.increment_pending("a")
    registry.increment_pending("a")
    for _ in range(UNFOLDED_MOST - 1):
        registry.acquire("m", exclude={"b"}).finish()
    return registry


def _cool_down_ends(registry: Registry) -> None:
    registry.acquire("m", exclude={"b"}).finish(Outcome.OVERLOADED, retry_after=5)
    registry.clock.advance(6)
    registry.pick("m")


def _eject(registry: Registry) -> None:
    for _ in range(2):
        registry.acquire("m", exclude={"a"}).finish(Outcome.FAILED)


def _try_again(registry: Registry) -> None:
    _eject(registry)
    registry.clock.advance(31)
    with registry.acquire("m", exclude={"a"}) as lease:
        lease.first_byte()
    registry.clock.advance(3)
    registry.pick("m")


def _panic(registry: Registry) -> None:
    for backend_id in ("a", "b"):
        registry.update_status(backend_id, BackendStatus.UNHEALTHY)
    registry.acquire("m").finish(Outcome.FAILED)


def _with_lease(registry: Registry) -> None:
    with registry.acquire("m") as lease:
        lease.first_byte()


def _fill_the_log(registry: Registry) -> None:
    for _ in range(3):
        registry.acquire("m", exclude={"b"}).finish(Outcome.OK, latency_ms=5)


def _forget(registry: Registry) -> None:
    registry.acquire("m")
    registry.pick("m")


def _retry(registry: Registry) -> None:
    with registry.acquire("m") as lease:
        lease.next().finish()


def _acquire_async(registry: Registry) -> None:
    asyncio.run(registry.acquire_async("m", timeout=0)).finish()


def _drain_async(registry: Registry) -> None:
    asyncio.run(registry.drain_async("b", timeout=0))


def _replace_fleet(registry: Registry) -> None:
    registry.apply([make_backend("a", "n", "o"), make_backend("b", "m", url="http://moved"), make_backend("c", "m")])


OPERATIONS: dict[str, Callable[[Registry], Any]] = {
    "add": lambda registry: registry.add_backend(make_backend("c", "m", "o")),
    "remove": lambda registry: registry.remove_backend("a"),
    "apply": _replace_fleet,
    "update_models": lambda registry: registry.update_models("a", ["n", "o"]),
    "add_model": lambda registry: registry.add_model_to_backend("a", "o"),
    "remove_model": lambda registry: registry.remove_model_from_backend("a", "n"),
    "update_status": lambda registry: registry.update_status("a", BackendStatus.UNHEALTHY, "boom"),
    "drain": lambda registry: registry.drain("a"),
    "record_probe": lambda registry: registry.record_probe(
        registry.get_backend("a"), ProbeResult(ok=True, models=(Model("o"), Model("m")))
    ),
    "overloaded": lambda registry: registry.acquire("m").finish(Outcome.OVERLOADED, retry_after=5),
    "cool-down ends": _cool_down_ends,
    "eject": _eject,
    "trial": _try_again,
    "panic": _panic,
    "note_error": lambda registry: registry.note_error(registry.get_backend("a"), "boom"),
    "candidates": lambda registry: registry.candidates("m", require=Capability.TOOLS),
    "with lease": _with_lease,
    "fill the log": _fill_the_log,
    "forget a lease": _forget,
    "retry": _retry,
    "increment": lambda registry: registry.increment_pending("a"),
    "decrement": lambda registry: registry.decrement_pending("a"),
    "update_latency": lambda registry: registry.update_latency("a", 5),
    "watch": lambda registry: registry.watch(0).next(0),
    "watch in vain": lambda registry: registry.watch().next(0),
    "acquire_async": _acquire_async,
    "drain_async": _drain_async,
}
