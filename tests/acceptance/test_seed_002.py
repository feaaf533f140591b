"""The registry's specification, test by test, under the names that its implementation plan gives them."""

import json
import logging
from datetime import UTC, datetime

import pytest

from backend_registry import (
    Backend,
    BackendNotFoundError,
    BackendStatus,
    BackendType,
    DiscoverySource,
    DuplicateBackendError,
    Model,
)
from tests.core.fleet import add, backend, ids

# --- phase 1: data structures --------------------------------------------------------------------------------------------


def test_backend_type_serialization():
    assert [json.loads(json.dumps(each)) for each in BackendType] == [
        "ollama", "vllm", "llamacpp", "exo", "openai", "lmstudio", "anthropic", "google", "generic",
    ]  # fmt: skip
    assert BackendType("ollama") is BackendType.OLLAMA


def test_backend_status_serialization():
    assert [json.loads(json.dumps(each)) for each in BackendStatus] == ["healthy", "unhealthy", "unknown", "draining"]
    assert [json.loads(json.dumps(each)) for each in DiscoverySource][:3] == ["static", "mdns", "manual"]


def test_model_creation():
    model = Model(
        id="llama3:70b",
        name="Llama 3 70B",
        context_length=8192,
        supports_vision=True,
        supports_tools=True,
        supports_json_mode=True,
        max_output_tokens=4096,
    )
    assert (model.id, model.name, model.context_length) == ("llama3:70b", "Llama 3 70B", 8192)
    assert model.supports_vision
    assert model.supports_tools
    assert model.supports_json_mode
    assert model.max_output_tokens == 4096


def test_backend_creation():
    made = Backend(
        id="gpu-1",
        url="http://10.0.0.1:11434",
        name="GPU 1",
        backend_type=BackendType.OLLAMA,
        models=[Model("llama3:8b")],
        discovery_source=DiscoverySource.MDNS,
        metadata={"rack": "7"},
        priority=1,
    )
    assert (made.id, made.name, made.url) == ("gpu-1", "GPU 1", "http://10.0.0.1:11434")
    assert (made.backend_type, made.record.discovery_source) == (BackendType.OLLAMA, DiscoverySource.MDNS)
    assert made.models == (Model("llama3:8b"),)
    assert (dict(made.metadata), made.priority) == ({"rack": "7"}, 1)
    assert (made.status, made.last_health_check, made.last_error) == (BackendStatus.UNKNOWN, None, None)
    assert (made.pending_requests, made.total_requests, made.avg_latency_ms) == (0, 0, 0)


def test_backend_json_roundtrip(registry):
    pytest.importorskip("pydantic", reason="the JSON views are pydantic models")
    from backend_registry import BackendView

    (gpu,) = add(registry, "gpu-1", models=["llama3:8b", Model("llava", supports_vision=True)], priority=3)
    registry.update_status("gpu-1", "unhealthy", "connection refused")
    registry.increment_pending("gpu-1")
    registry.update_latency("gpu-1", 100)
    view = BackendView.from_backend(gpu)
    again = BackendView.model_validate_json(view.model_dump_json())
    assert again == view
    plain = json.loads(view.model_dump_json())
    assert (plain["id"], plain["status"], plain["last_error"]) == ("gpu-1", "unhealthy", "connection refused")
    assert (plain["pending_requests"], plain["avg_latency_ms"], plain["priority"]) == (1, 100, 3)
    assert [model["id"] for model in plain["models"]] == ["llama3:8b", "llava"]


# --- phase 2: operations -------------------------------------------------------------------------------------------------


def test_add_backend_success(registry):
    gpu = backend("gpu-1")
    registry.add_backend(gpu)
    assert registry.get_backend("gpu-1") is gpu


def test_add_backend_duplicate_error(registry):
    (first,) = add(registry, "gpu-1")
    with pytest.raises(DuplicateBackendError, match=r"^backend already exists: gpu-1$"):
        registry.add_backend(backend("gpu-1", ["other"]))
    assert registry.get_all_backends() == (first,)


def test_remove_backend_success(registry):
    (gpu,) = add(registry, "gpu-1")
    registry.increment_pending("gpu-1")
    removed = registry.remove_backend("gpu-1")
    assert removed is gpu
    assert removed.pending_requests == 1
    assert registry.get_backend("gpu-1") is None


def test_remove_backend_not_found(registry):
    with pytest.raises(BackendNotFoundError, match=r"^backend not found: nope$"):
        registry.remove_backend("nope")


def test_get_backend_found(registry):
    gpu, _ = add(registry, "gpu-1", "gpu-2")
    assert registry.get_backend("gpu-1") is gpu


def test_get_backend_not_found(registry):
    assert registry.get_backend("nope") is None


def test_get_all_backends(registry):
    added = add(registry, "c", "a", "b")
    assert registry.get_all_backends() == tuple(added)


def test_backend_count(registry):
    assert registry.backend_count() == 0
    add(registry, "a", "b")
    assert registry.backend_count() == 2
    registry.remove_backend("a")
    assert registry.backend_count() == 1


# --- phase 3: model index ------------------------------------------------------------------------------------------------


def test_get_backends_for_model_single(registry):
    (gpu,) = add(registry, "gpu-1", models=["m"])
    assert registry.get_backends_for_model("m") == (gpu,)


def test_get_backends_for_model_multiple(registry):
    both = add(registry, "b", "a", models=["m"])
    add(registry, "c", models=["other"])
    assert registry.get_backends_for_model("m") == tuple(both)


def test_get_backends_for_model_none(registry):
    add(registry, "a", models=["m"])
    assert registry.get_backends_for_model("M") == ()


