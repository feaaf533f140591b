"""The second half of the specification's tests: properties of the counters, and many threads at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from backend_registry import BackendNotFoundError, DuplicateBackendError, Registry
from tests.core.fleet import add, assert_sound, backend, ids

# --- phase 5: properties -------------------------------------------------------------------------------------------------


def one_backend():
    """A registry with one backend, for tests that Hypothesis calls many times."""
    fresh = Registry()
    return fresh, *add(fresh, "a")


@given(st.integers(0, 200))
def prop_increment_decrement_balanced(count):
    fresh, gpu = one_backend()
    assert [fresh.increment_pending("a") for _ in range(count)] == list(range(1, count + 1))
    assert [fresh.decrement_pending("a") for _ in range(count)] == list(range(count - 1, -1, -1))
    assert (gpu.pending_requests, gpu.pending_underflows) == (0, 0)


@given(st.lists(st.integers(1, 40), min_size=2, max_size=4))
def prop_concurrent_increments_correct(counts):
    fresh, gpu = one_backend()
    start = threading.Barrier(len(counts))

    def increment(count):
        start.wait()
        return [fresh.increment_pending("a") for _ in range(count)]

    with ThreadPoolExecutor(len(counts)) as pool:
        values = [value for part in pool.map(increment, counts) for value in part]
    # Every increment returned a value of its own: none was lost and none was seen by two.
    assert sorted(values) == list(range(1, sum(counts) + 1))
    assert gpu.pending_requests == sum(counts)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1))
def prop_latency_bounded(samples):
    fresh, gpu = one_backend()
    averages = [fresh.update_latency("a", ms) for ms in samples]
    for position, average in enumerate(averages, start=1):
        # The integer rule rounds down, by less than a millisecond in all.
        assert min(samples[:position]) - 1 <= average <= max(samples[:position])
    assert gpu.avg_latency_ms == averages[-1]


# --- phase 6: concurrency ------------------------------------------------------------------------------------------------


def together(*works):
    """Run each function in a thread of its own, all at once; re-raise what they raise."""
    start = threading.Barrier(len(works))

    def run(work):
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result(timeout=50) for done in [pool.submit(run, work) for work in works]]


def test_concurrent_reads_no_deadlock(registry, switching):
    add(registry, *(f"b{n}" for n in range(100)))

    def read():
        return sum(len(registry.get_backends_for_model("m")) for _ in range(2_500))

    assert together(*[read] * 4) == [250_000] * 4


def test_concurrent_read_write_safe(registry, switching):
    add(registry, *(f"b{n}" for n in range(10)), models=["m", "x"])
    done = threading.Event()

    def write():
        try:
            for turn in range(500):
                name = f"b{turn % 10}"
                registry.update_models(name, ["m", "x"] if turn % 20 < 10 else ["m", "y"])
                registry.update_status(name, ("healthy", "unhealthy")[turn % 2])
                registry.update_latency(name, turn)
        finally:
            done.set()

    def read():
        while not done.is_set():
            # A model that is in the old list and in the new one is never missing.
            assert len(registry.get_backends_for_model("m")) == 10
            snapshot = registry.snapshot()
            served = {record.id: {model.id for model in record.models} for record in snapshot.backends}
            assert all(model in served[name] for model, names in snapshot.models.items() for name in names)

    together(write, read, read)
    assert_sound(registry)


def test_concurrent_add_remove_same_id(registry, switching):
    def toggle():
        added = removed = 0
        for _ in range(300):
            try:
                registry.add_backend(backend("same"))
                added += 1
            except DuplicateBackendError:
                pass
            try:
                registry.remove_backend("same")
                removed += 1
            except BackendNotFoundError:
                pass
        return added - removed

    left = sum(together(toggle, toggle, toggle))
    assert left == registry.backend_count() == len(registry.get_backends_for_model("m")) == 0
    assert_sound(registry)


def test_concurrent_model_queries(registry, switching):
    add(registry, "steady", models=["m"])
    done = threading.Event()

    def churn():
        try:
            for turn in range(400):
                registry.add_backend(backend(f"b{turn}", ["m"]))
                registry.remove_backend(f"b{turn}")
        finally:
            done.set()

    def query():
        while not done.is_set():
            found = ids(registry.get_backends_for_model("m"))
            assert found[0] == "steady"
            assert len(found) == len(set(found)) <= 2

    together(churn, query, query)
    assert ids(registry.get_backends_for_model("m")) == ["steady"]
    assert_sound(registry)
