"""The two locks of the core, and why they are not `threading.Lock`.

Both know their owner. A thread that holds one may be interrupted by code of its own: a signal handler, or a finalizer that the
garbage collector runs at some allocation. If that code comes back to the registry, a lock without an owner would wait for
itself for ever. The owner is kept by the C re-entrant lock, where no interrupt can get between taking and noting it.

An exception raised by a signal handler may land between "the lock is taken" and "the `with` block has begun". On CPython up
to 3.13 there is no such gap in `with lock:`; since 3.14 there is one, and 38 % of interrupts aimed at it left the lock taken
for ever. `InterruptSafeLock` closes it: `__enter__` is Python code that gives the lock back if an exception reaches it after
the lock was taken, and `__exit__` stays the C method, which has no gap.

CPython 3.13 has a gap of another kind: the jump back of a loop that stands directly in a `with` block may be in no handler's
range (60 of 60 interrupts aimed at it left the lock taken). So no loop and no comprehension stands directly in a block that
holds a lock; it stands in a function that the block calls. A test looks for it.
"""

import sys
import threading
from typing import TYPE_CHECKING

from backend_registry.errors import ReentrantWriteError

__all__ = ("CounterLock", "WriterLock")

if TYPE_CHECKING:

    class _OwnedLock:
        """The part of the C re-entrant lock that is used here; `_is_owned` is what `threading.Condition` relies on."""

        def acquire(self) -> bool: ...
        def release(self) -> None: ...
        def _is_owned(self) -> bool: ...
        def __enter__(self) -> bool: ...
        def __exit__(self, *exc_info: object) -> None: ...

else:
    _OwnedLock = type(threading.RLock())


class InterruptSafeLock(_OwnedLock):
    """A lock for `with` that an asynchronous exception cannot leave taken."""

    def __enter__(self) -> bool:
        try:
            return self.acquire()
        except BaseException:
            # The first call here must be the release itself: a second exception may arrive after any call.
            try:  # noqa: SIM105 -- suppress() would be such a call
                self.release()
            except RuntimeError:
                pass  # Not taken: the wait for it was interrupted.
            raise


class WriterLock(InterruptSafeLock):
    """Orders all topology writes of one registry.

    It knows its owner, because a reader that runs in a signal handler of the writing thread must neither wait for itself nor
    see half a write, and a writer there must be told so instead of deadlocking.
    """

    def __enter__(self) -> bool:
        if self._is_owned():
            raise ReentrantWriteError
        return super().__enter__()

    @property
    def held_by_me(self) -> bool:
        """Whether the calling thread is inside a write now."""
        return self._is_owned()


CounterLock = InterruptSafeLock if sys.version_info >= (3, 14) else _OwnedLock
"""Held for a few steps that must not be torn apart by other threads; its owner may come back to it."""
