import pytest

from backend_registry import BackendStatus, Capability, DuplicateBackendError, InvalidValueError
from backend_registry.testing import DEFAULT_MODEL, ManualClock, make_backend, make_model, make_registry


def test_a_model_takes_every_field():
    model = make_model("phi3", context_length=1_000, supports_tools=True)
    assert (model.id, model.context_length, model.capabilities) == ("phi3", 1_000, Capability.TOOLS)


def test_a_backend_serves_the_default_model_at_an_address_of_its_own():
    one, other = make_backend("gpu 1"), make_backend("gpu_2")
    assert [model.id for model in one.models] == [DEFAULT_MODEL]
    assert (one.url, other.url) == ("http://gpu-1.invalid:8000", "http://gpu-2.invalid:8000")
    assert make_backend("??").url == "http://backend.invalid:8000"


def test_a_backend_takes_every_field():
    backend = make_backend("b", "http://host:1", models=["m"], priority=7)
    assert (backend.url, backend.models[0].id, backend.priority) == ("http://host:1", "m", 7)
    with pytest.raises(InvalidValueError, match="weight"):
        make_backend(weight=0)


def test_a_registry_has_that_many_healthy_backends():
    registry = make_registry(3)
    assert [backend.id for backend in registry.get_healthy_backends()] == ["b1", "b2", "b3"]
    assert len(registry.candidates(DEFAULT_MODEL)) == 3


def test_a_registry_may_hold_backends_that_nobody_has_probed():
    registry = make_registry(2, healthy=False)
    assert {backend.status for backend in registry} == {BackendStatus.UNKNOWN}


def test_a_registry_takes_backends_and_options():
    clock = ManualClock()
    registry = make_registry([make_backend("x"), make_backend("y")], clock=clock, select_unknown=False)
    assert [backend.id for backend in registry] == ["x", "y"]
    assert registry.clock is clock
    assert not registry.select_unknown
    with pytest.raises(DuplicateBackendError):
        make_registry([make_backend("x"), make_backend("x")])


def test_two_registries_pick_alike():
    picks = [[registry.pick(DEFAULT_MODEL).id for _ in range(20)] for registry in (make_registry(4), make_registry(4))]
    assert picks[0] == picks[1]
    assert len(set(picks[0])) > 1
