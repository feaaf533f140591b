"""vLLM: the context it states, and the requests it counts."""

import pytest

from backend_registry import Model, ReportedLoad, Residency
from backend_registry.health import ProbeFailedError, VLLMProber
from backend_registry.testing import FakeBackend
from tests.health.canned import NO_ANSWER, VLLM_METRICS, VLLM_MODELS, probe

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"


def vllm(metrics, models=VLLM_MODELS, health=b""):
    return probe(VLLMProber(), {"/health": health, "/v1/models": models, "/metrics": metrics})


def test_what_vllm_tells_becomes_models_load_and_residency():
    result = vllm(VLLM_METRICS)
    assert result.models == (Model(LLAMA, context_length=32_768), Model("sql-lora"))
    assert result.load == ReportedLoad(running=5, waiting=7)
    # An adapter runs on the engine that is counted under the name of its base.
    assert result.residency == {LLAMA: Residency.IN_USE, "sql-lora": Residency.IN_USE}
    assert result.note is None


def test_a_server_at_rest_has_its_models_resident_and_idle(registry, check):
    with FakeBackend(kind="vllm", models=[Model("m1", context_length=32_768), 'a "quoted\\ name']) as fake:
        assert check(fake.backend(models=())).load == ReportedLoad(0, 0)
        backend = registry.get_backend(fake.id)
        assert [(model.id, model.context_length) for model in backend.models] == [("m1", 32_768), ('a "quoted\\ name', 4096)]
        assert set(backend.residency.values()) == {Residency.IDLE}
        fake.load = ReportedLoad(running=2, waiting=1)
        check(backend)
        assert backend.reported_load == ReportedLoad(2, 1)
        assert set(backend.residency.values()) == {Residency.IN_USE}
        assert [request.path for request in fake.requests] == ["/health", "/v1/models", "/metrics"] * 2


def test_models_that_the_engine_counts_apart_are_told_apart():
    listing = {"data": [{"id": 'a "quoted\\ name'}, {"id": "b"}]}
    metrics = rb"""
vllm:num_requests_running{model_name="a \"quoted\\ name"} 1.0
vllm:num_requests_running{model_name="b",engine="0"} 0
"""
    assert vllm(metrics, listing).residency == {'a "quoted\\ name': Residency.IN_USE, "b": Residency.IDLE}


@pytest.mark.parametrize("metrics", [404, 500, NO_ANSWER, b"", b"\xff\xfe", b"vllm:num_requests_running 3", VLLM_METRICS[:120]])
def test_figures_that_are_not_there_are_no_failure(metrics):
    result = vllm(metrics)
    assert (result.ok, len(result.models), result.load) == (True, 2, None)
    assert set(result.residency.values()) == {Residency.IDLE}


@pytest.mark.parametrize(
    ("value", "count"), [("NaN", None), ("1.2.3", 0), ("1e999", 0), ("1e+300", 1_000_000), ("4", 4), ("-1", None)]
)
def test_counts_that_make_no_sense_do_no_harm(value, count):
    result = vllm(f'vllm:num_requests_running{{model_name="m"}} {value}\n'.encode())
    assert result.load == (None if count is None else ReportedLoad(count, 0))


@pytest.mark.parametrize("status", [500, 503])
def test_an_engine_that_is_dead_is_a_failed_check_though_models_are_listed(status):
    with pytest.raises(ProbeFailedError, match=f"HTTP {status}"):
        vllm(VLLM_METRICS, health=status)
