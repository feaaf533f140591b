"""The options of one request: each is checked, by name, by every verb that takes it."""

import pytest

from backend_registry import P2C, Capability, InvalidValueError
from backend_registry._core.demand import NO_DEMAND, Demand, check_wish
from tests.core.fleet import add, unchanged

BAD = [
    ({"require": "vision"}, "require", "is 'vision'", "pass Capability members joined with |"),
    ({"require": 8}, "require", "is 8", "pass Capability members joined with |"),
    ({"require": -1}, "require", "is -1", "pass Capability members joined with |"),
    ({"require": True}, "require", "is True", "pass Capability members joined with |"),
    ({"min_context": -1}, "min_context", "is -1", "pass an int from 0 to 2147483647"),
    ({"min_context": 1.5}, "min_context", "is a float", "pass an int from 0 to 2147483647"),
    ({"operation": ""}, "operation", "is empty", "pass 1 to 256 bytes of text"),
    ({"operation": 5}, "operation", "is a int", "pass a str"),
    ({"affinity": 5}, "affinity", "is a int", "pass a str, such as a session id"),
    ({"exclude": "a"}, "exclude", "is a str", "pass a set, list or tuple of backend ids"),
    ({"exclude": 5}, "exclude", "is a int", "pass a set, list or tuple of backend ids"),
    ({"exclude": iter(["a"])}, "exclude", "is a list_iterator", "pass a set, list or tuple of backend ids"),
    ({"exclude": [5]}, "exclude", "holds something else than a str", "pass backend ids"),
    ({"policy": object()}, "policy", "object has no method choose", "pass a Policy object"),
    ({"policy": P2C}, "policy", "is the class P2C", "pass an object of it"),
]


@pytest.mark.parametrize(("options", "field", "problem", "remedy"), BAD)
def test_options_are_refused_with_field_problem_and_remedy(options, field, problem, remedy):
    with pytest.raises(InvalidValueError) as caught:
        check_wish(options)
    assert (caught.value.field, caught.value.problem, caught.value.remedy) == (field, problem, remedy)


@pytest.mark.parametrize("options", [options for options, *_ in BAD], ids=str)
@pytest.mark.parametrize("verb", ["pick", "acquire", "explain"])
def test_every_verb_that_chooses_checks_them_and_changes_nothing(registry, verb, options):
    add(registry, "a")
    with unchanged(registry), pytest.raises(InvalidValueError):
        getattr(registry, verb)("m", **options)


@pytest.mark.parametrize("options", [options for options, *_ in BAD[:8]], ids=str)
def test_candidates_checks_demands(registry, options):
    add(registry, "a")
    with pytest.raises(InvalidValueError):
        registry.candidates("m", **options)


def test_unknown_option_is_a_type_error_that_lists_the_known_ones(registry):
    add(registry, "a")
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'colour'; known are .*policy"):
        registry.pick("m", colour="red")


@pytest.mark.parametrize("option", [{"exclude": ["a"]}, {"affinity": "s"}, {"policy": None}])
def test_candidates_refuses_what_it_does_not_take_into_account(registry, option):
    add(registry, "a")
    with pytest.raises(TypeError, match=r"unexpected keyword argument"):
        registry.candidates("m", **option)


def test_no_options_are_no_demand():
    wish = check_wish({})
    assert wish.demand == NO_DEMAND == Demand(Capability(0), 0, None)
    assert (wish.affinity, wish.exclude, wish.policy) == (None, frozenset(), None)


def test_plain_ints_are_capabilities():
    assert check_wish({"require": 3}).demand.require == Capability.VISION | Capability.TOOLS


@pytest.mark.parametrize("model", ["", 5, None])
def test_model_that_cannot_exist_is_refused_by_name(registry, model):
    add(registry, "a")
    for verb in (registry.pick, registry.acquire, registry.explain):
        with unchanged(registry), pytest.raises(InvalidValueError, match=r"^model: "):
            verb(model)
