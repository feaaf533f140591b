"""What operators at the hub want is done once, as if they had asked here, and survives as that does."""

import asyncio

import pytest

from backend_registry import Backend, Intent, Registry
from backend_registry.discovery import Fleet, StateFile, StateWriteError
from backend_registry.node.wishes import Wishes
from backend_registry.protocol import Wish


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def fleet(registry, tmp_path):
    fleet = Fleet(registry, state=StateFile(tmp_path))
    fleet.offer("file:x", [Backend("a", "http://a:1"), Backend("b", "http://b:1")])
    return fleet


def wish(backend_id, intent, generation, reason="since I say so"):
    return Wish(id=backend_id, intent=intent, generation=generation, reason=reason)


def carried_out(wishes, *wanted):
    return asyncio.run(wishes.carry_out(wanted))


@pytest.mark.parametrize("intent", ["draining", "disabled", "enabled"])
def test_a_wish_is_done_and_its_generation_known(registry, fleet, intent):
    fleet.disable("a")
    wishes = Wishes(fleet)
    assert carried_out(wishes, wish("a", intent, 7)) is True
    assert registry.get_backend("a").intent == intent
    assert dict(wishes.generations) == {"a": 7}


def test_what_was_done_survives_a_restart_as_an_operators_setting_does(fleet, tmp_path):
    carried_out(Wishes(fleet), wish("a", "draining", 7))
    assert fleet.override_of("a").intent is Intent.DRAINING
    again = Registry()
    Fleet(again, state=StateFile(tmp_path)).offer("file:x", [Backend("a", "http://a:1")])
    assert again.get_backend("a").intent is Intent.DRAINING


def test_a_wish_that_comes_again_is_not_done_again_over_what_was_done_here_meanwhile(registry, fleet):
    wishes = Wishes(fleet)
    carried_out(wishes, wish("a", "draining", 7))
    fleet.enable("a")
    assert carried_out(wishes, wish("a", "draining", 7)) is False
    assert carried_out(wishes, wish("a", "disabled", 6)) is False
    assert registry.get_backend("a").intent is Intent.ENABLED


def test_of_several_wishes_the_newest_holds_in_whatever_order_they_come(registry, fleet):
    wishes = Wishes(fleet)
    carried_out(wishes, wish("a", "enabled", 9), wish("a", "disabled", 8), wish("b", "draining", 3))
    assert registry.get_backend("a").intent is Intent.ENABLED
    assert dict(wishes.generations) == {"a": 9, "b": 3}


def test_a_wish_about_what_is_not_there_is_said_once_and_done_when_it_is(registry, fleet, caplog):
    wishes = Wishes(fleet)
    for _ in range(3):
        assert carried_out(wishes, wish("c", "draining", 5)) is False
    assert [record.message for record in caplog.records] == [
        "an operator at the hub wants what cannot be done now: there is no such backend"
    ]
    assert (caplog.records[0].backend_id, caplog.records[0].reason) == ("c", "since I say so")
    assert dict(wishes.generations) == {}
    fleet.offer("file:y", [Backend("c", "http://c:1")])
    assert carried_out(wishes, wish("c", "draining", 5)) is True
    assert registry.get_backend("c").intent is Intent.DRAINING


def test_a_wish_that_cannot_be_kept_is_not_done_and_the_others_are(registry, fleet, monkeypatch, caplog):
    patch = fleet.patch

    def full_disk(backend_id, **settings):
        if backend_id == "a":
            raise StateWriteError("state.json", "cannot be written: No space left on device")
        patch(backend_id, **settings)

    monkeypatch.setattr(fleet, "patch", full_disk)
    wishes = Wishes(fleet)
    assert carried_out(wishes, wish("a", "draining", 5), wish("b", "draining", 6)) is True
    assert registry.get_backend("a").intent is Intent.ENABLED
    assert dict(wishes.generations) == {"b": 6}
    assert "StateWriteError" in caplog.text
    monkeypatch.undo()
    carried_out(wishes, wish("a", "draining", 5))
    assert dict(wishes.generations) == {"a": 5, "b": 6}


def test_the_log_says_what_was_done_and_why(fleet, caplog):
    caplog.set_level("INFO", "backend_registry.node")
    carried_out(Wishes(fleet), wish("a", "draining", 7, reason="memory is being replaced"))
    (line,) = [record for record in caplog.records if record.name == "backend_registry.node"]
    assert (line.backend_id, line.intent, line.generation, line.reason) == ("a", "draining", 7, "memory is being replaced")
