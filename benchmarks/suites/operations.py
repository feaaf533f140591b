"""What every request pays: lookup, candidates, counting, picking, leasing."""

import threading
import time
from typing import Any, Self

from benchmarks.fleet import MODEL, busy, idle
from benchmarks.measure import Case, Effort, side_by_side
from benchmarks.rows import Row, Suite, at_most

__all__ = ("SUITE",)

_FEW = (1, 2, 4, 8)
_MANY = (16, 100, 1_000, 10_000)
_LEASED = (1, 4, 10, 100, 10_000)


class _Slot:
    """The least that can be counted on."""

    __slots__ = ("count", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0


class _Counters:
    """The least that can find a counter by id and count on it under a lock."""

    def __init__(self) -> None:
        self._by_id = {"b0": _Slot()}

    def nothing(self, _key: str) -> None:
        """The price of a method call."""

    def increment(self, key: str) -> int:
        slot = self._by_id.get(key)
        with slot.lock:
            slot.count = count = slot.count + 1
            return count


class _Empty:
    """A context manager that does nothing."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


_LEASE_FLOOR = """
with Empty():
    lock.acquire()
    lock.release()
    now()
    now()
    lock.acquire()
    lock.release()
"""
_LEASE_FLOOR_WITH = """
with Empty():
    with lock: pass
    now()
    now()
    with lock: pass
"""
_LEASE = "with registry.acquire(model): pass"


def _cases() -> dict[str, Case]:
    names: dict[str, Any] = {
        "mapping": {"b0": None, MODEL: None},
        "counters": _Counters(),
        "key": "b0",
        "model": MODEL,
        "Empty": _Empty,
        "lock": threading.Lock(),
        "now": time.monotonic_ns,
    }
    registries = {count: idle(count) for count in (*_FEW, 10, *_MANY)}
    ten = registries[10]

    def on(count: int, statement: str) -> Case:
        return Case(statement, {**names, "registry": registries[count]})

    def give_back(count: int) -> None:
        for _ in range(count):
            ten.decrement_pending("b0")

    return {
        "dict.get": Case("mapping.get(model)", names),
        "dict.get, method": Case("mapping.get(key); counters.nothing(key)", names),
        "counter": Case("counters.increment(key)", names),
        "lock rounds": Case(_LEASE_FLOOR, names),
        "with rounds": Case(_LEASE_FLOOR_WITH, names),
        "get": on(10, "registry.get_backend(key)"),
        # Few per sample, since a count that only grows is not what happens to a backend.
        "increment": Case("registry.increment_pending(key)", {**names, "registry": ten}, after=give_back, most=100),
        **{f"candidates {n}": on(n, "registry.candidates(model)") for n in (1, 100, 10_000)},
        **{f"pick {n}": on(n, "registry.pick(model)") for n in (*_FEW, *_MANY)},
        **{f"busy pick {n}": Case("registry.pick(model)", {**names, "registry": busy(n)}) for n in (*_FEW[1:], *_MANY)},
        **{f"lease {n}": on(n, _LEASE) for n in _LEASED},
    }


def _measure(effort: Effort) -> dict[str, float]:
    return side_by_side(_cases(), effort)


def _pick_rows() -> list[Row]:
    rows = [Row("`pick(model)`, 1 backend", "dict.get", "pick 1", at_most(14))]
    for n in _FEW[1:]:
        rows.append(Row(f"`pick(model)`, {n} idle backends", "dict.get", f"pick {n}", at_most(20)))
        rows.append(Row(f"`pick(model)`, {n} busy backends", "dict.get", f"busy pick {n}", at_most(20)))
    for n in _MANY:
        rows.append(Row(f"`pick(model)`, {n:,} idle backends", "dict.get", f"pick {n}", at_most(14)))
        rows.append(Row(f"`pick(model)`, {n:,} busy backends", "dict.get", f"busy pick {n}", at_most(14)))
    return rows


SUITE = Suite(
    name="What a request pays",
    measure=_measure,
    rows=(
        Row("`get_backend(id)`", "dict.get, method", "get", at_most(1.25)),
        Row("`candidates(model)`, 100 backends against 1", "candidates 1", "candidates 100", at_most(1.1)),
        Row("`candidates(model)`, 10,000 backends against 1", "candidates 1", "candidates 10000", at_most(1.1)),
        Row("`increment_pending(id)`", "counter", "increment", at_most(1.3)),
        *_pick_rows(),
        *(Row(f"lease, {n:,} backend{'s' * (n > 1)}", "lock rounds", f"lease {n}", at_most(2.8)) for n in _LEASED),
        *(
            Row(f"lease, {n:,} backend{'s' * (n > 1)}, against `with lock`", "with rounds", f"lease {n}", at_most(2.8))
            for n in _LEASED
        ),
    ),
    floors={
        "dict.get": "`dict.get`",
        "dict.get, method": "`dict.get` and a no-op method call",
        "counter": "a method with `dict.get`, a `with lock` round and a slot update",
        "candidates 1": "the same with 1 backend",
        "lock rounds": "two rounds of `lock.acquire(); lock.release()`, two clock reads, an empty context manager",
        "with rounds": "two rounds of `with lock`, two clock reads, an empty context manager",
    },
)