def test_get_healthy_backends(registry):
    good, _ = add(registry, "good", "unprobed")
    registry.update_status("good", BackendStatus.HEALTHY)
    assert registry.get_healthy_backends() == (good,)


@pytest.mark.parametrize("status", [BackendStatus.UNHEALTHY, BackendStatus.DRAINING])
def test_get_healthy_backends_excludes_unhealthy_and_draining(registry, status):
    add(registry, "a", "b")
    registry.update_status("a", BackendStatus.HEALTHY)
    registry.update_status("b", BackendStatus.HEALTHY)
    registry.update_status("b", status)
    assert ids(registry.get_healthy_backends()) == ["a"]


def test_model_count(registry):
    assert registry.model_count() == 0
    add(registry, "a", models=["x", "y"])
    add(registry, "b", models=["y", "z"])
    assert registry.model_count() == 3
    registry.update_status("b", BackendStatus.UNHEALTHY)
    assert registry.model_count() == 3


def test_model_index_updated_on_add(registry):
    (gpu,) = add(registry, "gpu-1", models=["x", "y"])
    assert registry.get_backends_for_model("x") == registry.get_backends_for_model("y") == (gpu,)


def test_model_index_updated_on_remove(registry):
    add(registry, "a", models=["x", "y"])
    (b,) = add(registry, "b", models=["y"])
    registry.remove_backend("a")
    assert registry.get_backends_for_model("x") == ()
    assert registry.get_backends_for_model("y") == (b,)
    assert registry.model_count() == 1


# --- phase 4: status and models ------------------------------------------------------------------------------------------


def test_update_status_healthy_to_unhealthy(registry):
    (gpu,) = add(registry, "a")
    registry.update_status("a", BackendStatus.HEALTHY)
    assert gpu.status is BackendStatus.HEALTHY
    registry.update_status("a", BackendStatus.UNHEALTHY)
    assert gpu.status is BackendStatus.UNHEALTHY


def test_update_status_sets_timestamp(registry, clock):
    (gpu,) = add(registry, "a")
    registry.update_status("a", BackendStatus.HEALTHY)
    assert gpu.last_health_check == datetime.fromtimestamp(clock.time_ns() / 1e9, UTC)
    first = gpu.last_health_check
    clock.advance(2)
    registry.update_status("a", BackendStatus.HEALTHY)
    assert (gpu.last_health_check - first).total_seconds() == pytest.approx(2)


def test_update_status_sets_error(registry):
    (gpu,) = add(registry, "a")
    registry.update_status("a", BackendStatus.UNHEALTHY, "connection refused")
    assert gpu.last_error == "connection refused"


def test_update_status_clears_error(registry):
    (gpu,) = add(registry, "a")
    registry.update_status("a", BackendStatus.UNHEALTHY, "connection refused")
    registry.update_status("a", BackendStatus.HEALTHY)
    assert gpu.last_error is None


def test_update_status_not_found(registry):
    with pytest.raises(BackendNotFoundError, match=r"^backend not found: nope$"):
        registry.update_status("nope", BackendStatus.HEALTHY)


def test_update_models_replaces_list(registry):
    (gpu,) = add(registry, "a", models=["x", "y"])
    registry.update_models("a", ["y", "z"])
    assert [model.id for model in gpu.models] == ["y", "z"]


def test_update_models_updates_index(registry):
    (gpu,) = add(registry, "a", models=["x", "y"])
    registry.update_models("a", [Model("y"), Model("z")])
    assert registry.get_backends_for_model("x") == ()
    assert registry.get_backends_for_model("y") == registry.get_backends_for_model("z") == (gpu,)


def test_update_models_not_found(registry):
    with pytest.raises(BackendNotFoundError, match=r"^backend not found: nope$"):
        registry.update_models("nope", ["x"])


# --- phase 5: counters ---------------------------------------------------------------------------------------------------


def test_increment_pending_success(registry):
    (gpu,) = add(registry, "a")
    registry.increment_pending("a")
    assert gpu.pending_requests == 1


def test_increment_pending_returns_new_value(registry):
    add(registry, "a")
    assert [registry.increment_pending("a") for _ in range(3)] == [1, 2, 3]


def test_decrement_pending_success(registry):
    (gpu,) = add(registry, "a")
    registry.increment_pending("a")
    registry.increment_pending("a")
    assert registry.decrement_pending("a") == 1
    assert gpu.pending_requests == 1


def test_decrement_pending_clamps_to_zero(registry):
    (gpu,) = add(registry, "a")
    assert registry.decrement_pending("a") == 0
    assert registry.decrement_pending("a") == 0
    assert gpu.pending_requests == 0
    assert registry.increment_pending("a") == 1


def test_decrement_pending_logs_warning_at_zero(registry, caplog):
    add(registry, "a")
    registry.increment_pending("a")
    with caplog.at_level(logging.WARNING, logger="backend_registry"):
        registry.decrement_pending("a")
        assert not caplog.records
        registry.decrement_pending("a")
    (record,) = caplog.records
    assert (record.levelname, record.name, record.backend_id) == ("WARNING", "backend_registry", "a")


def test_update_latency_first_sample(registry):
    (gpu,) = add(registry, "a")
    assert registry.update_latency("a", 100) == 100
    assert gpu.avg_latency_ms == 100


def test_update_latency_ema_calculation(registry):
    add(registry, "a")
    assert [registry.update_latency("a", ms) for ms in (100, 200, 150)] == [100, 120, 126]


def test_update_latency_zero_valid(registry):
    (gpu,) = add(registry, "a")
    assert registry.update_latency("a", 0) == 0
    assert gpu.latency_samples == 1
    assert registry.update_latency("a", 1000) == 200
