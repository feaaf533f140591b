"""Records: what a backend is, as one value, and the checks of its named fields."""

import pytest

from backend_registry import BackendStatus, BackendType, DiscoverySource, Intent, InvalidValueError
from backend_registry._core.record import check_credential_env, check_enum
from tests.core.fleet import backend


def test_status_is_draining_unless_the_operator_wants_it_in():
    record = backend().record._replace(health=BackendStatus.HEALTHY)
    assert record.status is BackendStatus.HEALTHY
    for intent in (Intent.DRAINING, Intent.DISABLED):
        assert record._replace(intent=intent).status is BackendStatus.DRAINING


def test_record_is_plain_without_limit_weight_trial_and_warm_up():
    assert backend().record.is_plain
    assert not backend().record._replace(on_trial=True).is_plain
    assert not backend().record._replace(warming_since_ns=0).is_plain
    assert not backend(max_pending=1).record.is_plain
    assert not backend(weight=99).record.is_plain


def test_description_is_copied_apart_from_what_happened_since():
    here = backend(priority=1).record._replace(health=BackendStatus.HEALTHY, last_error="e")
    there = backend(priority=2).record
    merged = here.redescribed(there)
    assert (merged.priority, merged.health, merged.last_error) == (2, BackendStatus.HEALTHY, "e")


@pytest.mark.parametrize("value", [DiscoverySource.DNS, "dns"])
def test_members_are_given_as_themselves_or_as_text(value):
    assert check_enum("discovery_source", value, DiscoverySource) is DiscoverySource.DNS


@pytest.mark.parametrize("value", ["Ollama", "", 5, None, [], {}])
def test_anything_else_is_refused_with_the_choices(value):
    with pytest.raises(InvalidValueError) as caught:
        check_enum("backend_type", value, BackendType)
    assert (caught.value.field, caught.value.problem) == ("backend_type", f"is {value!r}")
    assert caught.value.remedy.startswith("pass one of ollama, vllm, ")


def test_credentials_are_one_name_or_several():
    assert check_credential_env(None) == ()
    assert check_credential_env("A_KEY") == ("A_KEY",)
    assert check_credential_env(["A", "_B2"]) == ("A", "_B2")


@pytest.mark.parametrize("secret", ["sk-12345", "1KEY", "a b", "k\u00e9y", "a=b"])
def test_credential_value_in_place_of_a_name_is_refused_without_being_repeated(secret):
    with pytest.raises(InvalidValueError, match=r"^credential_env: is not the name of an environment variable; ") as caught:
        check_credential_env(secret)
    assert secret not in str(caught.value)
