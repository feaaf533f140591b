"""Raw timings of single operations: `python -m pytest benchmarks --benchmark-only`. For ratios see `report.py`."""

import itertools

import pytest

from backend_registry import Backend, BackendStatus, Capability, PeakEwma, Registry
from benchmarks.fleet import MODEL, busy, idle, spread

COUNTS = (1, 8, 100, 10_000)


@pytest.fixture(params=COUNTS, ids=lambda count: f"{count} backends")
def registry(request):
    return idle(request.param)


@pytest.mark.benchmark(group="lookup")
def test_get_backend(benchmark, registry):
    assert benchmark(registry.get_backend, "b0") is not None


@pytest.mark.benchmark(group="lookup")
def test_get_backends_for_model(benchmark, registry):
    assert benchmark(registry.get_backends_for_model, MODEL)


@pytest.mark.benchmark(group="lookup")
def test_candidates(benchmark, registry):
    assert benchmark(registry.candidates, MODEL)


@pytest.mark.benchmark(group="lookup")
def test_candidates_that_meet_a_demand(benchmark, registry):
    assert benchmark(lambda: registry.candidates(MODEL, min_context=1_000))


@pytest.mark.benchmark(group="lookup")
def test_snapshot_when_nothing_changed(benchmark, registry):
    assert benchmark(registry.snapshot).backends


@pytest.mark.benchmark(group="pick")
def test_pick(benchmark, registry):
    assert benchmark(registry.pick, MODEL)


@pytest.mark.benchmark(group="pick")
@pytest.mark.parametrize("count", COUNTS)
def test_pick_from_a_busy_fleet(benchmark, count):
    assert benchmark(busy(count).pick, MODEL)


@pytest.mark.benchmark(group="pick")
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"require": Capability(0), "min_context": 1_000}, id="demand"),
        pytest.param({"exclude": ["b0"]}, id="exclude"),
        pytest.param({"affinity": "session-1"}, id="affinity"),
        pytest.param({"policy": PeakEwma()}, id="policy"),
    ],
)
def test_pick_with_options_among_eight(benchmark, options):
    registry = idle(8)
    assert benchmark(lambda: registry.pick(MODEL, **options))


@pytest.mark.benchmark(group="lease")
def test_lease(benchmark, registry):
    def once():
        with registry.acquire(MODEL):
            pass

    benchmark(once)
    assert not any(backend.pending_requests for backend in registry)


@pytest.mark.benchmark(group="lease")
def test_lease_on_a_backend_with_a_limit(benchmark):
    registry = Registry()
    registry.add_backend(Backend("b0", "http://10.0.0.1", models=[MODEL], max_pending=1))

    def once():
        with registry.acquire(MODEL):
            pass

    benchmark(once)


@pytest.mark.benchmark(group="counters")
def test_increment_and_decrement_pending(benchmark):
    registry = idle(1)

    def pair():
        registry.increment_pending("b0")
        registry.decrement_pending("b0")

    benchmark(pair)
    assert registry.get_backend("b0").pending_requests == 0


@pytest.mark.benchmark(group="counters")
def test_update_latency(benchmark):
    assert benchmark(idle(1).update_latency, "b0", 12.5) == 12


@pytest.mark.benchmark(group="counters")
def test_reading_the_tally(benchmark):
    backend = idle(1).get_backend("b0")
    for _ in range(10):
        backend.update_latency(5)
    assert benchmark(lambda: backend.tally).latency_samples == 10


@pytest.mark.benchmark(group="writes")
def test_status_flip(benchmark, registry):
    states = itertools.cycle((BackendStatus.UNHEALTHY, BackendStatus.HEALTHY))
    benchmark(lambda: registry.update_status("b0", next(states)))


@pytest.mark.benchmark(group="writes")
def test_add_and_remove(benchmark, registry):
    def both():
        registry.add_backend(Backend("new", "http://10.0.0.2", models=[MODEL]))
        registry.remove_backend("new")

    benchmark(both)


@pytest.mark.benchmark(group="writes")
def test_apply_of_the_same_thousand(benchmark):
    registry = idle(1_000)
    same = registry.get_all_backends()
    assert len(benchmark(registry.apply, same).unchanged) == 1_000


@pytest.mark.benchmark(group="json")
def test_a_thousand_backends_to_json(benchmark):
    pytest.importorskip("msgspec", reason="python -m pip install -e '.[server]'")
    encode_backends = pytest.importorskip("backend_registry.node.encoding").encode_backends
    registry = Registry()
    registry.apply(spread(1_000))
    assert benchmark(encode_backends, registry.get_all_backends()).startswith(b"[{")
