"""Where those stand in line who wait for something to happen: a released backend, an emptied one, a new change.

A waiter joins a line first and looks again afterwards, so that whatever happens after its last look finds it in line. It stays
in line until it has what it wants; being woken only means "look again". Urgent ones stand before all others: one that comes in
front of a waiter that is being woken looks itself, so the news is not lost. Whoever leaves wakes the next in line, so a waiter
that is cancelled while it is being woken cannot take the news with it. Lines refer to their waiters weakly, so one whose
`leave` was cut short by an exception from a signal handler does not stand before the others for ever.
"""

import contextlib
import math
import time
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Protocol

from backend_registry._core.limits import check_seconds
from backend_registry._core.lock import CounterLock

__all__ = ("Lines", "Waiter", "countdown")


class Waiter(Protocol):
    """Something that can be told to look again, from any thread, as often as one likes."""

    def wake(self) -> None:
        """Make the waiter look again; must not block and must not raise."""


Rank = deque[weakref.ref[Waiter]]
Line = tuple[Rank, Rank]
"""Those who are urgent, and the others."""


class Lines:
    """Lines of waiters. A topic is what they wait for (a model id, a backend); a group in it is served in order of arrival.

    Thread-safe. `topics` is empty while nobody waits: the one thing that a hot path needs to look at.
    """

    __slots__ = ("_lock", "topics")

    def __init__(self) -> None:
        self._lock = CounterLock()
        self.topics: dict[Hashable, dict[Hashable, Line]] = {}

    def join(self, topic: Hashable, group: Hashable, waiter: Waiter, *, urgent: bool = False) -> None:
        """Stand at the end of a line, or of those in it who are urgent."""
        with self._lock:
            # A topic never has no lines, not even between two calls, since nobody would come across it to tidy it up.
            line = self.topics.setdefault(topic, {group: _line()}).setdefault(group, _line())
            line[not urgent].append(weakref.ref(waiter))

    def leave(self, topic: Hashable, group: Hashable, waiter: Waiter) -> None:
        """Step out of a line, if in it, and wake its new head."""
        with self._lock:
            head = self._head(topic, group, gone=waiter)
        if head is not None:
            head.wake()

    def is_head(self, topic: Hashable, group: Hashable, waiter: Waiter) -> bool:
        """Whether nobody stands before `waiter`."""
        with self._lock:
            return self._head(topic, group) is waiter

    def wake(self, topic: Hashable) -> None:
        """Wake the head of every line for this topic."""
        with self._lock:
            heads = self._heads(topic)
        for head in heads:
            head.wake()

    def _heads(self, topic: Hashable) -> list[Waiter]:
        groups = tuple(self.topics.get(topic, ()))
        return [head for group in groups if (head := self._head(topic, group)) is not None]

    def _head(self, topic: Hashable, group: Hashable, gone: Waiter | None = None) -> Waiter | None:
        """Who is first in a line, once `gone` and forgotten ones before it are out of it; caller holds the lock."""
        groups = self.topics.get(topic, {})
        line = groups.get(group, ())
        if gone is not None:
            _remove(line, weakref.ref(gone))
        for rank in line:
            while rank:
                head = rank[0]()
                if head is not None:
                    return head
                rank.popleft()
        # The last line goes in one call with its topic; see `join`.
        if groups.keys() <= {group}:
            self.topics.pop(topic, None)
        else:
            groups.pop(group, None)
        return None


def _remove(line: Iterable[Rank], waiter: weakref.ref[Waiter]) -> None:
    for rank in line:
        with contextlib.suppress(ValueError):
            rank.remove(waiter)


def _line() -> Line:
    return deque(), deque()


def countdown(timeout: float | None) -> Callable[[], float]:
    """A function that says how many seconds of `timeout` are left; None is for ever."""
    if timeout is None:
        return lambda: math.inf
    end_s = time.monotonic() + check_seconds("timeout", timeout)
    return lambda: end_s - time.monotonic()
