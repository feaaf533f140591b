"""`Lease`: one request's choice, its place in the count, and its outcome, in one object.

Routers that keep these three apart leak counts: whoever forgets the decrement, or is cancelled before it, pins the backend for
ever. A lease counts by putting a `Ticket`, a weak reference to itself, into the backend's dict, in one C call. It is taken out
by the first `finish`, or by leaving the `with` block, or, when the lease was simply forgotten, because the garbage collector
calls the ticket's callback. That callback is `list.append`: C code, which no signal handler can interrupt, which takes no lock
and so may run at any allocation of any thread. The registry takes the noted tickets back at its next operation.

A class with `__exit__` alone loses the count when an exception from a signal handler arrives inside `__exit__` (29 % of such
interrupts when it was measured); `__del__` in Python can itself be interrupted. Hence the weak reference.
"""

import weakref
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from backend_registry._core.backend import UNFOLDED_MOST, Backend
from backend_registry._core.demand import PickOptions
from backend_registry._core.latency import ENDED, FAILED, FAILED_BEFORE
from backend_registry._core.limits import check_count, check_milliseconds, check_seconds
from backend_registry._core.record import check_enum

if TYPE_CHECKING:
    from backend_registry._core.selection import Selection

__all__ = ("ConditionalLease", "Lease", "Outcome", "Ticket")


class Outcome(StrEnum):
    """How a request ended, as far as the backend is concerned.

    `ok` alone feeds the latency average. `failed` is the backend's fault. `overloaded` (429, 503) is not a fault: with
    `retry_after` the backend is left alone for that long. `client_error` and `cancelled` say nothing about the backend.
    """

    OK = "ok"
    FAILED = "failed"
    OVERLOADED = "overloaded"
    CLIENT_ERROR = "client_error"
    CANCELLED = "cancelled"

    @classmethod
    def from_status(cls, code: int) -> "Outcome":
        """The outcome that an HTTP status code stands for.

        Raises:
            InvalidValueError: not a status code from 100 to 599.
        """
        check_count("code", code, least=100, most=599)
        if code < 400:
            return cls.OK
        if code in (429, 503):
            return cls.OVERLOADED
        if code == 499:
            return cls.CANCELLED
        return cls.CLIENT_ERROR if code < 500 else cls.FAILED

    @classmethod
    def from_exception(cls, error: BaseException) -> "Outcome":
        """The outcome that an exception stands for.

        Cancellation, interrupts and generator exits are not `Exception`s and count as cancelled. An exception with an integer
        `status_code`, as HTTP clients raise, counts as that status. Everything else is a failure of the backend.
        """
        if not isinstance(error, Exception):
            return cls.CANCELLED
        code = getattr(error, "status_code", None)
        if isinstance(code, int) and 400 <= code <= 599:
            return cls.from_status(code)
        return cls.FAILED


# Plain globals, since looking a member up on an enum class costs more than the comparison.
_OK: Final = Outcome.OK
_FAILED: Final = Outcome.FAILED


class Ticket(weakref.ref["Lease"]):
    """A lease's place in its backend's count. Compares by identity once the lease is gone, and hashes as the lease did."""

    __slots__ = ("backend",)

    backend: Backend


