"""Models: values with limits."""

import dataclasses

import pytest

from backend_registry import Capability, InvalidValueError, Model
from backend_registry._core.model import check_models


def test_model_needs_nothing_but_an_id():
    model = Model("m")
    assert (model.name, model.context_length, model.max_output_tokens) == ("m", 4096, None)
    assert model.capabilities == Capability(0)


def test_model_is_immutable_and_hashable():
    model = Model("m", name="M")
    assert model == Model("m", name="M")
    assert len({model, Model("m", name="M")}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.id = "x"


@pytest.mark.parametrize(
    ("flags", "capabilities"),
    [
        ({"supports_vision": True}, Capability.VISION),
        ({"supports_tools": True}, Capability.TOOLS),
        ({"supports_json_mode": True}, Capability.JSON_MODE),
        ({"supports_vision": True, "supports_tools": True}, Capability.VISION | Capability.TOOLS),
    ],
)
def test_capabilities_are_the_flags(flags, capabilities):
    assert Model("m", **flags).capabilities == capabilities


@pytest.mark.parametrize(
    ("arguments", "field", "problem", "remedy"),
    [
        ({"id": ""}, "model.id", "is empty", "pass 1 to 256 bytes of text"),
        ({"id": "m" * 257}, "model.id", "has 257 bytes", "pass at most 256"),
        ({"id": 5}, "model.id", "is a int", "pass a str"),
        ({"id": "m", "name": 5}, "model.name", "is a int", "pass a str"),
        ({"id": "m", "context_length": -1}, "model.context_length", "is -1", "pass an int from 0 to 2147483647"),
        ({"id": "m", "context_length": True}, "model.context_length", "is a bool", "pass an int from 0 to 2147483647"),
        ({"id": "m", "supports_tools": 1}, "model.supports_tools", "is a int", "pass True or False"),
        ({"id": "m", "max_output_tokens": -1}, "model.max_output_tokens", "is -1", "pass an int from 0 to 2147483647"),
    ],
)
def test_model_is_refused(arguments, field, problem, remedy):
    with pytest.raises(InvalidValueError) as caught:
        Model(**arguments)
    assert (caught.value.field, caught.value.problem, caught.value.remedy) == (field, problem, remedy)


def test_max_output_tokens_may_be_zero():
    assert Model("m", max_output_tokens=0).max_output_tokens == 0


def test_models_may_be_ids_and_the_first_of_each_id_is_kept():
    assert check_models(["b", Model("a", context_length=1), "a", "b"]) == (Model("b"), Model("a", context_length=1))


def test_models_named_alike_share_one_object():
    assert check_models(["shared"])[0] is check_models(["shared"])[0]


@pytest.mark.parametrize(
    ("models", "problem", "remedy"),
    [
        ("m", "is a str", "pass an iterable of Model or str"),
        (b"m", "is a bytes", "pass an iterable of Model or str"),
        (Model("m"), "is a Model", "pass an iterable of Model or str"),
        (5, "is a int", "pass an iterable of Model or str"),
        ([5], "holds a int", "pass Model objects or model ids"),
        ([f"m{n}" for n in range(1025)], "has 1025 entries", "pass at most 1024"),
    ],
)
def test_models_are_refused(models, problem, remedy):
    with pytest.raises(InvalidValueError) as caught:
        check_models(models)
    assert (caught.value.field, caught.value.problem, caught.value.remedy) == ("models", problem, remedy)


def test_models_may_be_1024():
    assert len(check_models(f"m{n}" for n in range(1024))) == 1024
