"""Raw timings of what the registry is compared with, in the groups of `test_operations`."""

import pytest

from benchmarks.fleet import MODEL
from benchmarks.peers import litellm_router
from benchmarks.peers.hand_rolled import HandRolled

COUNTS = (10, 1_000)
MODELS = [MODEL, "model-1", "model-2", "model-3", "model-4"]


@pytest.fixture(params=COUNTS, ids=lambda count: f"{count} backends")
def count(request):
    return request.param


@pytest.mark.benchmark(group="pick")
def test_filter_and_min_under_a_lock(benchmark, count):
    assert benchmark(HandRolled(MODEL, count).pick, MODEL)


@pytest.mark.benchmark(group="lookup")
def test_first_design_query(benchmark, count):
    seed_port = pytest.importorskip("benchmarks.peers.seed_port")
    registry = seed_port.SeedRegistry(copied=seed_port.Record.clone).fill(count, MODELS)
    assert len(benchmark(registry.get_backends_for_model, MODEL)) == count


@pytest.mark.benchmark(group="counters")
@pytest.mark.parametrize("shards", [1, 16, 64])
def test_first_design_increment(benchmark, shards):
    seed_port = pytest.importorskip("benchmarks.peers.seed_port")
    assert benchmark(seed_port.SeedRegistry(shards).fill(100, MODELS).increment_pending, "b7")


@pytest.mark.benchmark(group="lease")
@pytest.mark.skipif(litellm_router.version() is None, reason="python -m pip install -e '.[bench-peers]'")
@pytest.mark.filterwarnings("ignore")
def test_litellm_least_busy_pick_and_report(benchmark, count):
    benchmark(litellm_router.choose_and_report, litellm_router.make(count))
