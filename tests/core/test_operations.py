"""The verbs on backends by id: what they answer, what they refuse, and that a refusal changes nothing."""

import pytest

from backend_registry import (
    BackendNotFoundError,
    BackendOwnershipError,
    BackendStatus,
    DuplicateBackendError,
    Intent,
    InvalidValueError,
    Model,
    ProbeResult,
    Registry,
)
from tests.core.fleet import add, assert_sound, backend, ids, unchanged

# --- add, remove, look up ------------------------------------------------------------------------------------------------


def test_add_refuses_what_is_not_a_backend(registry):
    with unchanged(registry), pytest.raises(InvalidValueError, match=r"^backend: is a dict; pass a Backend object$"):
        registry.add_backend({"id": "a"})


def test_add_refuses_a_taken_id_and_leaves_the_refused_object_free(registry):
    add(registry, "a")
    refused = backend("a", ["other"])
    with unchanged(registry), pytest.raises(DuplicateBackendError):
        registry.add_backend(refused)
    Registry().add_backend(refused)


def test_add_refuses_an_object_that_is_or_was_in_a_registry(registry):
    (gpu,) = add(registry, "a")
    other = Registry()
    with pytest.raises(BackendOwnershipError) as caught:
        other.add_backend(gpu)
    assert caught.value.backend_id == "a"
    assert len(other) == 0
    registry.remove_backend("a")
    for each in (registry, other):
        with unchanged(each), pytest.raises(BackendOwnershipError):
            each.add_backend(gpu)


def test_removed_backend_keeps_its_counters_and_a_new_one_starts_at_zero(registry):
    (old,) = add(registry, "a")
    lease = registry.acquire("m")
    assert registry.remove_backend("a") is old
    (new,) = add(registry, "a")
    assert (old.pending_requests, new.pending_requests) == (1, 0)
    lease.finish()
    assert (old.pending_requests, old.total_requests, new.total_requests) == (0, 1, 0)


def test_protocols(registry):
    a, b = add(registry, "a", "b")
    assert len(registry) == 2
    assert "a" in registry
    assert "c" not in registry
    assert 5 not in registry
    assert list(registry) == [a, b]
    iterator = iter(registry)
    registry.remove_backend("b")
    assert list(iterator) == [a, b]


def test_lists_are_free_when_nothing_changed(registry):
    add(registry, "a", "b")
    registry.update_status("a", "healthy")
    for read in (registry.get_all_backends, registry.get_healthy_backends, registry.snapshot):
        assert read() is read()
    assert registry.get_backends_for_model("m") is registry.get_backends_for_model("m")
    assert registry.candidates("m") is registry.candidates("m")


@pytest.mark.parametrize("value", ["", 5, None, "a" * 257])
def test_ids_that_cannot_exist_are_refused_by_name(registry, value):
    add(registry, "a")
    for verb in (registry.remove_backend, registry.drain, registry.increment_pending, registry.decrement_pending):
        with unchanged(registry), pytest.raises(InvalidValueError, match=r"^backend_id: "):
            verb(value)


@pytest.mark.parametrize("value", [5, None, [], b"a"])
def test_lookups_refuse_what_is_no_text(registry, value):
    add(registry, "a")
    with pytest.raises(InvalidValueError, match=r"^backend_id: is a "):
        registry.get_backend(value)
    for verb in (registry.get_backends_for_model, registry.candidates, registry.pick, registry.acquire, registry.explain):
        with pytest.raises(InvalidValueError, match=r"^model: is a "):
            verb(value)


def test_lookup_of_an_id_that_cannot_exist_finds_nothing(registry):
    assert registry.get_backend("a" * 257) is registry.get_backend("") is None


@pytest.mark.parametrize("url", ["", 5, "10.0.0.1"])
def test_url_lookup_refuses_what_is_no_url(registry, url):
    with pytest.raises(InvalidValueError, match=r"^url: "):
        registry.has_backend_url(url)


def test_url_is_found_however_it_is_written_until_its_last_backend_is_gone(registry):
    add(registry, "a", "b", url="http://Host:80/v1/")
    assert registry.has_backend_url("http://host")
    registry.remove_backend("a")
    assert registry.has_backend_url("http://host/v1")
    registry.remove_backend("b")
    assert not registry.has_backend_url("http://host")


# --- status and intent ---------------------------------------------------------------------------------------------------


