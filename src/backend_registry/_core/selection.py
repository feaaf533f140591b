"""Choosing a backend: `candidates`, `pick`, `acquire`, `explain`.

The road of a pick: look up the model's entry, take its published tuple, compare loads. Everything else (demands, exclusion,
limits, affinity, policies) branches off where it is asked for, and costs nothing where it is not. When nothing is left, the
slow road finds out why, for the error.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Unpack

from backend_registry._core.backend import Backend
from backend_registry._core.choose import SCAN_MOST, choose_of_few, choose_weighted
from backend_registry._core.demand import (
    NO_DEMAND,
    NO_WISH,
    Demand,
    DemandOptions,
    PickOptions,
    PickRequest,
    Policy,
    Wish,
    check_demand,
    check_wish,
)
from backend_registry._core.index import Published
from backend_registry._core.lease import ConditionalLease, Lease
from backend_registry._core.limits import check_text
from backend_registry._core.model import Residency
from backend_registry._core.operations import Operations
from backend_registry._core.reasons import Decision, lacks, standing
from backend_registry._core.rendezvous import Rendezvous
from backend_registry.errors import InvalidValueError, ModelNotFoundError, NoBackendError

__all__ = ("Selection",)

_BY_AFFINITY = Rendezvous()


class Selection(Operations):
    """The verbs that choose. None of them waits or blocks, but for the instant in which a marked entry is rebuilt."""

    def candidates(self, model: str, **demand: Unpack[DemandOptions]) -> tuple[Backend, ...]:
        """The backends that a pick would choose from, before exclusion and limits: a published tuple, not a copy.

        If none of them may be picked, these are the ones that are used as a last resort, if any; see `Lease.last_resort`.

        Raises:
            InvalidValueError: a demand is of the wrong type or out of its range.
        """
        if self._abandoned or self._next_due_ns is not None:
            self._tidy()
        published = self._published(model, check_demand(demand) if demand else NO_DEMAND)
        return () if published is None else published.ready or tuple(published.reserve)

    def pick(self, model: str, **options: Unpack[PickOptions]) -> Backend:  # noqa: C901 -- the hot path, written out
        """A backend for one request, without counting it; see `PickOptions` for the keyword arguments.

        Raises:
            ModelNotFoundError: no backend serves the model.
            NoBackendError: none of those that do may be picked now; `.reasons` says why.
            InvalidValueError: an option is of the wrong type or out of its range.

        Thread-safety: any thread. Cost: below half a microsecond, looking at two backends however many there are.
        """
        if self._abandoned or self._next_due_ns is not None:
            self._tidy()
        if options:
            return self._pick_among(model, check_wish(options))
        try:
            entry = self._entry_of(model)
        except TypeError:
            entry = self._entry(model)
        ready = (entry.published or self._publish(entry, model)).alike if entry is not None else None
        if not ready:
            return self._pick_among(model, NO_WISH)
        # The default policy, see module `choose`; written out, because a call would be a tenth of the whole pick.
        count = len(ready)
        if count == 1:
            return ready[0]
        drawn = self._draw(32)
        first = ready[drawn % count]
        load = len(first._tickets)
        if count > SCAN_MOST:
            other = ready[next(self._rotation) % count]
        elif not load:
            return first
        elif count == 2:
            other = ready[1 - drawn % 2]
        else:
            return choose_of_few(ready, first, drawn)
        return other if len(other._tickets) < load else first

    def acquire(self, model: str, **options: Unpack[PickOptions]) -> Lease:
        """Pick a backend and count the request as in flight, in one step; see `PickOptions` for the keyword arguments.

        Returns:
            A lease; use it in `with`, or call its `finish`.

        Raises:
            ModelNotFoundError: no backend serves the model.
            NoBackendError: none of those that do may be picked now; `.reasons` says why.
            InvalidValueError: an option is of the wrong type or out of its range.

        Thread-safety: any thread. Cost: one to two microseconds, no lock unless the backend has a limit.
        """
        while True:
            backend = self.pick(model, **options) if options else self.pick(model)
            if not backend._plain:
                conditional = self._lease(backend, model, options)
                if conditional is not None:
                    return conditional
                continue
            lease = Lease(self, backend, model, options)
            # Counted first and looked second, while a drain or a removal decides first and counts second: one sees the other.
            if backend._plain:
                return lease
            lease._withdraw()

    def _lease(self, backend: Backend, model: str, options: PickOptions) -> Lease | None:
        """A lease on a backend with a condition: a limit, a trial, being the last resort. None if it does not hold now."""
        record = backend._record
        resort = "" if backend._ready and not record.residency else self._resort(backend, model, options)
        if resort is None:
            return None
        # Looking for room and taking it must be one step, or two threads would both find the last place.
        with backend._lock:
            lease = self._admitted(backend, model, options, resort)
        # Counted first and looked second, as in `acquire`. Inside a write of its own thread, what the pick has seen will be.
        same = backend._record is record and self._by_id.get(backend.id) is backend
        if lease is None or same or self._lock.held_by_me:
            return lease
        lease._withdraw()
        return None

    def _resort(self, backend: Backend, model: str, options: PickOptions) -> str | None:
        """As what last resort a backend that was picked may be taken, empty if it needs not be one; None if it may not be."""
        wish = check_wish(options)
        published = self._published(model, wish.demand)
        if published is None:
            return None
        if backend in published.reserve:
            return None if _left(published.ready, wish, limited=True) else published.reserve[backend]
        return "" if backend._ready or self._lock.held_by_me else None

    def _admitted(self, backend: Backend, model: str, options: PickOptions, resort: str) -> Lease | None:
        """The lease, if there is room; caller holds the backend's lock."""
        if not backend._has_room():
            return None
        if not resort and not backend._record.on_trial:
            return Lease(self, backend, model, options)
        lease = ConditionalLease(self, backend, model, options, resort)
        if backend._record.on_trial:
            backend._trial = lease._ticket
        return lease

    def explain(self, model: str, **options: Unpack[PickOptions]) -> tuple[Decision, ...]:
        """What a pick would say about each backend that serves the model, now: eligible or why not, and at what cost.

        Returns:
            One decision per backend, in the order of `get_backends_for_model`; empty if nobody serves the model.

        Raises:
            InvalidValueError: an option is of the wrong type or out of its range.
        """
        wish = check_wish(options)
        if self._abandoned or self._next_due_ns is not None:
            self._tidy()
        published = self._published(check_text("model", model), wish.demand)
        return () if published is None else self._decisions(published, model, wish)

    def _decisions(self, published: Published, model: str, wish: Wish) -> tuple[Decision, ...]:
        return tuple(self._decision(backend, model, wish, published.reserve.get(backend)) for backend in published.everyone)

    def _decision(self, backend: Backend, model_id: str, wish: Wish, resort: str | None) -> Decision:
        record = backend.record
        now_ns = self._now_ns()
        model = next((model for model in record.models if model.id == model_id), None)
        code, detail = standing(record, now_ns=now_ns, select_unknown=self.select_unknown)
        if not code and model is not None:
            code, detail = lacks(record, model, wish.demand)
        if not code and backend.id in wish.exclude:
            code, detail = "excluded", "the caller asked not to pick it"
        if not code and not backend._has_room():
            code, detail = _fullness(backend)
        elif not code and record.residency.get(model_id) is Residency.LOADING:
            code, detail = "loading", "the model is on its way into memory"
        if resort and backend.id not in wish.exclude and backend._has_room():
            detail = f"{detail}; used if nothing better is left ({resort})"
        until_ns = record.ejected_until_ns
        until_s = (until_ns - now_ns) / 1e9 if code == "ejected" and until_ns is not None else None
        return Decision(backend.id, not code, code, detail, backend.cost(model_id, now_ns), until_s)

    def _tidy(self) -> None:
        """Take back forgotten leases, and end the ejections and warm-ups that are over."""
        if self._abandoned:
            self._reclaim_abandoned()
        due_ns = self._next_due_ns
        if due_ns is not None and due_ns <= self._now_ns():
            self._end_what_is_due()

    def _published(self, model: str, demand: Demand) -> Published | None:
        """What is published of a model for a demand; None if nobody serves the model."""
        entry = self._entry(model)
        if entry is None:
            return None
        published = entry.published or self._publish(entry, model)
        if demand == NO_DEMAND:
            return published
        derived = published.derived.get(demand)
        if derived is not None:
            return derived
        if self._lock.held_by_me:
            return self._scan(model, demand)
        with self._lock:
            self._carry_out()
            return entry.derive(entry.published or entry.publish(self._panic_threshold), demand)

    def _pick_among(self, model: str, wish: Wish) -> Backend:
        """The general road: demands, exclusion, limits, affinity, policies, and errors that say why."""
        published = self._published(model, wish.demand)
        if published is None:
            raise ModelNotFoundError(check_text("model", model))
        ready = _left(published.ready, wish, limited=published.alike is None)
        if not ready and published.reserve:
            ready = _last_resort(published.reserve, wish)
        if not ready:
            raise NoBackendError(model, self._reasons(published, model, wish))
        policy = wish.policy or (None if wish.affinity is None else _BY_AFFINITY)
        if policy is None:
            return choose_weighted(ready, model, self._draw)
        return _chosen(policy, ready, PickRequest(model, wish.affinity, self.rng, self._now_ns()))

    def _reasons(self, published: Published, model: str, wish: Wish) -> dict[str, str]:
        # Eligible now, but not when the pick looked a moment ago.
        decisions = self._decisions(published, model, wish)
        return {decision.backend_id: decision.code or "changed_meanwhile" for decision in decisions}


