"""`ManualClock`: time that stands still until a test moves it."""

import math
import threading
from typing import Final

from backend_registry import InvalidValueError

__all__ = ("ManualClock",)

_NEW_YEAR_2026_NS: Final = 1_767_225_600_000_000_000


class ManualClock:
    """A clock for `Registry(clock=...)`. Both of its times move together, and only by `advance`.

    Args:
        start_ns: what `monotonic_ns` reads at first; `time_ns` starts at the first instant of 2026 (UTC).

    Thread-safe.

    >>> clock = ManualClock(start_ns=0)
    >>> clock.advance(1.5)
    >>> clock.monotonic_ns()
    1500000000
    """

    def __init__(self, start_ns: int = 1_000_000_000) -> None:
        self._lock = threading.Lock()
        self._start_ns: Final = start_ns
        self._now_ns = start_ns

    def monotonic_ns(self) -> int:
        """Nanoseconds, for intervals and deadlines."""
        return self._now_ns

    def time_ns(self) -> int:
        """Nanoseconds since the Unix epoch, for display."""
        return _NEW_YEAR_2026_NS + self._now_ns - self._start_ns

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            InvalidValueError: negative or not finite; the clock stands as before.
        """
        if not 0 <= seconds < math.inf:
            raise InvalidValueError("seconds", f"is {seconds!r:.64}", "pass a finite number from 0 on")
        with self._lock:
            self._now_ns += round(seconds * 1e9)
