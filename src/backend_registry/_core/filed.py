"""The smaller indexes: who is healthy, which urls are taken, who is out for failures, and what ends by itself when.

One object for all of them, because the registry itself must not have more than 28 attributes: beyond that CPython looks each
of them up in a dict, and every pick takes a tenth longer (measured on 3.11). A test counts them.
"""

from backend_registry._core.backend import Backend
from backend_registry._core.health import BackendStatus
from backend_registry._core.index import UrlIndex
from backend_registry._core.record import BackendRecord

__all__ = ("Filed",)


class Filed:
    """Written and read under the topology lock; `urls` may be asked by anyone. Every step is idempotent.

    Attributes:
        healthy: backends whose status is healthy, in the order in which they became so.
        urls: which urls are taken.
        outliers: those ejected for failures, and those on trial after it.
        due: backend to the monotonic moment at which its ejection or warm-up ends.
    """

    __slots__ = ("due", "healthy", "outliers", "urls")

    def __init__(self) -> None:
        self.healthy: dict[Backend, None] = {}
        self.urls = UrlIndex()
        self.outliers: dict[Backend, None] = {}
        self.due: dict[Backend, int] = {}

    def put(self, backend: Backend, before: BackendRecord | None, after: BackendRecord | None) -> None:
        """Bring all of them up to date with what a backend was and what it is now."""
        if after is not None and after.status is BackendStatus.HEALTHY:
            self.healthy[backend] = None
        else:
            self.healthy.pop(backend, None)
        if after is not None and after.is_outlier:
            self.outliers[backend] = None
        else:
            self.outliers.pop(backend, None)
        due_ns = None if after is None else after.due_ns
        if due_ns is not None:
            self.due[backend] = due_ns
        else:
            self.due.pop(backend, None)
        if before is None or after is None or before.url != after.url:
            self._put_url(backend.id, before, after)

    def _put_url(self, backend_id: str, before: BackendRecord | None, after: BackendRecord | None) -> None:
        if before is not None:
            self.urls.discard(before.url, backend_id)
        if after is not None:
            self.urls.add(after.url, backend_id)

    def next_due_ns(self) -> int | None:
        """When the first of them ends; None if nothing does."""
        return min(self.due.values(), default=None)
