"""Histories of eight threads on one registry, recorded for the linearizability checker.

Every thread notes the time before and after each call. What is judged per id: whether the backend is there, which one it is,
which models it serves, what its raw counter says. A backend is told from an earlier one of the same id by its name.
"""

import itertools
import random
import sys
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from backend_registry import Backend, RegistryError
from tests.concurrency.linearizability import ILLEGAL, LEGAL, UNKNOWN, Operation, by_key, verdict

__all__ = ("judge", "often_switching", "presence", "record_history", "run_together")

ABSENT = None


@contextmanager
def often_switching() -> Iterator[None]:
    """Let CPython change threads a thousand times more often than usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def run_together(*workers: Callable[[], object], timeout_s: float = 60) -> None:
    """Run each worker in a thread of its own, all from the same moment; raise what any of them raised."""
    barrier = threading.Barrier(len(workers))
    raised: list[BaseException] = []

    def run(worker: Callable[[], object]) -> None:
        barrier.wait()
        try:
            worker()
        except BaseException as error:  # noqa: BLE001 -- raised again below, in the thread that can report it
            raised.append(error)

    threads = [threading.Thread(target=run, args=(worker,), daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout_s)
    if any(thread.is_alive() for thread in threads):
        raise AssertionError("deadlock: a worker did not end")
    if raised:
        raise raised[0]


Answer = tuple[str, Hashable]


def _call(registry: Any, name: str, key: str, argument: str) -> Hashable:
    """Do one operation; the answer in a form that can be compared. A refusal is an answer too."""
    try:
        if name == "add":
            return registry.add_backend(Backend(key, "http://x", name=argument, models=[f"model of {key}"]))
        if name == "remove":
            return registry.remove_backend(key).name
        if name == "get":
            backend = registry.get_backend(key)
            return None if backend is None else backend.name
        if name == "query":
            return tuple(backend.name for backend in registry.get_backends_for_model(f"model of {key}"))
        return getattr(registry, f"{name}_pending")(key)
    except RegistryError as error:
        return type(error).__name__


def presence(state: Hashable, operation: Operation) -> tuple[bool, Hashable]:
    """The sequential specification of one id; the state is None, or the name of the backend and its raw count."""
    name, answer = operation.name, operation.answer
    if name == "add":
        return (answer is None, (operation.argument, 0)) if state is ABSENT else (answer == "DuplicateBackendError", state)
    if name == "get":
        return answer == (state and state[0]), state
    if name == "query":
        return answer == ((state[0],) if state else ()), state
    if state is ABSENT:
        return answer == "BackendNotFoundError", state
    if name == "remove":
        return answer == state[0], ABSENT
    count = state[1] + 1 if name == "increment" else max(state[1] - 1, 0)
    return answer == count, (state[0], count)


_MIX = ("add", "add", "remove", "get", "query", "query", "increment", "increment", "decrement")


def record_history(registry: Any, *, threads: int, calls: int, ids: tuple[str, ...], seed: int) -> list[Operation]:
    """What `threads` threads saw that made `calls` calls each."""
    tick = time.perf_counter_ns
    numbers = itertools.count()
    histories: list[list[Operation]] = []

    def worker(number: int) -> None:
        rng = random.Random(f"{seed}/{number}")
        mine: list[Operation] = []
        for _ in range(calls):
            name, key, argument = rng.choice(_MIX), rng.choice(ids), f"{next(numbers)}/{number}"
            start = tick()
            answer = _call(registry, name, key, argument)
            mine.append(Operation(key, name, argument, answer, start, tick()))
        histories.append(mine)

    run_together(*(lambda number=number: worker(number) for number in range(threads)))
    return [operation for history in histories for operation in history]


def judge(history: list[Operation]) -> dict[str, int]:
    """How many per-id histories are legal, illegal and unknown."""
    counts = {LEGAL: 0, ILLEGAL: 0, UNKNOWN: 0}
    for part in by_key(history).values():
        counts[verdict(part, presence, ABSENT)] += 1
    return counts
