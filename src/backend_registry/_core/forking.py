"""What a forked child needs: locks that nobody holds, no requests in flight, an identity of its own.

Every registry's topology lock is taken before the fork and given back in the parent, so that the child never inherits half a
write; the child then makes new locks, since the threads that might have held the old ones are not there any more.
"""

import os
import weakref
from typing import Final, Protocol

from backend_registry._core.lock import CounterLock

__all__ = ("guard",)


class Forkable(Protocol):
    """The three moments of a fork."""

    def _before_fork(self) -> None:
        """Stop writers."""

    def _after_fork_in_parent(self) -> None:
        """Let writers go on."""

    def _after_fork_in_child(self) -> None:
        """Become a registry of one's own."""


_guarded: Final[weakref.WeakSet[Forkable]] = weakref.WeakSet()
_lock = CounterLock()
_held: list[Forkable] = []


def guard(registry: Forkable) -> None:
    """Tell `registry` about forks for as long as it lives."""
    with _lock:
        _guarded.add(registry)


def _before() -> None:
    _lock.acquire()
    _held.extend(_guarded)
    for registry in _held:
        registry._before_fork()


def _in_parent() -> None:
    for registry in _held:
        registry._after_fork_in_parent()
    _held.clear()
    _lock.release()


def _in_child() -> None:
    for registry in _held:
        registry._after_fork_in_child()
    _held.clear()
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
