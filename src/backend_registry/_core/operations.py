"""The verbs on backends: add, remove, look up, update, steer, count. Everything but choosing.

Each writing verb checks its arguments, decides under the topology lock, and announces after it; see `topology`.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from backend_registry._core.backend import Backend
from backend_registry._core.ejection import recovered, with_health
from backend_registry._core.health import BackendStatus, HealthPolicy, ProbeResult, Streak, check_reason, next_health
from backend_registry._core.limits import check_text, check_url
from backend_registry._core.model import Model, check_models, residency_of
from backend_registry._core.record import BackendRecord, Intent, check_enum
from backend_registry._core.resting import Resting
from backend_registry._core.topology import Edit
from backend_registry.errors import (
    BackendNotFoundError,
    BackendOwnershipError,
    DuplicateBackendError,
    InvalidValueError,
)

__all__ = ("Applied", "Operations")


class Applied(NamedTuple):
    """What `apply` did, as backend ids; `updated` includes those that were replaced because their address changed."""

    added: tuple[str, ...]
    updated: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]


class Operations(Resting):
    """The verbs on backends by id. All are thread-safe; writes cost a few microseconds whatever the size of the fleet."""

    # --- which backends there are --------------------------------------------------------------------------------------

    def add_backend(self, backend: Backend) -> None:
        """Register a backend; its credentials are looked for now.

        Raises:
            DuplicateBackendError: the id is taken.
            BackendOwnershipError: the object is or was in a registry.
            InvalidValueError: not a `Backend`.
        """
        _check_backend(backend)
        with self._lock:
            self._carry_out()
            if backend.id in self._by_id:
                raise DuplicateBackendError(backend.id)
            change = self._commit([_addition(backend)])
        self._announce(change)

    def remove_backend(self, backend_id: str) -> Backend:
        """Take a backend out and return it with its counters. Requests in flight go on and still count on it.

        Raises:
            BackendNotFoundError: no such backend.
        """
        with self._lock:
            self._carry_out()
            backend = self._registered(backend_id)
            change = self._commit([Edit(backend, backend.record, None)])
        self._announce(change)
        return backend

    def apply(self, desired: Iterable[Backend]) -> Applied:
        """Make the registry hold exactly `desired`, in one atomic step and at most one revision.

        A backend that stays (same id) keeps its object, and with it counters, latency, health, intent and leases; one whose
        url or type changed is another server and is replaced. One that lists no models keeps those it is known to serve. One
        that is new begins with the intent that it was made with.

        Args:
            desired: fresh backends, or backends of this registry to keep as they are.

        Raises:
            DuplicateBackendError: an id occurs twice.
            BackendOwnershipError: an object belongs to another registry, or was removed from this one.
            InvalidValueError: something in it is not a `Backend`. In all three cases nothing has changed.
        """
        wanted = _by_unique_id(desired)
        with self._lock:
            self._carry_out()
            edits, applied = self._reconciled(wanted)
            change = self._commit(edits)
        self._announce(change)
        return applied

    def _reconciled(self, wanted: dict[str, Backend]) -> tuple[list[Edit], Applied]:
        """The edits that lead to `wanted`, and their account; caller holds the topology lock."""
        for backend in wanted.values():
            if backend._owner is not None and self._by_id.get(backend.id) is not backend:
                raise BackendOwnershipError(backend.id)
        gone = [backend for backend in self._by_id.values() if backend.id not in wanted]
        edits = [Edit(backend, backend.record, None) for backend in gone]
        added: list[str] = []
        updated: list[str] = []
        unchanged: list[str] = []
        for backend in wanted.values():
            now = self._by_id.get(backend.id)
            more = _replacement(now, backend)
            edits += more
            (added if now is None else updated if more else unchanged).append(backend.id)
        return edits, Applied(tuple(added), tuple(updated), tuple(backend.id for backend in gone), tuple(unchanged))

    def get_backend(self, backend_id: str) -> Backend | None:
        """The live backend of this id, or None. Cost: one dict lookup."""
        try:
            backend = self._by_id.get(backend_id)
        except TypeError:
            backend = None
        if backend is None and not isinstance(backend_id, str):
            check_text("backend_id", backend_id)
        return backend

    def backend_count(self) -> int:
        """Number of backends."""
        return len(self._by_id)

    def model_count(self) -> int:
        """Number of distinct models that at least one backend, of whatever status, serves."""
        count = self._model_total.fresh
        return self._read(self._model_total) if count is None else count

    def get_backends_for_model(self, model: str) -> tuple[Backend, ...]:
        """All backends that serve a model, whatever their status, in the order in which they came; empty if none does."""
        entry = self._entry(model)
        return () if entry is None else (entry.published or self._publish(entry, model)).everyone

    def has_backend_url(self, url: str) -> bool:
        """Whether a backend with this root url is registered; `/v1` and a trailing slash make no difference.

        Raises:
            InvalidValueError: not a url.
        """
        root = check_url("url", url)
        if self._lock.held_by_me:
            return any(record.url == root for _, record in self._as_noted())
        with self._lock:
            self._carry_out()
            return root in self._filed.urls

    def _registered(self, backend_id: str) -> Backend:
        backend = self.get_backend(backend_id)
        if backend is None:
            raise BackendNotFoundError(check_text("backend_id", backend_id))
        return backend

    # --- what one backend is and does ----------------------------------------------------------------------------------

    def _edit(self, backend_id: str, edited: Callable[[BackendRecord], BackendRecord], *, checked: bool = False) -> None:
        """Replace one record by what `edited`, a pure function, makes of it; the same record again is no write."""
        with self._lock:
            self._carry_out()
            backend = self._registered(backend_id)
            after = edited(backend.record)
            if checked:
                backend._streak = Streak()
                backend._checked_ns = self.clock.time_ns()
            change = self._commit(_update(backend, after))
        self._announce(change)

    def update_status(self, backend_id: str, status: BackendStatus | str, error: str | None = None) -> None:
        """Set the status by hand: the operator's verb, which allows every transition.

        DRAINING is `drain`; any other status also enables a draining or disabled backend, and HEALTHY ends an ejection for
        failures or the trial after it. `last_health_check` becomes now and `last_error` becomes `error` (shortened to 256
        characters; None clears it). The same status and error make no revision.

        Raises:
            BackendNotFoundError: no such backend.
            InvalidValueError: not a status, or the error is not text.
        """
        wanted = check_enum("status", status, BackendStatus)
        text = check_reason("error", error)
        now_ns = self._now_ns()

        def edited(record: BackendRecord) -> BackendRecord:
            if wanted is BackendStatus.DRAINING:
                return record._replace(intent=Intent.DRAINING, last_error=text)
            if wanted is BackendStatus.HEALTHY:
                record = recovered(record, now_ns)
            return with_health(record, wanted, now_ns, intent=Intent.ENABLED, last_error=text, note=None)

        self._edit(backend_id, edited, checked=True)

    def record_probe(self, backend: Backend, result: ProbeResult, policy: HealthPolicy | None = None) -> bool:
        """Take the result of an active health check into account: the health checker's verb.

        Moves health by the state machine of `HealthPolicy`, looks for credentials again, and takes over the models that were
        found, where they are, and the load that the server reports. A passed check ends an ejection for failures or the trial
        after it. Intent, and the rest of an overloaded backend, stay as they are.

        Args:
            backend: the object that was checked.
            result: what was found out.
            policy: thresholds for this backend; None takes the registry's.

        Returns:
            False if this very object is no longer registered; the result is then ignored.

        Raises:
            InvalidValueError: not a `Backend`, not a `ProbeResult` or not a `HealthPolicy`.
        """
        _check_backend(backend)
        if not isinstance(result, ProbeResult):
            raise InvalidValueError("result", f"is a {type(result).__name__}", "pass a ProbeResult")
        if policy is not None and not isinstance(policy, HealthPolicy):
            raise InvalidValueError("policy", f"is a {type(policy).__name__}", "pass a HealthPolicy")
        with self._lock:
            self._carry_out()
            if self._by_id.get(backend.id) is not backend:
                return False
            now_ns = self._now_ns()
            before = recovered(backend.record, now_ns) if result.ok else backend.record
            health, backend._streak = next_health(before.health, backend._streak, result, policy or self.health_policy)
            models, told = result.models or before.models, result.residency
            after = with_health(
                before,
                health,
                now_ns,
                models=models,
                missing_env=backend._missing_env(),
                last_error=None if result.ok else result.error or "health check failed",
                note=result.note,
                residency=before.residency if told is None else residency_of(told, models),
            )
            backend._load = result.load
            backend._checked_ns = self.clock.time_ns()
            change = self._commit(_update(backend, after))
        self._announce(change)
        return True

    def update_models(self, backend_id: str, models: Iterable[Model | str]) -> None:
        """Replace the list of models. A model in the old and the new list is never missing to a reader and keeps its place.

        Raises:
            BackendNotFoundError: no such backend.
            InvalidValueError: not models, or more than 1,024.
        """
        listed = check_models(models)
        self._edit(backend_id, lambda record: record._replace(models=listed))

    def add_model_to_backend(self, backend_id: str, model: Model | str) -> None:
        """Add one model; a model of the same id that is there already stays as it is.

        Raises:
            BackendNotFoundError: no such backend.
            InvalidValueError: not a model, or the 1,025th.
        """
        (added,) = check_models((model,))
        self._edit(backend_id, lambda record: record._replace(models=check_models((*record.models, added))))

    def remove_model_from_backend(self, backend_id: str, model_id: str) -> None:
        """Take one model off a backend; no-op if it is not there.

        Raises:
            BackendNotFoundError: no such backend.
            InvalidValueError: not a model id.
        """
        gone = check_text("model_id", model_id)
        self._edit(backend_id, lambda record: record._replace(models=tuple(m for m in record.models if m.id != gone)))

    def drain(self, backend_id: str) -> None:
        """Give the backend nothing new and let it finish what it has; health checks cannot undo it, `enable` does.

        Raises:
            BackendNotFoundError: no such backend.
        """
        self._edit(backend_id, lambda record: record._replace(intent=Intent.DRAINING))

    def disable(self, backend_id: str) -> None:
        """Take the backend out of rotation until `enable`. Requests in flight go on.

        Raises:
            BackendNotFoundError: no such backend.
        """
        self._edit(backend_id, lambda record: record._replace(intent=Intent.DISABLED))

    def enable(self, backend_id: str) -> None:
        """Put a draining or disabled backend back into rotation.

        Raises:
            BackendNotFoundError: no such backend.
        """
        self._edit(backend_id, lambda record: record._replace(intent=Intent.ENABLED))

    def note_error(self, backend: Backend, text: str) -> bool:
        """Show an error of a backend, such as "credential rejected", as its `last_error` without touching its health.

        Returns:
            False if this very object is no longer registered; the text is then ignored.

        Raises:
            InvalidValueError: not a `Backend`, or the error is not text.
        """
        _check_backend(backend)
        noted = check_reason("text", text)
        with self._lock:
            self._carry_out()
            if self._by_id.get(backend.id) is not backend:
                return False
            change = self._commit(_update(backend, backend.record._replace(last_error=noted)))
        self._announce(change)
        return True

    # --- counters by id ------------------------------------------------------------------------------------------------

    def increment_pending(self, backend_id: str) -> int:
        """Count one request as in flight and return the new number. Prefer `acquire`, which cannot forget to give back.

        Raises:
            BackendNotFoundError: no such backend.
        """
        try:
            backend = self._by_id[backend_id]
        except (KeyError, TypeError):
            raise BackendNotFoundError(check_text("backend_id", backend_id)) from None
        # As Backend.increment_pending, without the call.
        tickets = backend._tickets
        with backend._lock:
            backend._raw = raw = backend._raw + 1
            tickets[raw] = 0
            return len(tickets)

    def decrement_pending(self, backend_id: str) -> int:
        """Take back one `increment_pending` and return the new number; at zero it stays there, see `pending_underflows`.

        Raises:
            BackendNotFoundError: no such backend.
        """
        return self._registered(backend_id).decrement_pending()

    def increment_total_requests(self, backend_id: str) -> int:
        """Count one request as ended and return the new number.

        Raises:
            BackendNotFoundError: no such backend.
        """
        return self._registered(backend_id).increment_total_requests()

    def update_latency(self, backend_id: str, latency_ms: float) -> int:
        """Fold one latency sample in milliseconds and return the new average in whole milliseconds.

        Raises:
            BackendNotFoundError: no such backend.
            InvalidValueError: not a finite number from 0 to 2^32 - 1; the average is untouched.
        """
        return self._registered(backend_id).update_latency(latency_ms)


def _check_backend(backend: object) -> None:
    if not isinstance(backend, Backend):
        raise InvalidValueError("backend", f"is a {type(backend).__name__}", "pass a Backend object")


def _by_unique_id(backends: object) -> dict[str, Backend]:
    if isinstance(backends, str | bytes) or not isinstance(backends, Iterable):
        raise InvalidValueError("desired", f"is a {type(backends).__name__}", "pass an iterable of Backend objects")
    unique: dict[str, Backend] = {}
    for backend in backends:
        _check_backend(backend)
        if backend.id in unique:
            raise DuplicateBackendError(backend.id)
        unique[backend.id] = backend
    return unique


def _addition(backend: Backend) -> Edit:
    return Edit(backend, None, backend.record._replace(missing_env=backend._missing_env()))


def _update(backend: Backend, after: BackendRecord) -> list[Edit]:
    """The edit that gives a backend a new record; none if nothing would change."""
    before = backend.record
    if after.models is not before.models:
        # The very same tuple tells the index that there is nothing to compare.
        models = before.models if after.models == before.models else after.models
        after = after._replace(models=models, residency=residency_of(after.residency, models))
    if after == before:
        return []
    return [Edit(backend, before, after)]


def _replacement(now: Backend | None, wanted: Backend) -> list[Edit]:
    """What it takes to get from the registered backend of an id to the wanted one. Pure."""
    if now is wanted:
        return []
    if now is None:
        return [_addition(wanted)]
    before, after = now.record, wanted.record
    if (before.url, before.backend_type) != (after.url, after.backend_type):
        return [Edit(now, before, None), _addition(wanted)]
    merged = before.redescribed(after)._replace(models=after.models or before.models)
    return _update(now, merged._replace(missing_env=wanted._missing_env()))
