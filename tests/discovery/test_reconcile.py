"""What the sets of several sources mean together."""

import pytest

from backend_registry import Backend, Intent, InvalidValueError
from backend_registry.discovery import Hidden, Override, reconcile


def backend(id="a", url="http://10.0.0.1:8000", **fields):
    return Backend(id, url, **fields)


def shown(merged):
    return {b.id: merged.claims[b.id].source for b in merged.backends}


def test_all_sources_together_make_the_fleet():
    merged = reconcile({"file": [backend("a")], "dns": [backend("b", "http://10.0.0.2:8000")]}, {})
    assert shown(merged) == {"a": "file", "b": "dns"}
    assert merged.hidden == ()


def test_the_first_source_has_a_url_that_two_tell_about():
    merged = reconcile({"file": [backend("mine")], "mdns": [backend("found", "http://10.0.0.1:8000/v1")]}, {})
    assert shown(merged) == {"mine": "file"}
    assert merged.hidden == (Hidden("mdns", "found", "mine", same_id=False),)


@pytest.mark.parametrize("other", ["http://localhost:11434", "http://[::1]:11434/", "ws://127.0.0.1:11434/v1"])
def test_this_machine_has_one_name(other):
    merged = reconcile({"file": [backend("mine", other)], "scan": [backend("found", "http://127.0.0.1:11434")]}, {})
    assert shown(merged) == {"mine": "file"}


@pytest.mark.parametrize(
    "other", ["http://10.0.0.1:8001", "http://10.0.0.2:8000", "https://10.0.0.1:8443", "http://10.0.0.1:8000/second"]
)
def test_another_port_host_or_path_is_another_server(other):
    assert len(reconcile({"file": [backend("a")], "dns": [backend("b", other)]}, {}).backends) == 2


def test_a_password_in_a_url_makes_it_no_other_server():
    merged = reconcile({"file": [backend("a", "http://me:pw@10.0.0.1:8000?k=v")], "dns": [backend("b")]}, {})
    assert shown(merged) == {"a": "file"}


def test_one_source_may_list_a_url_twice():
    merged = reconcile({"file": [backend("big", models=["m1"]), backend("small", models=["m2"])]}, {})
    assert shown(merged) == {"big": "file", "small": "file"}


def test_an_id_that_is_taken_is_left_out_and_said_so():
    merged = reconcile({"file": [backend("gpu")], "dns": [backend("gpu", "http://10.0.0.9:8000")]}, {})
    assert [b.url for b in merged.backends] == ["http://10.0.0.1:8000"]
    assert merged.hidden == (Hidden("dns", "gpu", "gpu", same_id=True),)


def test_an_override_lies_over_what_the_source_says_and_the_declared_one_is_kept():
    declared = backend("a", weight=50, priority=3, models=["m"])
    merged = reconcile({"file": [declared]}, {"a": Override(weight=7, intent=Intent.DISABLED), "gone": Override(weight=9)})
    (wanted,) = merged.backends
    assert (wanted.weight, wanted.priority, wanted.intent) == (7, 3, Intent.DISABLED)
    assert [model.id for model in wanted.models] == ["m"]
    assert merged.claims["a"].declared is declared
    assert declared.weight == 50


@pytest.mark.parametrize("field", [{"weight": 0}, {"weight": True}, {"priority": "high"}, {"intent": "asleep"}])
def test_an_override_is_checked_as_a_backend_is(field):
    with pytest.raises(InvalidValueError) as refused:
        Override(**field)
    assert refused.value.field == next(iter(field))


def test_an_intent_given_as_text_is_one():
    assert Override(intent="draining").intent is Intent.DRAINING