def test_same_status_and_error_make_no_revision_but_a_new_time(registry, clock):
    (gpu,) = add(registry, "a")
    registry.update_status("a", "unhealthy", "e")
    revision, checked = registry.revision, gpu.last_health_check
    clock.advance(5)
    registry.update_status("a", "unhealthy", "e")
    assert registry.revision == revision
    assert gpu.last_health_check > checked
    registry.update_status("a", "unhealthy", "f")
    assert registry.revision == revision + 1


@pytest.mark.parametrize(
    ("arguments", "field"),
    [(("green",), "status"), ((5,), "status"), ((None,), "status"), (("healthy", 5), "error")],
)
def test_bad_status_is_refused(registry, arguments, field):
    add(registry, "a")
    with unchanged(registry), pytest.raises(InvalidValueError, match=rf"^{field}: "):
        registry.update_status("a", *arguments)


def test_draining_is_drain_and_any_other_status_enables(registry):
    (gpu,) = add(registry, "a")
    registry.update_status("a", "healthy")
    registry.update_status("a", "draining", "maintenance")
    assert (gpu.intent, gpu.record.health, gpu.last_error) == (Intent.DRAINING, BackendStatus.HEALTHY, "maintenance")
    registry.update_status("a", "unknown")
    assert (gpu.intent, gpu.status) == (Intent.ENABLED, BackendStatus.UNKNOWN)
    registry.disable("a")
    registry.update_status("a", "healthy")
    assert (gpu.intent, gpu.status) == (Intent.ENABLED, BackendStatus.HEALTHY)


@pytest.mark.parametrize(
    ("verb", "intent", "status"),
    [("drain", "draining", "draining"), ("disable", "disabled", "draining"), ("enable", "enabled", "healthy")],
)
def test_intent_verbs(registry, verb, intent, status):
    (gpu,) = add(registry, "a")
    registry.update_status("a", "healthy")
    getattr(registry, verb)("a")
    assert (gpu.intent, gpu.status, gpu.available) == (intent, status, intent == "enabled")
    assert (gpu in registry.candidates("m")) == (gpu in registry.get_healthy_backends()) == (intent == "enabled")
    with unchanged(registry):
        getattr(registry, verb)("a")


def test_operator_forgets_the_streak_of_the_probes(registry):
    (gpu,) = add(registry, "a")
    registry.update_status("a", "healthy")
    for _ in range(2):
        registry.record_probe(gpu, ProbeResult(ok=False))
    registry.update_status("a", "healthy")
    registry.record_probe(gpu, ProbeResult(ok=False))
    assert gpu.status is BackendStatus.HEALTHY


# --- probes --------------------------------------------------------------------------------------------------------------


def test_probe_moves_health_and_takes_over_models_note_and_time(registry, clock):
    (gpu,) = add(registry, "a")
    assert registry.record_probe(gpu, ProbeResult(ok=True, models=("m", "n"), note="slow start"))
    assert (gpu.status, [m.id for m in gpu.models]) == (BackendStatus.HEALTHY, ["m", "n"])
    assert (gpu.reason_code, gpu.status_reason) == ("", "slow start")
    assert gpu.last_health_check.timestamp() == pytest.approx(clock.time_ns() / 1e9)
    assert registry.get_backends_for_model("n") == (gpu,)
    registry.record_probe(gpu, ProbeResult(ok=True, models=()))
    assert [m.id for m in gpu.models] == ["m", "n"]
    assert gpu.status_reason == ""


def test_failed_probe_says_why_at_once_and_changes_health_by_the_policy(registry):
    (gpu,) = add(registry, "a")
    registry.record_probe(gpu, ProbeResult(ok=True))
    registry.record_probe(gpu, ProbeResult(ok=False, error="timeout"))
    assert (gpu.status, gpu.last_error) == (BackendStatus.HEALTHY, "timeout")
    registry.record_probe(gpu, ProbeResult(ok=False))
    registry.record_probe(gpu, ProbeResult(ok=False))
    assert (gpu.status, gpu.last_error) == (BackendStatus.UNHEALTHY, "health check failed")
    assert (gpu.reason_code, gpu.status_reason) == ("unhealthy", "health check failed")


def test_same_probe_result_makes_no_revision(registry):
    (gpu,) = add(registry, "a")
    registry.record_probe(gpu, ProbeResult(ok=True))
    revision = registry.revision
    registry.record_probe(gpu, ProbeResult(ok=True, models=("m",)))
    assert registry.revision == revision


