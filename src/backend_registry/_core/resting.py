"""Backends that are left alone for a while: who is, for how long, and how they come back.

Overloaded ones have asked for it and simply return. Those whose requests fail are ejected, and after their time they are on
trial: one request at a time, until one has ended well (it is over) or badly (ejected again, for longer). The trial slot is the
ticket of the trial request being in the backend's count, so a request that is cancelled, forgotten or lost frees it.

All of it is decided under the topology lock and carried out as edits, like any other write. What ends by time is ended by
whoever looks next.
"""

from backend_registry._core.backend import Backend
from backend_registry._core.ejection import EjectionPolicy, cause_of, ejected, most_ejected, recovered, returned
from backend_registry._core.noted import Edit
from backend_registry._core.record import EjectionCause
from backend_registry._core.topology import Topology

__all__ = ("Resting",)


class Resting(Topology):
    """What the ends of requests, and time, do to a backend's place in rotation."""

    def _cool_down(self, backend: Backend, seconds: float) -> None:
        """Leave an overloaded backend alone for a while; a longer time that it was given before stands."""
        until_ns = self._now_ns() + int(min(seconds, self.health_policy.max_cooldown_s) * 1e9)
        with self._lock:
            self._carry_out()
            record = backend.record
            if self._by_id.get(backend.id) is not backend or (record.ejected_until_ns or 0) >= until_ns:
                return
            # One that was out for its failures has still to show that it works.
            after = record._replace(ejected_until_ns=until_ns, ejection=EjectionCause.OVERLOADED, on_trial=record.is_outlier)
            change = self._commit([Edit(backend, record, after)])
        self._announce(change)

    def _end_what_is_due(self) -> None:
        """End ejections and warm-ups whose time is over. Called by readers that find one due."""
        if self._lock.held_by_me:
            return
        with self._lock:
            self._carry_out()
            change = self._commit(self._returns(self._now_ns()))
        self._announce(change)

    def _returns(self, now_ns: int) -> list[Edit]:
        due = [backend for backend, due_ns in self._filed.due.items() if due_ns <= now_ns]
        return [Edit(backend, backend.record, returned(backend.record)) for backend in due]

    def _note_failure(self, backend: Backend, policy: EjectionPolicy, ticket: object) -> None:
        """Eject a backend if the failure that has just been logged is one too many. Called only when a request has failed."""
        # Inside a write of its own thread it cannot write; the next failure decides.
        if self._lock.held_by_me:
            return
        if backend._trial is ticket:
            cause: EjectionCause | None = EjectionCause.FAILURES
        elif backend.record.is_outlier:
            return
        else:
            cause = cause_of(backend._compact(), policy, self._now_ns())
        if cause is not None:
            self._eject(backend, cause, policy, ticket)

    def _eject(self, backend: Backend, cause: EjectionCause, policy: EjectionPolicy, ticket: object) -> None:
        with self._lock:
            self._carry_out()
            change = self._commit(self._ejection(backend, cause, policy, ticket))
        self._announce(change)

    def _ejection(self, backend: Backend, cause: EjectionCause, policy: EjectionPolicy, ticket: object) -> list[Edit]:
        """The edit that ejects a backend; none if it is out already or others need it. Caller holds the topology lock."""
        record = backend.record
        if self._by_id.get(backend.id) is not backend or not self._selectable(record):
            return []
        if record.on_trial and backend._trial is not ticket:
            return []
        if not all(self._can_spare(backend, model.id, policy) for model in record.models):
            return []
        now_ns = self._now_ns()
        return [Edit(backend, record, ejected(record, cause, policy, ended_ns=backend._anew_ns, now_ns=now_ns))]

    def _can_spare(self, backend: Backend, model_id: str, policy: EjectionPolicy) -> bool:
        """Whether a model has enough others; caller holds the topology lock."""
        entry = self._index[model_id]
        out = sum(other is not backend and other in entry.members for other in self._filed.outliers)
        return out < most_ejected(policy, len(entry.members)) and entry.has_another(backend)

    def _pass_trial(self, backend: Backend, ticket: object) -> None:
        """End the trial of a backend whose trial request has ended well."""
        if self._lock.held_by_me:
            return
        with self._lock:
            self._carry_out()
            if self._by_id.get(backend.id) is not backend or backend._trial is not ticket:
                return
            change = self._commit([Edit(backend, backend.record, recovered(backend.record, self._now_ns()))])
        self._announce(change)
