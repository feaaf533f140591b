"""Locks: an exception from outside cannot leave them taken, and a writer knows that it writes."""

import ast
import threading
from pathlib import Path

import pytest

import backend_registry
from backend_registry import ReentrantWriteError
from backend_registry._core.lock import InterruptSafeLock, WriterLock


def taken_by_another(lock):
    """Whether another thread finds the lock taken."""
    found = []

    def attempt():
        free = lock.acquire(blocking=False)
        found.append(not free)
        if free:
            lock.release()

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize("kind", [InterruptSafeLock, WriterLock])
def test_lock_is_held_inside_of_the_block_only(kind):
    lock = kind()
    with lock:
        assert taken_by_another(lock)
    assert not taken_by_another(lock)


@pytest.mark.parametrize("kind", [InterruptSafeLock, WriterLock])
def test_exception_after_the_lock_was_taken_gives_it_back(kind):
    class Interrupted(kind):
        def acquire(self, *arguments):
            super().acquire(*arguments)
            raise KeyboardInterrupt

    lock = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        lock.__enter__()
    assert not lock._is_owned()


def test_exception_before_the_lock_was_taken_gives_nothing_back():
    class Interrupted(InterruptSafeLock):
        def acquire(self, *arguments):
            raise KeyboardInterrupt

    lock = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        lock.__enter__()
    assert not lock._is_owned()


def test_writer_that_writes_inside_its_write_is_told_so():
    lock = WriterLock()
    assert not lock.held_by_me
    with lock:
        assert lock.held_by_me
        with pytest.raises(ReentrantWriteError):
            lock.__enter__()
        assert lock.held_by_me
    assert not lock.held_by_me


def test_another_threads_write_is_not_mine():
    lock = WriterLock()
    inside, over = threading.Event(), threading.Event()

    def write():
        with lock:
            inside.set()
            over.wait()

    thread = threading.Thread(target=write)
    thread.start()
    inside.wait()
    assert not lock.held_by_me
    over.set()
    thread.join()


LOOPS = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp)


def loops_inside(block):
    """The loops that stand in a block itself, not in a function that it calls or defines."""
    left = list(block.body)
    while left:
        node = left.pop()
        if isinstance(node, LOOPS):
            yield node
        if not isinstance(node, (ast.FunctionDef, ast.Lambda, ast.GeneratorExp)):
            left.extend(ast.iter_child_nodes(node))


def test_no_loop_stands_directly_inside_a_block_that_holds_a_lock():
    # On CPython 3.13 the jump back from an `if` at the end of a loop is in no handler's range: an exception from outside that
    # arrives there leaves the `with` block without giving the lock back. A loop in a function of its own is safe.
    found = []
    for path in sorted(Path(backend_registry.__file__).parent.glob("_core/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.With) and any("lock" in ast.unparse(item.context_expr) for item in node.items):
                found += [f"{path.name}:{loop.lineno}" for loop in loops_inside(node)]
    assert found == []
