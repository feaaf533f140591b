"""Watching: every commit, in order, exactly once, or a word that some were missed."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from backend_registry._core.changes import Change, Resync
from backend_registry._core.limits import check_count
from backend_registry._core.waiting import countdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backend_registry._core.topology import Topology

__all__ = ("Watch",)


class Signal(Protocol):
    """Remembers that it was set until it is cleared."""

    def set(self) -> None:
        """Set it, from any thread."""


class Watch:
    """The changes of a registry from one revision on: a context manager and an iterator. Made by `Registry.watch`.

    Iterating waits for the next `Change` and ends when the watch is closed, or in a forked child. One that has fallen behind by
    more than the journal holds gets a `Resync` with a snapshot, and goes on from there. Any number of watches may be open; each
    is to be read by one thread or task at a time. `close` may be called by any.

    Attributes:
        revision: the revision up to which changes have been handed out.
    """

    def __init__(self, registry: "Topology", since: int | None) -> None:
        self.revision: int = registry.revision if since is None else check_count("since", since, least=0, most=2**63 - 1)
        self._registry = registry
        self._epoch = registry.epoch
        self._signal: Signal | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._closed or self._registry.epoch != self._epoch

    def poll(self) -> Change | Resync | None:
        """The next change if there is one, without waiting."""
        now = self._registry.revision
        if self.closed or now == self.revision:
            return None
        change = self._registry._journal.get(self.revision + 1)
        if change is not None:
            self.revision = change.revision
            return change
        snapshot = self._registry.snapshot()
        self.revision = snapshot.revision
        return Resync(snapshot)

    def next(self, timeout: float | None = None) -> Change | Resync | None:
        """The next change, waiting for it at most `timeout` seconds; None on time-out or when closed.

        Blocks the calling thread; in a coroutine use `async for`.

        Raises:
            InvalidValueError: not a number of seconds.
        """
        left_s = countdown(timeout)
        signal = threading.Event()
        with self._listening(signal):
            return self._awaited(signal, left_s)

    def _awaited(self, signal: threading.Event, left_s: Callable[[], float]) -> Change | Resync | None:
        while True:
            # Cleared before it looks: whatever comes after the look sets it again.
            signal.clear()
            if self.closed:
                return None
            change = self.poll()
            if change is not None:
                return change
            if not signal.wait(min(left_s(), threading.TIMEOUT_MAX)):
                return None

    def close(self) -> None:
        """End the watch, and the wait of whoever reads it. More calls do nothing."""
        self._closed = True
        self.wake()

    def wake(self) -> None:
        """Make a waiting reader look again; called by the registry after each commit."""
        signal = self._signal
        if signal is not None:
            signal.set()

    def _listening(self, signal: Signal) -> "_Listening":
        return _Listening(self, signal)

    def __iter__(self) -> "Iterator[Change | Resync]":
        while (change := self.next()) is not None:
            yield change

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class _Listening:
    """Stands in line for commits while its block runs."""

    def __init__(self, watch: Watch, signal: Signal) -> None:
        self._watch = watch
        self._signal = signal
        self._lines = watch._registry._lines

    def __enter__(self) -> None:
        self._watch._signal = self._signal
        self._lines.join(Change, id(self._watch), self._watch)

    def __exit__(self, *_: object) -> None:
        self._lines.leave(Change, id(self._watch), self._watch)
        self._watch._signal = None
