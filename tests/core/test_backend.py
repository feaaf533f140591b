"""`Backend`: a live handle; its description is one value, its counters are its own."""

import copy
import logging
import pickle
from datetime import UTC, datetime

import pytest

from backend_registry import Backend, BackendStatus, BackendType, InvalidValueError, Model, Registry
from backend_registry._core.backend import UNFOLDED_MOST
from backend_registry._core.latency import ENDED, fold
from tests.core.fleet import add, backend


def test_defaults_are_those_of_the_specification():
    record = Backend("a", "http://a").record
    assert (record.name, record.backend_type, record.models) == ("a", BackendType.GENERIC, ())
    assert (record.discovery_source, record.metadata, record.priority, record.weight) == ("static", {}, 0, 100)
    assert (record.operations, record.features, record.transports) == ((), (), ("http",))
    assert (record.instance_id, record.credential_env, record.max_pending) == (None, (), None)


def test_properties_read_the_record():
    gpu = Backend(
        "a",
        "http://a:8000",
        models=["m"],
        name="GPU",
        metadata={"k": "v"},
        priority=2,
        weight=5,
        instance_id="i-1",
        backend_type="vllm",
    )
    assert (gpu.id, gpu.url, gpu.name, gpu.backend_type) == ("a", "http://a:8000", "GPU", BackendType.VLLM)
    assert (gpu.models, gpu.metadata, gpu.priority, gpu.weight) == ((Model("m"),), {"k": "v"}, 2, 5)
    assert gpu.record.instance_id == "i-1"


def test_replace_makes_a_fresh_unowned_backend(registry):
    (gpu,) = add(registry, "a", priority=1)
    registry.update_status("a", "unhealthy", "e")
    registry.increment_pending("a")
    fresh = gpu.replace(id="b", priority=2)
    assert (fresh.id, fresh.url, fresh.priority) == ("b", gpu.url, 2)
    assert (fresh.status, fresh.pending_requests, fresh.last_error) == (BackendStatus.UNKNOWN, 0, None)
    Registry().add_backend(fresh)


def test_replace_checks_as_the_constructor_does():
    with pytest.raises(InvalidValueError, match=r"^weight: "):
        backend().replace(weight=0)
    with pytest.raises(TypeError, match=r"colour"):
        backend().replace(colour="red")


def test_a_backend_without_registry_counts_all_the_same(caplog):
    alone = backend()
    assert (alone.increment_pending(), alone.increment_pending(), alone.decrement_pending()) == (1, 2, 1)
    assert alone.increment_total_requests() == 1
    assert alone.update_latency(8) == 8
    assert (alone.pending_requests, alone.total_requests, alone.avg_latency_ms) == (1, 1, 8)
    assert alone.available
    assert (alone.reason_code, alone.status_reason) == ("", "")
    assert alone.decrement_pending() == alone.decrement_pending() == 0
    assert alone.pending_underflows == 1
    assert len(caplog.records) == 1


def test_measurements_are_not_requests():
    alone = backend()
    alone.update_latency(8)
    assert (alone.total_requests, alone.latency_samples) == (0, 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 2**32, "5", None, True])
def test_bad_latency_leaves_the_average_untouched(value):
    alone = backend()
    alone.update_latency(8)
    before = alone.tally
    with pytest.raises(InvalidValueError, match=r"^latency_ms: "):
        alone.update_latency(value)
    assert alone.tally == before


def test_reading_the_tally_folds_what_was_logged_and_writes_nothing(registry, clock):
    (gpu,) = add(registry, "a")
    for _ in range(5):
        with registry.acquire("m"):
            clock.advance(0.01)
    logged = list(gpu._log)
    assert (gpu.total_requests, gpu.latency_samples, gpu.avg_latency_ms) == (5, 5, 10)
    assert gpu._log == logged


def test_log_of_finished_requests_stays_short(registry):
    (gpu,) = add(registry, "a")
    lengths = set()
    for _ in range(100):
        registry.acquire("m").finish()
        lengths.add(len(gpu._log))
    assert max(lengths) == UNFOLDED_MOST
    assert gpu.total_requests == 100


