"""What the seed's origin project does, and what it fails to do: its contract holds here, its measured defects do not."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend_registry import (
    BackendNotFoundError,
    BackendStatus,
    BackendType,
    DuplicateBackendError,
    Model,
    PickRequest,
    ProbeResult,
    Registry,
    SmartScore,
)
from tests.core.fleet import add, assert_sound, backend, ids

# --- its contract --------------------------------------------------------------------------------------------------------


def test_backend_starts_unknown_with_zero_counters():
    fresh = backend()
    assert (fresh.status, fresh.last_error, fresh.priority) == (BackendStatus.UNKNOWN, None, 0)
    assert (fresh.pending_requests, fresh.total_requests, fresh.avg_latency_ms) == (0, 0, 0)


@pytest.mark.parametrize("name", ["ollama", "vllm", "llamacpp", "exo", "openai", "lmstudio", "generic", "anthropic", "google"])
def test_every_backend_type_of_the_origin_is_known(name):
    assert backend(backend_type=name).backend_type is BackendType(name)


def test_query_answers_all_statuses_in_insertion_order(registry):
    add(registry, "c", "a", "d", "b")
    for name, status in (("c", "healthy"), ("a", "unhealthy"), ("d", "draining")):
        registry.update_status(name, status)
    assert ids(registry.get_backends_for_model("m")) == ["c", "a", "d", "b"]


def test_healthy_with_an_error_keeps_the_error_and_unhealthy_without_clears_it(registry):
    (gpu,) = add(registry, "a")
    registry.update_status("a", "healthy", "slow disk")
    assert gpu.last_error == "slow disk"
    registry.update_status("a", "unhealthy")
    assert gpu.last_error is None


def test_every_status_transition_is_allowed_by_hand(registry):
    (gpu,) = add(registry, "a")
    for before in BackendStatus:
        for after in BackendStatus:
            if after is not BackendStatus.DRAINING:
                registry.update_status("a", before)
                registry.update_status("a", after)
                assert gpu.status is after


def test_counters_never_touch_status(registry):
    (gpu,) = add(registry, "a")
    revision = registry.revision
    registry.increment_pending("a")
    registry.decrement_pending("a")
    registry.increment_total_requests("a")
    registry.update_latency("a", 7)
    assert (gpu.status, registry.revision) == (BackendStatus.UNKNOWN, revision)


def test_trailing_slash_makes_no_difference_to_a_url(registry):
    add(registry, "a", url="http://10.0.0.1:11434/")
    assert registry.has_backend_url("http://10.0.0.1:11434")
    assert registry.has_backend_url("http://10.0.0.1:11434/")
    assert not registry.has_backend_url("http://10.0.0.1:11435")


def test_adding_a_model_twice_keeps_the_first_and_removing_an_absent_one_is_fine(registry):
    (gpu,) = add(registry, "a", models=[Model("m", context_length=8)])
    registry.add_model_to_backend("a", Model("m", context_length=9))
    registry.remove_model_from_backend("a", "absent")
    assert gpu.models == (Model("m", context_length=8),)


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("remove_backend", ()),
        ("update_status", ("healthy",)),
        ("update_models", ([],)),
        ("add_model_to_backend", ("m",)),
        ("remove_model_from_backend", ("m",)),
        ("increment_pending", ()),
        ("decrement_pending", ()),
        ("increment_total_requests", ()),
        ("update_latency", (1,)),
        ("drain", ()),
        ("disable", ()),
        ("enable", ()),
    ],
)
def test_every_verb_says_when_the_backend_is_not_there(registry, verb, arguments):
    with pytest.raises(BackendNotFoundError, match=r"^backend not found: nope$") as caught:
        getattr(registry, verb)("nope", *arguments)
    assert caught.value.backend_id == "nope"


# --- its smart score -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("priority", "pending", "latency_ms", "score"),
    [
        (1, 0, 50, 98),
        (0, 0, 0, 100),
        (1000, 1000, 10000, 0),
        (10, 0, 100, 93),
        (5, 50, 100, 80),
        (5, 0, 500, 87),
        (50, 0, 0, 75),
        (0, 0, 1000, 80),
    ],
)
def test_smart_score_golden_vectors(priority, pending, latency_ms, score):
    assert SmartScore().score(priority, pending, latency_ms) == score


def test_smart_score_breaks_ties_at_random_and_not_by_position():
    tied = (backend("a"), backend("b"), backend("c"))
    request = PickRequest("m", None, random.Random(1), 0)
    assert {SmartScore().choose(tied, request).id for _ in range(60)} == {"a", "b", "c"}


# --- its defects ---------------------------------------------------------------------------------------------------------


def test_queries_and_model_updates_do_not_deadlock_and_show_no_partial_update(registry, switching):
    add(registry, *(f"b{n}" for n in range(10)), models=["m"])
    done = threading.Event()

    def refresh():
        try:
            for turn in range(1_000):
                registry.update_models(f"b{turn % 10}", ["m", f"extra-{turn % 3}"])
                registry.add_model_to_backend(f"b{turn % 10}", "more")
                registry.remove_model_from_backend(f"b{turn % 10}", "more")
        finally:
            done.set()

    def query():
        while not done.is_set():
            assert len(registry.get_backends_for_model("m")) == 10

    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(refresh), pool.submit(query)]:
            each.result(timeout=50)
    assert_sound(registry)


def test_two_threads_cannot_both_add_the_same_id(switching):
    for _ in range(100):
        fresh = Registry()
        start = threading.Barrier(2)

        def add_one(registry=fresh, start=start):
            mine = backend("same")
            start.wait()
            try:
                registry.add_backend(mine)
            except DuplicateBackendError:
                return 0
            return 1

        with ThreadPoolExecutor(2) as pool:
            assert sum(each.result(timeout=50) for each in [pool.submit(add_one), pool.submit(add_one)]) == 1
        assert len(fresh.get_backends_for_model("m")) == 1


def test_last_backend_leaving_a_model_never_hides_one_that_joins(switching):
    for _ in range(100):
        fresh = Registry()
        add(fresh, "leaves")
        start = threading.Barrier(2)

        def leave(registry=fresh, start=start):
            start.wait()
            registry.remove_backend("leaves")

        def join(registry=fresh, start=start):
            start.wait()
            add(registry, "joins")

        with ThreadPoolExecutor(2) as pool:
            for each in [pool.submit(leave), pool.submit(join)]:
                each.result(timeout=50)
        assert ids(fresh.get_backends_for_model("m")) == ["joins"]


def test_refreshing_with_the_same_list_keeps_the_order_and_makes_no_revision(registry):
    add(registry, "a", "b", models=["m", "x"])
    revision = registry.revision
    registry.update_models("a", ["m", "x"])
    assert ids(registry.get_backends_for_model("m")) == ["a", "b"]
    assert registry.revision == revision


def test_duplicate_model_ids_do_not_duplicate_a_backend(registry):
    (gpu,) = add(registry, "a", models=["m", Model("m", context_length=9), "m"])
    assert registry.get_backends_for_model("m") == (gpu,)


def test_small_latencies_move_the_average(registry):
    (gpu,) = add(registry, "a")
    for ms in (1, *[5] * 30):
        registry.update_latency("a", ms)
    assert gpu.tally.ema_us == pytest.approx(5_000, abs=10)


def test_zero_is_a_sample_and_not_the_lack_of_one(registry):
    add(registry, "a")
    assert [registry.update_latency("a", ms) for ms in (0, 1000)] == [0, 200]


def test_large_latencies_do_not_overflow(registry):
    add(registry, "a")
    assert [registry.update_latency("a", 2_000_000_000) for _ in range(2)] == [2_000_000_000] * 2


def test_latency_is_fed_by_requests(registry, clock):
    (gpu,) = add(registry, "a")
    with registry.acquire("m"):
        clock.advance(0.25)
    assert gpu.avg_latency_ms == 250


def test_retry_goes_to_another_backend(registry):
    add(registry, "a", "b")
    first = registry.acquire("m")
    second = first.next()
    assert {first.backend.id, second.backend.id} == {"a", "b"}


def test_readded_id_is_found_healthy_by_the_first_probe(registry):
    (old,) = add(registry, "a")
    registry.record_probe(old, ProbeResult(ok=True))
    registry.remove_backend("a")
    (new,) = add(registry, "a")
    assert new.status is BackendStatus.UNKNOWN
    registry.record_probe(new, ProbeResult(ok=True))
    assert new.status is BackendStatus.HEALTHY


def test_health_checks_cannot_undo_a_drain(registry):
    (gpu,) = add(registry, "a")
    registry.drain("a")
    for ok in (False, False, False, True, True, True):
        registry.record_probe(gpu, ProbeResult(ok=ok))
        assert gpu.status is BackendStatus.DRAINING
    registry.enable("a")
    assert gpu.status is BackendStatus.HEALTHY


def test_negative_priority_is_the_best_and_not_the_worst():
    assert SmartScore().score(-5, 0, 0) == 100
