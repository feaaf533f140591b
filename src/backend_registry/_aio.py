"""`Registry`: the core's verbs plus those that wait in an event loop.

The core neither blocks nor knows asyncio, so it can be called from both worlds. Waiting is the one thing that differs; it is
here, and asyncio is imported by the coroutines that need it, which run in a loop and so have paid for it already.
"""

import contextlib
from types import TracebackType
from typing import Self, Unpack

from backend_registry._core.changes import Change, Resync
from backend_registry._core.demand import PickOptions, check_wish
from backend_registry._core.lease import Lease
from backend_registry._core.limits import check_text
from backend_registry._core.selection import Selection
from backend_registry._core.waiting import countdown
from backend_registry._core.watch import Watch as CoreWatch
from backend_registry.errors import InvalidValueError, ModelNotFoundError, NoBackendError

__all__ = ("Registry", "Watch")

_LOOK_AGAIN_S = 0.25
"""The longest sleep of a waiter: a lease that only the garbage collector ended wakes nobody, and so does a cool-down's end."""


class _LoopSignal:
    """An event that any thread may set and one coroutine waits for."""

    def __init__(self) -> None:
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def set(self) -> None:
        """Set it; by anyone."""
        # A loop that is closed has nobody left to wake.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._event.set)

    def wake(self) -> None:
        """Set it, because what is waited for may have come."""
        self.set()

    def clear(self) -> None:
        """Forget that it was set; by the waiting coroutine only."""
        self._event.clear()

    async def wait(self, timeout_s: float | None) -> None:
        """Sleep until it is set, `timeout_s` at most."""
        import asyncio

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._event.wait()


class Watch(CoreWatch):
    """The changes of a registry, for threads (`for change in watch`) and event loops (`async for change in watch`)."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change | Resync:
        signal = _LoopSignal()
        with self._listening(signal):
            while not self.closed:
                signal.clear()
                change = self.poll()
                if change is not None:
                    return change
                await signal.wait(None)
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Registry(Selection):
    """The source of truth about model-serving backends in this process.

    Args:
        clock: where time is read; anything with `monotonic_ns()` and `time_ns()`, by default the module `time`.
        rng: source of randomness for ties and samples; a `random.Random`.
        journal_size: changes kept for watchers that lag behind.
        health_policy: how many probes change a backend's health.
        select_unknown: whether a backend that nobody has probed yet may be picked.
        ejection_policy: how failing requests take a backend out of rotation, and when too few are left to believe it; None
            leaves that to health checks and operators.

    Guarantees: writes are linearizable and atomic; a reader never sees an index entry without its backend; revisions have no
    gaps; requests in flight are never negative and return to zero when all leases have ended, however they end.

    Thread-safety: every method may be called from any thread; reading methods also from a signal handler. Subclassing is not
    supported. A registry cannot be pickled; a forked child has the same backends, no requests in flight and its own `epoch`.

    >>> from backend_registry import Backend, Registry
    >>> registry = Registry()
    >>> registry.add_backend(Backend("gpu-1", "http://10.0.0.1:8000", models=["llama3:8b"]))
    >>> with registry.acquire("llama3:8b") as lease:
    ...     lease.url, lease.backend.pending_requests
    ('http://10.0.0.1:8000', 1)
    """

    def watch(self, since: int | None = None) -> Watch:
        """Every change from now on, or from revision `since` on; see `Watch`.

        Raises:
            InvalidValueError: `since` is not a revision.
        """
        return Watch(self, since)

    async def acquire_async(
        self, model: str, *, timeout: float | None = None, urgent: bool = False, **options: Unpack[PickOptions]
    ) -> Lease:
        """As `acquire`, but wait for a backend to become free or to recover instead of failing.

        Those who wait for the same model with the same demands are served in the order in which they came, the urgent ones
        before the others, however long those have waited. A backend that is released, added, enabled or found healthy wakes
        the first of them; one whose time of rest is over is noticed at once, and a lease that the garbage collector ended
        within a quarter of a second.

        Args:
            model: the model asked for.
            timeout: seconds to wait at most; None waits for ever, 0 fails as `acquire` does.
            urgent: whether to stand before those who are not.
            options: see `PickOptions`.

        Raises:
            ModelNotFoundError: nobody serves the model, now or after waiting for a while; it is not waited for.
            NoBackendError: the time is over; `.reasons` says why each backend was out.
            InvalidValueError: an option is of the wrong type or out of its range.
        """
        check_text("model", model)
        wish = check_wish(options)
        if not isinstance(urgent, bool):
            raise InvalidValueError("urgent", f"is a {type(urgent).__name__}", "pass True or False")
        remaining_s = countdown(timeout)
        group = (wish.demand, wish.exclude)
        signal = _LoopSignal()
        try:
            self._lines.join(model, group, signal, urgent=urgent)
            while True:
                signal.clear()
                left_s = remaining_s()
                if self._lines.is_head(model, group, signal) or left_s <= 0:
                    try:
                        return self.acquire(model, **options)
                    except ModelNotFoundError:
                        raise
                    except NoBackendError:
                        if left_s <= 0:
                            raise
                await signal.wait(min(left_s, self._look_again_s()))
        finally:
            self._lines.leave(model, group, signal)

    async def drain_async(self, backend_id: str, timeout: float | None = None) -> bool:
        """Drain a backend and wait until nothing is in flight on it. It stays draining until it is enabled or removed.

        Args:
            backend_id: which one.
            timeout: seconds to wait at most; None waits for ever.

        Returns:
            True when nothing is in flight any more, False when the time was over first.

        Raises:
            BackendNotFoundError: no such backend.
            InvalidValueError: not a number of seconds.
        """
        remaining_s = countdown(timeout)
        backend = self._registered(backend_id)
        self.drain(backend_id)
        signal = _LoopSignal()
        try:
            self._lines.join(backend, id(signal), signal)
            while True:
                signal.clear()
                if not backend.pending_requests:
                    return True
                left_s = remaining_s()
                if left_s <= 0:
                    return False
                await signal.wait(min(left_s, _LOOK_AGAIN_S))
        finally:
            self._lines.leave(backend, id(signal), signal)

    def _look_again_s(self) -> float:
        """Seconds until something may have changed that wakes nobody."""
        due_ns = self._next_due_ns
        if due_ns is None:
            return _LOOK_AGAIN_S
        return min(max((due_ns - self._now_ns()) / 1e9, 0.001), _LOOK_AGAIN_S)