def test_sample_that_arrives_while_others_are_folded_is_kept(monkeypatch):
    alone = backend()
    late = [(0, 5_000, None, ENDED)]

    def crowded(tally, samples):
        if late:
            alone._log.append(late.pop())
        return fold(tally, samples)

    monkeypatch.setattr("backend_registry._core.backend.fold", crowded)
    alone.update_latency(8)
    assert (alone.latency_samples, alone.total_requests) == (2, 1)


def test_underflow_is_counted_always_and_logged_once_a_minute(registry, clock, caplog):
    (gpu,) = add(registry, "a")
    with caplog.at_level(logging.WARNING, logger="backend_registry"):
        for seconds in (0, 30, 29.9, 0.2, 59):
            clock.advance(seconds)
            registry.decrement_pending("a")
    assert gpu.pending_underflows == 5
    assert [record.underflows for record in caplog.records] == [1, 4]
    assert {record.getMessage() for record in caplog.records} == {"decrement_pending without a matching increment"}


def test_raw_verbs_and_leases_add_up_and_do_not_take_from_each_other(registry):
    (gpu,) = add(registry, "a")
    lease = registry.acquire("m")
    assert registry.increment_pending("a") == 2
    assert registry.decrement_pending("a") == 1
    assert registry.decrement_pending("a") == 1
    assert (gpu.pending_requests, gpu.pending_underflows) == (1, 1)
    lease.finish()
    assert gpu.pending_requests == 0


def test_last_health_check_is_none_before_the_first(registry, clock):
    (gpu,) = add(registry, "a")
    assert gpu.last_health_check is None
    registry.update_status("a", "healthy")
    assert gpu.last_health_check == datetime.fromtimestamp(clock.time_ns() / 1e9, UTC)


def test_missing_credentials_make_it_unavailable_and_say_which(registry, monkeypatch):
    monkeypatch.setenv("FIRST_KEY", "x")
    monkeypatch.delenv("SECOND_KEY", raising=False)
    (gpu,) = add(registry, "a", credential_env=["FIRST_KEY", "SECOND_KEY"])
    assert not gpu.available
    assert (gpu.reason_code, gpu.status_reason) == ("missing_credentials", "missing env SECOND_KEY")


def test_an_empty_credential_is_a_missing_one(registry, monkeypatch):
    monkeypatch.setenv("EMPTY_KEY", "")
    (gpu,) = add(registry, "a", credential_env="EMPTY_KEY")
    assert gpu.status_reason == "missing env EMPTY_KEY"


def test_credential_values_are_never_kept(registry, monkeypatch):
    monkeypatch.setenv("MY_KEY", "canary-4711")
    (gpu,) = add(registry, "a", credential_env="MY_KEY")
    assert gpu.available
    assert "canary-4711" not in repr((gpu, gpu.record, registry.snapshot(), gpu._record, gpu._log))


def test_status_reason_is_cut_to_256_characters(registry):
    (gpu,) = add(registry, "a")
    registry.update_status("a", "unhealthy", "x" * 1000)
    assert len(gpu.status_reason) == len(gpu.last_error) == 256


def test_unprobed_backend_is_unavailable_where_a_probe_is_demanded(clock):
    strict = Registry(clock=clock, select_unknown=False)
    (gpu,) = add(strict, "a")
    assert (gpu.available, gpu.reason_code, gpu.status_reason) == (False, "unknown", "not checked yet")


def test_repr_shows_the_state_and_hides_the_url():
    gpu = backend(url="http://user:secret@h")
    assert repr(gpu) == "<Backend 'a' unknown pending=0 models=1>"


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_backend_refuses_to_be_copied_with_a_hint(duplicate):
    with pytest.raises(TypeError, match=r"live handle and cannot be pickled or copied; use backend.record or BackendView"):
        duplicate(backend())


def test_record_can_be_pickled_as_the_hint_says():
    record = backend(metadata={"k": "v"}).record
    assert pickle.loads(pickle.dumps(record)) == record


def test_decrement_after_an_interrupted_one_takes_back_what_is_left(registry):
    (gpu,) = add(registry, "a")
    registry.increment_pending("a")
    registry.increment_pending("a")
    gpu._tickets.pop(2)  # as an interrupt between its two steps leaves it
    assert registry.decrement_pending("a") == 0
    assert gpu.pending_underflows == 0
    assert registry.increment_pending("a") == 1