def test_probe_looks_for_credentials_again(registry, monkeypatch):
    monkeypatch.delenv("A_KEY", raising=False)
    (gpu,) = add(registry, "a", credential_env="A_KEY")
    assert registry.candidates("m") == ()
    monkeypatch.setenv("A_KEY", "x")
    registry.record_probe(gpu, ProbeResult(ok=True))
    assert registry.candidates("m") == (gpu,)
    monkeypatch.delenv("A_KEY")
    registry.record_probe(gpu, ProbeResult(ok=True))
    assert (registry.candidates("m"), gpu.status_reason) == ((), "missing env A_KEY")


def test_probe_of_an_object_that_is_gone_or_replaced_is_ignored(registry):
    (old,) = add(registry, "a")
    registry.remove_backend("a")
    with unchanged(registry):
        assert not registry.record_probe(old, ProbeResult(ok=True))
    add(registry, "a")
    with unchanged(registry):
        assert not registry.record_probe(old, ProbeResult(ok=True))
        assert not registry.record_probe(backend("a"), ProbeResult(ok=True))
    assert old.last_health_check is None


@pytest.mark.parametrize(("who", "result", "field"), [("a", ProbeResult(ok=True), "backend"), (None, True, "result")])
def test_bad_probe_is_refused(registry, who, result, field):
    (gpu,) = add(registry, "a")
    with unchanged(registry), pytest.raises(InvalidValueError, match=rf"^{field}: is a (str|bool); pass a "):
        registry.record_probe(gpu if who is None else who, result)


# --- models --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("models", ["m", 5, [5], [""], [f"m{n}" for n in range(1025)]])
def test_bad_models_are_refused(registry, models):
    add(registry, "a")
    with unchanged(registry), pytest.raises(InvalidValueError, match=r"^model"):
        registry.update_models("a", models)


def test_models_may_be_emptied(registry):
    (gpu,) = add(registry, "a")
    registry.update_models("a", [])
    assert (gpu.models, registry.model_count(), registry.get_backends_for_model("m")) == ((), 0, ())


def test_one_model_is_added_and_removed(registry):
    (gpu,) = add(registry, "a", models=["x"])
    registry.add_model_to_backend("a", Model("y", context_length=9))
    registry.remove_model_from_backend("a", "x")
    assert gpu.models == (Model("y", context_length=9),)
    assert ids(registry.get_backends_for_model("y")) == ["a"]
    with unchanged(registry):
        registry.add_model_to_backend("a", "y")
        registry.remove_model_from_backend("a", "x")


def test_the_model_above_the_limit_is_refused(registry):
    add(registry, "a", models=[f"m{n}" for n in range(1024)])
    with unchanged(registry), pytest.raises(InvalidValueError, match=r"^models: has 1025 entries; pass at most 1024$"):
        registry.add_model_to_backend("a", "one more")


@pytest.mark.parametrize("value", [5, None, ""])
def test_bad_model_is_refused(registry, value):
    add(registry, "a")
    with unchanged(registry), pytest.raises(InvalidValueError, match=r"^model"):
        registry.add_model_to_backend("a", value)
    with unchanged(registry), pytest.raises(InvalidValueError, match=r"^model_id: "):
        registry.remove_model_from_backend("a", value)


# --- counters ------------------------------------------------------------------------------------------------------------


def test_counter_verbs_return_new_values(registry):
    (gpu,) = add(registry, "a")
    assert [registry.increment_total_requests("a") for _ in range(3)] == [1, 2, 3]
    assert [registry.update_latency("a", ms) for ms in (100, 200, 150)] == [100, 120, 126]
    assert (gpu.total_requests, gpu.avg_latency_ms, gpu.latency_samples) == (3, 126, 3)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 2**32, "5", None, True])
def test_bad_latency_changes_nothing(registry, value):
    add(registry, "a")
    registry.update_latency("a", 7)
    with unchanged(registry), pytest.raises(InvalidValueError, match=r"^latency_ms: "):
        registry.update_latency("a", value)


def test_unknown_ids_change_nothing(registry):
    add(registry, "a")
    for verb, arguments in (("update_status", ("healthy",)), ("update_models", (["x"],)), ("update_latency", (5,))):
        with unchanged(registry), pytest.raises(BackendNotFoundError):
            getattr(registry, verb)("b", *arguments)
    assert_sound(registry)
