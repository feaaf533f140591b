"""What people write by hand: a dict of lists, one lock, and `min()`."""

import threading
from dataclasses import dataclass

__all__ = ("HandRolled",)


@dataclass
class _Server:
    url: str
    healthy: bool = True
    pending: int = 0


class HandRolled:
    """Least busy of the healthy servers of a model, under one lock."""

    def __init__(self, model: str, count: int) -> None:
        self._lock = threading.Lock()
        self._servers = {model: [_Server(f"http://10.0.0.1:{i}") for i in range(count)]}

    def pick(self, model: str) -> _Server:
        """Filter, then `min()`."""
        with self._lock:
            return min((server for server in self._servers[model] if server.healthy), key=lambda server: server.pending)