class Lease:
    """One request in flight on one backend. Made by `acquire`; use it in `with` or `async with`, or call `finish`.

    Leaving the block without an exception is `Outcome.OK`; with one it is `Outcome.from_exception`. The first finish wins, from
    whichever thread; a lease may be handed to another task or thread, such as the one that streams the answer.

    A lease belongs to the `Backend` object, not to its id: when a backend is removed and one of the same id is added, the old
    lease gives back to the old one only.

    Attributes:
        backend: the backend that was chosen.
        model: the model that was asked for.
    """

    __slots__ = ("__weakref__", "_first_byte_us", "_options", "_registry", "_ticket", "backend", "model")

    def __init__(self, registry: "Selection", backend: Backend, model: str, options: "PickOptions") -> None:
        self.backend: Final = backend
        self.model: Final = model
        self._registry = registry
        self._options = options
        self._first_byte_us: int | None = None
        ticket = Ticket(self, registry._note_abandoned)
        ticket.backend = backend
        self._ticket: Ticket | None = ticket
        backend._tickets[ticket] = registry._now_ns()

    @property
    def url(self) -> str:
        """Root url of the backend."""
        return self.backend.record.url

    @property
    def active(self) -> bool:
        """Whether the request still counts as in flight."""
        return self._ticket is not None

    @property
    def last_resort(self) -> str:
        """Empty, unless nothing better was left: then "loading" or "panic".

        "loading": the backend is loading the model, so the answer will take its time. "panic": it is believed to be bad, but so
        few are not that this may be wrong.
        """
        return ""

    @property
    def tried(self) -> frozenset[str]:
        """Ids of the backends that `next` will not pick again: this one and those excluded before."""
        return frozenset((*self._options.get("exclude", ()), self.backend.id))

    def first_byte(self) -> None:
        """Note that the first byte of the answer has arrived; later calls do nothing. Feeds `tally.first_byte_us`."""
        ticket = self._ticket
        if ticket is not None and self._first_byte_us is None:
            started_ns = self.backend._tickets.get(ticket)
            if started_ns is not None:
                self._first_byte_us = (self._registry._now_ns() - started_ns) // 1000

    def finish(
        self,
        outcome: Outcome | str = Outcome.OK,
        *,
        retry_after: float | None = None,
        latency_ms: float | None = None,
    ) -> bool:
        """End the request and say how it went; only the first call has an effect.

        Args:
            outcome: how it ended.
            retry_after: seconds for which an overloaded backend asks to be left alone; cut to the policy's maximum.
            latency_ms: what to put into the average instead of the time since `acquire`.

        Returns:
            True if this call ended the request.

        Raises:
            InvalidValueError: an argument is of the wrong type or out of its range; the request goes on.
            ReentrantWriteError: `retry_after` in a signal handler or finalizer that interrupted a write of its own thread; the
                request has ended, the backend is not left alone.

        Thread-safety: any thread. Cost: about half a microsecond and no lock, but for every 32nd finish on a backend, which
        folds the samples of those before it, and for failures under an `EjectionPolicy`, which are looked at one by one.
        """
        if retry_after is not None:
            check_seconds("retry_after", retry_after)
        latency_us = None if latency_ms is None else check_milliseconds("latency_ms", latency_ms)
        if outcome.__class__ is not Outcome:
            outcome = check_enum("outcome", outcome, Outcome)
        return self._end(outcome, latency_us, retry_after if outcome is Outcome.OVERLOADED else None)

    def _end(self, outcome: Outcome | str, latency_us: int | None = None, retry_after: float | None = None) -> bool:
        """Give the ticket back and log how it went, if that has not been done; the body of every way to finish."""
        ticket = self._ticket
        if ticket is None:
            return False
        backend = self.backend
        registry = self._registry
        started_ns = backend._tickets.pop(ticket, None)
        # The ticket dies here, and its callback with it: nothing will be noted when the lease dies.
        self._ticket = None
        if started_ns is None:
            return False
        now_ns = registry._now_ns()
        log = backend._log
        if outcome is _OK:
            took_us = (now_ns - started_ns) // 1000 if latency_us is None else latency_us
            log.append((now_ns, took_us, self._first_byte_us, ENDED))
        else:
            # A failure from before the last ejection is one of those that led to it.
            failure = FAILED if started_ns >= backend._anew_ns else FAILED_BEFORE
            log.append((now_ns, None, self._first_byte_us, failure if outcome is _FAILED else ENDED))
        if len(log) > UNFOLDED_MOST:
            backend._compact()
        try:
            # Before anybody is woken, or the first in line would get the overloaded or failing backend.
            if retry_after:
                registry._cool_down(backend, retry_after)
            elif outcome is _FAILED and (policy := registry.ejection_policy) is not None:
                registry._note_failure(backend, policy, ticket)
        finally:
            if registry._waiting:
                registry._released(backend)
        return True

    def _withdraw(self) -> None:
        """Give the ticket back as if the request had never been."""
        ticket, self._ticket = self._ticket, None
        self.backend._tickets.pop(ticket, None)
        if self._registry._waiting:
            self._registry._released(self.backend)

    def next(self, outcome: Outcome | str = Outcome.FAILED) -> "Lease":
        """A lease on another backend for the same request; ends this one with `outcome` if it is still open.

        Raises:
            NoBackendError: nothing else may be picked.
        """
        self.finish(outcome)
        options: PickOptions = {**self._options, "exclude": self.tried}
        return self._registry.acquire(self.model, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end(_OK if error is None else Outcome.from_exception(error))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # No await before the count is given back: a cancellation could arrive in it.
        self._end(_OK if error is None else Outcome.from_exception(error))

    def __repr__(self) -> str:
        """Model, backend and whether it still counts."""
        return f"<Lease {self.model!r} on {self.backend.id!r} {'active' if self.active else 'finished'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Refuses: a copy would give back what it does not have."""
        message = "a Lease cannot be pickled or copied; pass lease.backend.id and lease.model instead"
        raise TypeError(message)


class ConditionalLease(Lease):
    """A lease on a backend that is on trial, or that was taken as a last resort. A class of its own keeps the others cheap."""

    __slots__ = ("_last_resort",)

    def __init__(self, registry: "Selection", backend: Backend, model: str, options: "PickOptions", last_resort: str) -> None:
        super().__init__(registry, backend, model, options)
        self._last_resort: Final = last_resort

    @property
    def last_resort(self) -> str:
        """As what it was taken."""
        return self._last_resort

    def _end(self, outcome: Outcome | str, latency_us: int | None = None, retry_after: float | None = None) -> bool:
        ticket = self._ticket
        ended = super()._end(outcome, latency_us, retry_after)
        if ended and outcome is _OK and self.backend._trial is ticket:
            self._registry._pass_trial(self.backend, ticket)
        return ended
