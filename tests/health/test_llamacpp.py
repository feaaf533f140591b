"""llama.cpp: a server that loads is neither dead nor ready; slots tell what it does."""

import pytest

from backend_registry import BackendStatus, Model, ReportedLoad, Residency
from backend_registry.health import LlamaCppProber, ProbeFailedError
from backend_registry.testing import FakeBackend, make_backend
from tests.health.canned import (
    LLAMACPP_MODELS,
    LLAMACPP_PROPS,
    LLAMACPP_ROUTER_MODELS,
    LLAMACPP_SLOTS,
    NO_ANSWER,
    Canned,
    error,
    probe,
)

LOADING = error(503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}})
OLD_LOADING = error(503, {"status": "loading model"})


def test_what_llamacpp_tells_becomes_a_model_load_and_residency():
    upstream = Canned(
        {"/health": {"status": "ok"}, "/v1/models": LLAMACPP_MODELS, "/props": LLAMACPP_PROPS, "/slots": LLAMACPP_SLOTS}
    )
    result = probe(LlamaCppProber(), upstream)
    assert result.models == (Model("qwen3-8b.gguf", context_length=16_384, supports_tools=True),)
    assert result.load == ReportedLoad(running=1, waiting=0)
    assert result.residency == {"qwen3-8b.gguf": Residency.IN_USE}
    assert upstream.asked == ["/health", "/v1/models", "/props", "/slots"]


def test_slots_that_all_rest_are_a_model_that_is_resident_and_idle(registry, check):
    with FakeBackend(kind="llamacpp", models=[Model("m", context_length=8192, supports_vision=True)]) as fake:
        assert check(fake.backend(models=())).load == ReportedLoad(0, 0)
        backend = registry.get_backend(fake.id)
        assert backend.models == (Model("m", context_length=8192, supports_vision=True),)
        assert backend.residency == {"m": Residency.IDLE}
        fake.load = ReportedLoad(running=3, waiting=0)
        assert check(backend).load == ReportedLoad(3, 0)
        assert backend.residency == {"m": Residency.IN_USE}


@pytest.mark.parametrize("status", [404, 501])
def test_slots_that_are_not_enabled_are_no_failure(registry, check, status):
    with FakeBackend(kind="llamacpp") as fake:
        fake.fail("status", status=status, only="/slots")
        result = check(fake.backend())
    assert (result.ok, result.load, result.note) == (True, None, None)


def test_several_models_each_have_a_state_of_their_own():
    upstream = Canned({"/health": b"", "/v1/models": LLAMACPP_ROUTER_MODELS, "/props": LLAMACPP_PROPS, "/slots": 400})
    result = probe(LlamaCppProber(), upstream)
    assert [(model.id, model.context_length) for model in result.models][:2] == [("gemma", 8192), ("granite", 4096)]
    assert result.residency == {
        "gemma": Residency.IDLE,
        "granite": Residency.LOADING,
        "pleias": Residency.ON_DISK,
        "odd": Residency.IDLE,
    }
    assert "/props" not in upstream.asked


@pytest.mark.parametrize("health", [LOADING, OLD_LOADING])
def test_a_server_that_loads_has_passed(health):
    result = probe(LlamaCppProber(), {"/health": health, "/v1/models": LLAMACPP_MODELS})
    assert (result.ok, result.note) == (True, "loading its model")
    assert [model.id for model in result.models] == ["qwen3-8b.gguf"]
    assert result.residency == {"qwen3-8b.gguf": Residency.LOADING}


@pytest.mark.parametrize("models", [503, NO_ANSWER, b"<html>"])
def test_a_server_that_loads_and_lists_nothing_yet_loads_what_it_served_before(models):
    result = probe(LlamaCppProber(), {"/health": LOADING, "/v1/models": models}, models=["known"])
    assert (result.ok, result.models, result.note) == (True, None, "loading its model")
    assert result.residency == {"known": Residency.LOADING}


@pytest.mark.parametrize("health", [503, 500, 404, error(503, {"error": "no upstream"})])
def test_another_503_is_a_failed_check(health):
    with pytest.raises(ProbeFailedError, match="HTTP "):
        probe(LlamaCppProber(), {"/health": health, "/v1/models": LLAMACPP_MODELS})


def test_a_server_that_loads_is_neither_dead_nor_picked_while_another_can_serve(registry, check):
    with FakeBackend("big", kind="llamacpp") as big, FakeBackend("small", kind="llamacpp") as small:
        big.residency["llama3:8b"] = Residency.LOADING
        check(big.backend())
        check(small.backend())
        loading = registry.get_backend("big")
        assert (loading.status, loading.status_reason) == (BackendStatus.HEALTHY, "loading its model")
        assert {registry.acquire("llama3:8b").backend.id for _ in range(30)} == {"small"}

        big.residency.clear()
        check(loading)
        assert loading.residency == {"llama3:8b": Residency.IDLE}
        assert {registry.acquire("llama3:8b").backend.id for _ in range(60)} == {"big", "small"}


def test_a_server_that_loads_is_taken_when_there_is_no_other(registry, check):
    with FakeBackend("big", kind="llamacpp") as big:
        big.residency["llama3:8b"] = Residency.LOADING
        check(big.backend())
        registry.add_backend(make_backend("other", models=["m2"]))
        lease = registry.acquire("llama3:8b")
        assert (lease.backend.id, lease.last_resort) == ("big", "loading")
