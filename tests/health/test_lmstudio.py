"""LM Studio: all that is on disk is listed, and what is loaded says so."""

import pytest

from backend_registry import Model, Residency
from backend_registry.health import LMStudioProber, ProbeFailedError
from backend_registry.testing import FakeBackend
from tests.health.canned import LMSTUDIO_MODELS, NO_ANSWER, Canned, error, probe


def test_what_lmstudio_tells_becomes_models_and_residency():
    result = probe(LMStudioProber(), {"/api/v0/models": LMSTUDIO_MODELS})
    assert result.models == (
        Model("qwen2-vl-7b-instruct", context_length=32_768, supports_vision=True),
        # A model that is loaded has the context that it was loaded with.
        Model("meta-llama-3.1-8b-instruct", context_length=8192, supports_tools=True),
        Model("text-embedding-nomic-embed-text-v1.5", context_length=2048),
    )
    assert list(result.residency.values()) == [Residency.ON_DISK, Residency.IDLE, Residency.LOADING]


def test_states_are_taken_from_a_running_server(registry, check):
    models = [Model("a", context_length=2048, supports_vision=True), Model("b", supports_tools=True), Model("c")]
    with FakeBackend(kind="lmstudio", models=models) as fake:
        fake.residency.update(a=Residency.ON_DISK, b=Residency.LOADING)
        check(fake.backend(models=()))
        backend = registry.get_backend(fake.id)
        assert backend.models == tuple(models)
        assert backend.residency == {"a": Residency.ON_DISK, "b": Residency.LOADING, "c": Residency.IDLE}
        assert [request.path for request in fake.requests] == ["/api/v0/models"]


@pytest.mark.parametrize("own", [404, {"error": "Unexpected endpoint or method. (GET /api/v0/models)"}, b"<html>"])
def test_a_version_without_the_list_is_asked_for_the_common_one(own):
    upstream = Canned({"/api/v0/models": own, "/v1/models": {"data": [{"id": "m"}]}})
    result = probe(LMStudioProber(), upstream)
    assert (result.ok, result.models, result.residency) == (True, (Model("m"),), None)
    assert upstream.asked == ["/api/v0/models", "/v1/models"]


@pytest.mark.parametrize("own", [500, 401, NO_ANSWER, error(503, {})])
def test_a_server_that_fails_is_not_asked_again(own):
    upstream = Canned({"/api/v0/models": own, "/v1/models": {"data": [{"id": "m"}]}})
    with pytest.raises(ProbeFailedError):
        probe(LMStudioProber(), upstream)
    assert upstream.asked == ["/api/v0/models"]
