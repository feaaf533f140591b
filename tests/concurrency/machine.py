"""Random sequences of every verb on the real registry and on the naive one, which must agree after every step.

What a generic machine does not find is aimed at: values at their boundaries, a backend that is re-added while the old one is
leased, a cool-down that ends, a watcher that lags behind its journal.
"""

import math
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from backend_registry import (
    Backend,
    BackendNotFoundError,
    BackendOwnershipError,
    BackendStatus,
    Change,
    DuplicateBackendError,
    InvalidValueError,
    Lease,
    Model,
    NoBackendError,
    Outcome,
    ProbeResult,
    Residency,
    Resync,
)
from tests.concurrency.fleet import StillClock, make_registry
from tests.concurrency.invariants import check
from tests.concurrency.naive import SECOND, NaiveBackend, NaiveRegistry

__all__ = ("RegistryMachine",)

IDS = ("a", "b", "c", "d")
MODELS = ("m", "n", "o")
ids = st.sampled_from(IDS)
models = st.sampled_from(MODELS)
model_lists = st.lists(models, max_size=4)
limits = st.sampled_from((None, None, None, 1, 2))
weights = st.sampled_from((100, 100, 100, 50, 1_000_000))
whereabouts = st.none() | st.dictionaries(models, st.sampled_from(Residency), max_size=2)
urls = st.sampled_from(("http://one:1", "http://two:2"))
specs = st.tuples(model_lists, limits, weights, urls)
latencies = st.sampled_from((0, 0.0004, 1, 4, 4.999, 5, 100, 2**32 - 1))
refused_latencies = st.sampled_from((math.nan, math.inf, -math.inf, -1, -0.001, 2**32, True, "5", None))


