"""Time as an argument: the standard `time` module is the default clock, tests pass a manual one."""

from typing import Protocol

__all__ = ("Clock",)


class Clock(Protocol):
    """Where a registry reads the time. The `time` module itself satisfies it.

    It is read inside writes, so it must not call the registry.
    """

    def monotonic_ns(self) -> int:
        """Nanoseconds that never go back, for intervals and deadlines."""
        ...

    def time_ns(self) -> int:
        """Nanoseconds since the Unix epoch, for display only."""
        ...
