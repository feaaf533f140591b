"""Real threads for a few seconds: readers audit what they see while writers change it, with very frequent thread switches.

On its own this proves little on an interpreter with a global lock; it is here for free-threaded builds, and for deadlocks.
"""

import asyncio
import itertools
import random
import threading

import pytest

from backend_registry import BackendStatus, NoBackendError, Registry, RegistryError
from tests.concurrency.fleet import make_backend, make_registry
from tests.concurrency.histories import often_switching, run_together
from tests.concurrency.invariants import check
from tests.concurrency.report import report

pytestmark = pytest.mark.timeout(600)

SECONDS = 3.0
MODELS = ("m", "n", "o")


def _write(registry: Registry, stop: threading.Event, seed: int) -> None:
    """Changes of every kind; each of them keeps `anchor` and its models, so readers have something to rely on."""
    rng = random.Random(seed)
    while not stop.is_set():
        backend_id, some = rng.choice("abcd"), rng.sample(MODELS, rng.randint(1, 3))
        try:
            match rng.randrange(6):
                case 0:
                    registry.add_backend(make_backend(backend_id, *some))
                case 1:
                    registry.remove_backend(backend_id)
                case 2:
                    registry.update_models(backend_id, some)
                case 3:
                    registry.update_status(backend_id, rng.choice(tuple(BackendStatus)))
                case 4:
                    registry.update_models("anchor", rng.sample(MODELS, 3))
                case 5:
                    others = [backend for backend in registry.get_all_backends() if backend.id != backend_id]
                    registry.apply([*others, make_backend(backend_id, *some, url=f"http://{rng.randrange(3)}")])
        except RegistryError:
            continue


def _audit(registry: Registry, stop: threading.Event, audited: itertools.count) -> None:
    """Index to backend and back, in one snapshot and in what is published."""
    while not stop.is_set():
        snapshot = registry.snapshot()
        serving = {record.id: {model.id for model in record.models} for record in snapshot.backends}
        assert len(serving) == len(snapshot.backends), "a backend twice"
        for model, backend_ids in snapshot.models.items():
            assert len(set(backend_ids)) == len(backend_ids), f"{model} lists a backend twice"
            assert all(model in serving[backend_id] for backend_id in backend_ids)
            next(audited)
        assert all(backend_id in snapshot.models[model] for backend_id, models in serving.items() for model in models)
        for model in MODELS:
            backends = registry.get_backends_for_model(model)
            assert "anchor" in {backend.id for backend in backends}, f"{model} lost a backend that always serves it"
            assert len(set(backends)) == len(backends)
            assert "anchor" in {backend.id for backend in registry.candidates(model)}
            next(audited)


def _lease(registry: Registry, stop: threading.Event, seed: int, leased: itertools.count) -> None:
    rng = random.Random(seed)
    kept = []
    while not stop.is_set():
        try:
            lease = registry.acquire(rng.choice(MODELS))
        except NoBackendError:
            continue
        next(leased)
        kept.append(lease)
        if len(kept) > 5:
            kept.pop(rng.randrange(5)).finish(rng.choice(("ok", "failed", "cancelled")))
    for lease in kept:
        lease.finish()


def test_readers_writers_and_leases_together_see_no_contradiction(effort):
    registry = make_registry(make_backend("anchor", *MODELS), healthy=True)
    stop, audited, leased = threading.Event(), itertools.count(), itertools.count()
    seconds = SECONDS * effort
    timer = threading.Timer(seconds, stop.set)

    def guarded(worker, *arguments):
        def run():
            try:
                worker(registry, stop, *arguments)
            finally:
                stop.set()

        return run

    timer.start()
    with often_switching():
        run_together(
            guarded(_write, 1),
            guarded(_write, 2),
            guarded(_audit, audited),
            guarded(_audit, audited),
            guarded(_lease, 3, leased),
            guarded(_lease, 4, leased),
            timeout_s=seconds + 60,
        )
    timer.cancel()
    report(f"[stress] {registry.revision} revisions, {next(audited)} entries audited, {next(leased)} leases in {seconds} s")
    assert all(backend.pending_requests == 0 for backend in registry)
    check(registry)
    assert registry.revision > 100


def test_ten_thousand_concurrent_reads_all_end():
    registry = make_registry(make_backend("a", "m"))

    async def read() -> int:
        calls = (registry.get_backend, registry.get_backends_for_model, registry.candidates, registry.pick)
        reads = [asyncio.to_thread(call, "a" if call == calls[0] else "m") for call in calls for _ in range(2_500)]
        return len([answer for answer in await asyncio.gather(*reads) if answer])

    assert asyncio.run(read()) == 10_000


def test_counters_of_eight_threads_add_up():
    registry = make_registry(make_backend("a", "m"))
    given: list[int] = []

    def count() -> None:
        given.extend(registry.increment_pending("a") for _ in range(500))

    def lease() -> None:
        for _ in range(500):
            registry.acquire("m").finish(latency_ms=1)

    with often_switching():
        run_together(*[count] * 8)
        run_together(*[lease] * 8)
    assert sorted(given) == list(range(1, 4_001))
    backend = registry.get_backend("a")
    assert backend.pending_requests == 4_000
    assert (backend.total_requests, backend.latency_samples) == (4_000, 4_000)
    check(registry)
