"""Whether this process should be sent requests, and if not, why: `Readiness` of a router, `Stopping` of any process."""

from collections.abc import Callable
from typing import Final

from backend_registry import Registry

__all__ = ("Readiness", "Stopping")


class Stopping:
    """Whether the process was told to stop, and who else is to be told then. For one event loop.

    Attributes:
        stopping: whether it was.
    """

    def __init__(self) -> None:
        self._at_stop: Final[list[Callable[[], None]]] = []
        self.stopping: bool = False

    def stop(self) -> None:
        """Say that the process was told to stop: it is no longer ready, and streams end."""
        self.stopping = True
        for call in self._at_stop:
            call()

    def call_at_stop(self, call: Callable[[], None]) -> None:
        """Have `call` called by `stop`."""
        self._at_stop.append(call)

    def why_not(self) -> str:
        """Why this process is not ready, in a few words that name nothing; empty if it is."""
        return "stopping" if self.stopping else ""


class Readiness(Stopping):
    """Ready from when the configuration is in force and every backend was checked once, until the process is told to stop.

    Args:
        registry: whose backends are to have been looked at.
        is_checked: whether the backend of an id is checked at all; None if every one is.
        patience_s: seconds after `configured` from which on unchecked backends are no reason any more: one that hangs must not
            keep all others from being used.

    For one event loop.
    """

    def __init__(
        self, registry: Registry, *, is_checked: Callable[[str], bool] | None = None, patience_s: float = 10.0
    ) -> None:
        super().__init__()
        self._registry: Final = registry
        self._is_checked: Final = is_checked or (lambda _: True)
        self._patience_ns: Final = round(patience_s * 1e9)
        self._configured_ns: int | None = None

    def configured(self) -> None:
        """Say that the configuration is in force."""
        self._configured_ns = self._registry.clock.monotonic_ns()

    def why_not(self) -> str:
        """Why this process is not ready, in a few words that name nothing; empty if it is."""
        if self.stopping:
            return "stopping"
        if self._configured_ns is None:
            return "the configuration is not in force yet"
        waited_ns = self._registry.clock.monotonic_ns() - self._configured_ns
        if waited_ns >= self._patience_ns:
            return ""
        backends = self._registry.get_all_backends()
        unchecked = sum(backend.last_health_check is None and self._is_checked(backend.id) for backend in backends)
        return f"{unchecked} of {len(backends)} backends have not been checked yet" if unchecked else ""
