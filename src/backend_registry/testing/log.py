"""What a fake backend has seen, for assertions made in another thread."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator

from backend_registry.testing.wire import SeenRequest

__all__ = ("RequestLog",)


class RequestLog:
    """The last requests and how many of them are being answered now. Thread-safe.

    Args:
        kept: how many requests at most are remembered.
    """

    def __init__(self, kept: int) -> None:
        self._changed = threading.Condition()
        self._requests: deque[SeenRequest] = deque(maxlen=kept)
        self._in_flight = 0

    @property
    def requests(self) -> tuple[SeenRequest, ...]:
        """The requests so far, oldest first."""
        with self._changed:
            return tuple(self._requests)

    @property
    def in_flight(self) -> int:
        """Requests being answered now; one whose client has gone away is not."""
        return self._in_flight

    @contextlib.contextmanager
    def answering(self, request: SeenRequest) -> Iterator[None]:
        """Note a request, and count it as in flight while the block runs."""
        self._count(1, request)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, difference: int, request: SeenRequest | None = None) -> None:
        with self._changed:
            self._in_flight += difference
            if request is not None:
                self._requests.append(request)
            self._changed.notify_all()

    def wait_until(self, condition: Callable[[], bool], timeout_s: float) -> None:
        """Block until `condition()` is true; it is looked at whenever a request comes or ends.

        Raises:
            TimeoutError: it has not become true.
        """
        with self._changed:
            if not self._changed.wait_for(condition, timeout_s):
                raise TimeoutError(
                    f"not so after {timeout_s} s; {len(self._requests)} requests seen, {self._in_flight} in flight"
                )