def _left(backends: Iterable[Backend], wish: Wish, *, limited: bool) -> tuple[Backend, ...]:
    """Those that are neither excluded nor, if some have limits, full."""
    if wish.exclude:
        backends = [backend for backend in backends if backend.id not in wish.exclude]
    return tuple([backend for backend in backends if backend._plain or backend._has_room()]) if limited else tuple(backends)


def _last_resort(reserve: Mapping[Backend, str], wish: Wish) -> tuple[Backend, ...]:
    """Those of the first kind of reserve of which any are left."""
    left = _left(reserve, wish, limited=True)
    return tuple(backend for backend in left if reserve[backend] == reserve[left[0]])


def _fullness(backend: Backend) -> tuple[str, str]:
    """Reason code and detail of one without room."""
    if backend.record.on_trial and backend._trial in backend._tickets:
        return "on_trial", "its one trial request is in flight"
    return "at_max_pending", f"{backend.record.max_pending} requests in flight"


def _chosen(policy: Policy, ready: Collection[Backend], request: PickRequest) -> Backend:
    chosen = policy.choose(tuple(ready), request)
    if chosen not in ready:
        raise InvalidValueError(
            "policy", f"{type(policy).__name__}.choose returned {chosen!r:.64}", "return one of the candidates"
        )
    return chosen