class RegistryMachine(RuleBasedStateMachine):
    """One registry with a short journal, one naive registry, and everything that was handed out."""

    @initialize(journal_size=st.sampled_from((1, 3, 64)))
    def start(self, journal_size: int) -> None:
        self.clock = StillClock()
        self.registry = make_registry(clock=self.clock, journal_size=journal_size)
        self.naive = NaiveRegistry()
        self.twins: dict[Backend, NaiveBackend] = {}
        self.leases: list[Lease] = []
        self.removed: list[Backend] = []
        self.watch = self.registry.watch()
        self.replica: dict[str, Any] = {}

    # --- topology

    def _pair(self, backend_id: str, spec: Any) -> tuple[Backend, NaiveBackend]:
        listed, limit, weight, url = spec
        backend = Backend(backend_id, url, models=listed, max_pending=limit, weight=weight)
        return backend, NaiveBackend(backend_id, url, list(dict.fromkeys(listed)), limit, weight)

    @rule(backend_id=ids, spec=specs)
    def add(self, backend_id: str, spec: Any) -> None:
        backend, naive = self._pair(backend_id, spec)
        if backend_id in self.naive.backends:
            _refused(DuplicateBackendError, lambda: self.registry.add_backend(backend))
            return
        self.registry.add_backend(backend)
        self.naive.add(naive)
        self.twins[backend] = naive

    @rule(backend_id=ids)
    def remove(self, backend_id: str) -> None:
        if backend_id not in self.naive.backends:
            _refused(BackendNotFoundError, lambda: self.registry.remove_backend(backend_id))
            return
        backend = self.registry.remove_backend(backend_id)
        assert self.twins[backend] is self.naive.backends.pop(backend_id)
        self.removed.append(backend)

    @precondition(lambda self: self.removed)
    @rule(data=st.data())
    def add_a_removed_object(self, data: Any) -> None:
        backend = data.draw(st.sampled_from(self.removed))
        taken = backend.id in self.naive.backends
        _refused(DuplicateBackendError if taken else BackendOwnershipError, lambda: self.registry.add_backend(backend))
        assert self.registry.record_probe(backend, ProbeResult(ok=True)) is False

    @rule(desired=st.dictionaries(ids, specs, max_size=4))
    def apply(self, desired: dict[str, Any]) -> None:
        pairs = [self._pair(backend_id, spec) for backend_id, spec in desired.items()]
        before = self.registry.snapshot()
        old = {backend.id: backend for backend in self.registry}
        applied = self.registry.apply([backend for backend, _ in pairs])
        assert self.registry.revision - before.revision in (0, 1)
        assert set(applied.removed) == set(old) - set(desired)
        self.naive.apply([naive for _, naive in pairs])
        for backend, naive in pairs:
            if self.naive.backends[backend.id] is naive:
                self.twins[backend] = naive
        now = set(self.registry)
        self.removed += [backend for backend in old.values() if backend not in now]

    @rule(backend_id=ids, spec=specs, model=models)
    def re_add_while_leased(self, backend_id: str, spec: Any, model: str) -> None:
        if backend_id in self.naive.backends:
            self.remove(backend_id)
        self.add(backend_id, ([model], None, 100, spec[3]))
        old = self.registry.get_backend(backend_id)
        others = [i for i in IDS if i != backend_id]
        self.naive.end_ejections(self.clock.now_ns)
        lease = self.registry.acquire(model, exclude=others)
        assert old is not None
        assert lease.backend is old
        self.remove(backend_id)
        self.add(backend_id, spec)
        raw = self.registry.increment_pending(backend_id)
        assert raw == 1
        assert lease.finish(latency_ms=7)
        assert not lease.finish()
        assert self.registry.get_backend(backend_id).pending_requests == 1
        assert self.registry.decrement_pending(backend_id) == 0
        self.twins[old].total += 1
        self.twins[old].sample(7000)

    # --- steering one backend

    def _known(self, backend_id: str, call: Any) -> NaiveBackend | None:
        if backend_id not in self.naive.backends:
            _refused(BackendNotFoundError, call)
            return None
        call()
        return self.naive.backends[backend_id]

    @rule(backend_id=ids, status=st.sampled_from(BackendStatus), error=st.sampled_from((None, "boom")))
    def update_status(self, backend_id: str, status: BackendStatus, error: str | None) -> None:
        naive = self._known(backend_id, lambda: self.registry.update_status(backend_id, status, error))
        if naive is None:
            return
        naive.error = error
        naive.reset_streak()
        if status is BackendStatus.DRAINING:
            naive.intent = "draining"
        else:
            naive.intent, naive.health = "enabled", status.value

    @rule(backend_id=ids, verb=st.sampled_from(("drain", "disable", "enable")))
    def steer(self, backend_id: str, verb: str) -> None:
        naive = self._known(backend_id, lambda: getattr(self.registry, verb)(backend_id))
        if naive is not None:
            naive.intent = {"drain": "draining", "disable": "disabled", "enable": "enabled"}[verb]

    @rule(backend_id=ids, listed=model_lists)
    def update_models(self, backend_id: str, listed: list[str]) -> None:
        naive = self._known(backend_id, lambda: self.registry.update_models(backend_id, listed))
        if naive is not None:
            self.naive.set_models(naive, listed)

    @rule(backend_id=ids, model=models)
    def add_model(self, backend_id: str, model: str) -> None:
        naive = self._known(backend_id, lambda: self.registry.add_model_to_backend(backend_id, model))
        if naive is not None:
            self.naive.set_models(naive, [*naive.models, model])

    @rule(backend_id=ids, model=models)
    def remove_model(self, backend_id: str, model: str) -> None:
        naive = self._known(backend_id, lambda: self.registry.remove_model_from_backend(backend_id, model))
        if naive is not None:
            self.naive.set_models(naive, [m for m in naive.models if m != model])

    @rule(backend_id=ids, ok=st.booleans(), refused=st.booleans(), listed=st.none() | model_lists, where=whereabouts)
    def probe(
        self, backend_id: str, ok: bool, refused: bool, listed: list[str] | None, where: dict[str, Residency] | None
    ) -> None:
        naive = self.naive.backends.get(backend_id)
        if naive is None:
            return
        backend = self.registry.get_backend(backend_id)
        assert backend is not None
        found = None if listed is None else tuple(map(Model, listed))
        result = ProbeResult(ok=ok, refused=refused and not ok, models=found, residency=where, error=None if ok else "gone")
        assert self.registry.record_probe(backend, result)
        naive.probe(ok=ok, refused=refused)
        naive.error = None if ok else "gone"
        naive.where = naive.where if where is None else {model: kind.value for model, kind in where.items()}
        self.naive.set_models(naive, listed or naive.models)

    # --- requests

    @rule(model=models, exclude=st.frozensets(ids, max_size=2))
    def acquire(self, model: str, exclude: frozenset[str]) -> None:
        options = {"exclude": exclude} if exclude else {}
        self.naive.end_ejections(self.clock.now_ns)
        better = self.naive.eligible(model, exclude)
        eligible = better or self.naive.last_resort(model, exclude)
        if not eligible:
            error = _refused(NoBackendError, lambda: self.registry.acquire(model, **options))
            assert set(error.reasons) == {naive.id for naive in self.naive.serving(model)}
            return
        lease = self.registry.acquire(model, **options)
        naive = self.twins[lease.backend]
        assert lease.last_resort == ("" if better else "loading")
        assert naive in eligible
        assert naive.cost(model) == min(candidate.cost(model) for candidate in eligible)
        naive.leases += 1
        self.leases.append(lease)

    @precondition(lambda self: self.leases)
    @rule(at=st.integers(0, 99), outcome=st.sampled_from(Outcome), retry_after=st.sampled_from((None, 0, 3, 9999)))
    def finish(self, at: int, outcome: Outcome, retry_after: float | None) -> None:
        lease = self.leases.pop(at % len(self.leases))
        naive = self.twins[lease.backend]
        assert lease.finish(outcome, retry_after=retry_after, latency_ms=11)
        assert not lease.finish(Outcome.FAILED, retry_after=5)
        naive.leases -= 1
        naive.total += 1
        naive.failed += outcome is Outcome.FAILED
        if outcome is Outcome.OK:
            naive.sample(11_000)
        if outcome is Outcome.OVERLOADED and retry_after and self.naive.backends.get(naive.id) is naive:
            until = self.clock.now_ns + int(min(retry_after, 300) * SECOND)
            naive.ejected_until = max(naive.ejected_until or 0, until)

    @precondition(lambda self: self.leases)
    @rule(at=st.integers(0, 99), latency_ms=latencies)
    def finish_and_measure(self, at: int, latency_ms: float) -> None:
        """A sample that is folded at once, on top of one that is not folded yet."""
        backend_id = self.leases[at % len(self.leases)].backend.id
        self.finish(at, Outcome.OK, None)
        self.update_latency(backend_id, latency_ms)

    @rule(backend_id=ids, model=models, early=st.booleans())
    def cool_down_and_come_back(self, backend_id: str, model: str, early: bool) -> None:
        ready = {naive.id for naive in self.naive.eligible(model, frozenset())}
        if backend_id not in ready:
            return
        others = ready - {backend_id}
        self.acquire(model, frozenset(others))
        if not self.leases or self.leases[-1].backend.id != backend_id:
            return
        self.finish(len(self.leases) - 1, Outcome.OVERLOADED, 3)
        self.time_passes(2 if early else 3)
        self.acquire(model, frozenset(others))

    @precondition(lambda self: self.leases)
    @rule(at=st.integers(0, 99))
    def forget(self, at: int) -> None:
        naive = self.twins[self.leases.pop(at % len(self.leases)).backend]
        naive.leases -= 1
        naive.total += 1
        self.naive.leaked += 1

    @rule(backend_id=ids)
    def increment(self, backend_id: str) -> None:
        if backend_id not in self.naive.backends:
            _refused(BackendNotFoundError, lambda: self.registry.increment_pending(backend_id))
            return
        naive = self.naive.backends[backend_id]
        naive.raw += 1
        assert self.registry.increment_pending(backend_id) == naive.pending

    @rule(backend_id=ids)
    def decrement(self, backend_id: str) -> None:
        if backend_id not in self.naive.backends:
            _refused(BackendNotFoundError, lambda: self.registry.decrement_pending(backend_id))
            return
        naive = self.naive.backends[backend_id]
        naive.underflows += not naive.raw
        naive.raw = max(naive.raw - 1, 0)
        assert self.registry.decrement_pending(backend_id) == naive.pending

    @rule(backend_id=ids, latency_ms=latencies)
    def update_latency(self, backend_id: str, latency_ms: float) -> None:
        naive = self.naive.backends.get(backend_id)
        if naive is not None:
            naive.sample(round(latency_ms * 1000))
            assert self.registry.update_latency(backend_id, latency_ms) == naive.ema_us // 1000
            naive.total += 1
            assert self.registry.increment_total_requests(backend_id) == naive.total

    @rule(backend_id=ids, latency_ms=refused_latencies)
    def refuse_latency(self, backend_id: str, latency_ms: Any) -> None:
        error = InvalidValueError if backend_id in self.naive.backends else BackendNotFoundError
        _refused(error, lambda: self.registry.update_latency(backend_id, latency_ms))

    @rule(seconds=st.sampled_from((0.5, 3, 301)))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def follow(self) -> None:
        """A watcher's replica is what the registry holds, whether it kept up or had to start again."""
        revision = self.watch.revision
        while (news := self.watch.poll()) is not None:
            if isinstance(news, Resync):
                self.replica = {record.id: record for record in news.snapshot.backends}
                continue
            assert isinstance(news, Change)
            assert news.revision > revision
            revision = news.revision
            for entry in news.entries:
                assert self.replica.pop(entry.id, None) == entry.before
                if entry.after is not None:
                    self.replica[entry.id] = entry.after
        assert self.replica == {record.id: record for record in self.registry.snapshot().backends}

    @rule(model=models, min_context=st.sampled_from((0, 4096, 4097)))
    def look(self, model: str, min_context: int) -> None:
        self.naive.end_ejections(self.clock.now_ns)
        served = [n for n in self.naive.serving(model) if n.ready]
        ready = {n.id for n in served if n.where.get(model) != "loading"} or {n.id for n in served}
        fitting = {backend.id for backend in self.registry.candidates(model, min_context=min_context)}
        assert fitting == (ready if min_context <= 4096 else set())
        eligible = {decision.backend_id for decision in self.registry.explain(model) if decision.eligible}
        assert eligible == {n.id for n in self.naive.eligible(model, frozenset())}

    # --- after every step

    @invariant()
    def structures_agree(self) -> None:
        check(self.registry)

    @invariant()
    def answers_agree(self) -> None:
        registry, naive = self.registry, self.naive
        # Forgotten leases are taken back by whoever looks first.
        assert registry.leaked_leases == naive.leaked
        now = registry.get_all_backends()
        assert [self.twins[backend] for backend in now] == list(naive.backends.values())
        for backend in now:
            _agree(backend, self.twins[backend])
        healthy = {n.id for n in naive.backends.values() if n.status == "healthy"}
        assert {backend.id for backend in registry.get_healthy_backends()} == healthy
        for model in MODELS:
            serving = naive.serving(model)
            assert [backend.id for backend in registry.get_backends_for_model(model)] == [n.id for n in serving]
        assert registry.model_count() == len({m for n in naive.backends.values() for m in n.models})


def _refused(error: type[Exception], call: Any) -> Any:
    try:
        call()
    except error as refusal:
        return refusal
    raise AssertionError(f"not refused with {error.__name__}")


def _agree(backend: Backend, naive: NaiveBackend) -> None:
    record, tally = backend.record, backend.tally
    assert (record.id, record.url, [m.id for m in record.models]) == (naive.id, naive.url, naive.models)
    assert (record.health, record.intent, record.last_error) == (naive.health, naive.intent, naive.error)
    assert record.residency == naive.where
    assert (record.ejected_until_ns, backend.status) == (naive.ejected_until, naive.status)
    assert (backend.pending_requests, backend.pending_underflows) == (naive.pending, naive.underflows)
    assert (tally.total_requests, tally.failed_requests) == (naive.total, naive.failed)
    assert (tally.ema_us, tally.latency_samples) == (naive.ema_us, naive.samples)
