"""What a change of the fleet costs, and that it does not cost more in a large one."""

from collections import deque
from typing import Any

from backend_registry import Backend, BackendStatus, Registry
from benchmarks.fleet import MODEL, idle
from benchmarks.measure import Case, Effort, side_by_side
from benchmarks.rows import Row, Suite, at_most

__all__ = ("SUITE",)

_SIZES = (1, 100, 10_000)
_FLIP = "update(key, DOWN); update(key, UP)"


class _Adding:
    """Adds new backends to a registry that has `size`, and takes them out again when nobody measures."""

    def __init__(self, size: int) -> None:
        self.registry: Registry = idle(size)
        self._fresh: deque[Backend] = deque()
        self._serial = 0

    def add(self) -> None:
        self.registry.add_backend(self._fresh.popleft())

    def before(self, count: int) -> None:
        for _ in range(count):
            self._serial += 1
            self._fresh.append(Backend(f"new-{self._serial}", f"http://10.0.0.2:{self._serial % 60_000 + 1}", models=[MODEL]))

    def after(self, _count: int) -> None:
        for backend in self.registry:
            if backend.id.startswith("new-"):
                self.registry.remove_backend(backend.id)


def _flip(size: int, statement: str = _FLIP) -> Case:
    registry = idle(size)
    names: dict[str, Any] = {
        "update": registry.update_status,
        "candidates": registry.candidates,
        "key": f"b{size // 2}",
        "model": MODEL,
        "DOWN": BackendStatus.UNHEALTHY,
        "UP": BackendStatus.HEALTHY,
    }
    return Case(statement, names, operations=2, most=200)


def _adding(size: int) -> Case:
    adding = _Adding(size)
    return Case("add()", {"add": adding.add}, before=adding.before, after=adding.after, most=16)


def _measure(effort: Effort) -> dict[str, float]:
    cases = {f"add {size}": _adding(size) for size in _SIZES}
    cases |= {f"flip {size}": _flip(size) for size in _SIZES}
    # Each flip is followed by a read, which has to build the published tuple anew.
    cases |= {
        f"flip, read {size}": _flip(size, "update(key, DOWN); candidates(model); update(key, UP); candidates(model)")
        for size in _SIZES
    }
    return side_by_side(cases, effort)


SUITE = Suite(
    name="What a change costs",
    measure=_measure,
    rows=(
        Row("`add_backend`, to 100 backends against 1", "add 1", "add 100", at_most(1.15)),
        Row("`add_backend`, to 10,000 backends against 1", "add 1", "add 10000", at_most(1.15)),
        Row("status flip, among 100 backends against 1", "flip 1", "flip 100", at_most(1.15)),
        Row("status flip, among 10,000 backends against 1", "flip 1", "flip 10000", at_most(1.15)),
        Row("status flip and the next read, 100 against 1", "flip, read 1", "flip, read 100"),
        Row("status flip and the next read, 10,000 against 1", "flip, read 1", "flip, read 10000"),
    ),
    floors={
        "add 1": "the same with 1 backend",
        "flip 1": "the same with 1 backend",
        "flip, read 1": "the same with 1 backend",
    },
)
