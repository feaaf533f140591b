"""What sources and operators do to one registry."""

import logging
import threading

import pytest

from backend_registry import (
    Backend,
    BackendNotFoundError,
    BackendStatus,
    DiscoverySource,
    DuplicateBackendError,
    Intent,
    InvalidValueError,
    Registry,
)
from backend_registry.discovery import (
    DuplicateUrlError,
    Fleet,
    Override,
    OwnedByFileError,
    OwnedBySourceError,
    StateFile,
    StateWriteError,
)
from tests.discovery.tools import ids

A, B, C = "http://10.0.0.1:8000", "http://10.0.0.2:8000", "http://10.0.0.3:8000"


@pytest.fixture
def fleet(registry):
    return Fleet(registry)


# --- sources -----------------------------------------------------------------------------------------------------------


def told(caplog):
    """What discovery has logged in this thread; servers of other tests may log in theirs."""
    mine = [record for record in caplog.records if record.thread == threading.get_ident()]
    return [record.getMessage() for record in mine if record.name == "backend_registry.discovery"]


def test_one_source_never_removes_what_another_tells_about(registry, fleet):
    fleet.offer("file:fleet.toml", [Backend("a", A)])
    fleet.offer("dns:gpus:8000", [Backend("b", B)])
    fleet.offer("dns:gpus:8000", [])
    assert ids(registry) == {"a"}


@pytest.mark.parametrize("order", [("scan", "mdns", "dns:x:1", "own", "file:f"), ("file:f", "own", "dns:x:1", "mdns", "scan")])
def test_precedence_does_not_depend_on_who_comes_first(registry, fleet, order):
    for source in order:
        fleet.offer(source, [Backend(source.partition(":")[0], A)])
    gone = []
    while len(registry):
        (backend,) = registry
        gone.append(backend.id)
        fleet.offer(fleet.source_of(backend.id), [])
    assert gone == ["file", "own", "dns", "mdns", "scan"]


def test_a_set_is_taken_over_in_one_revision_and_the_same_again_in_none(registry, fleet, caplog):
    fleet.offer("dns", [Backend("a", A), Backend("b", B)])
    before = registry.revision
    fleet.offer("dns", [Backend("b", B, weight=7), Backend("c", C)])
    assert registry.revision == before + 1
    assert ids(registry) == {"b", "c"}
    with caplog.at_level(logging.INFO):
        fleet.offer("dns", [Backend("b", B, weight=7), Backend("c", C)])
    assert (registry.revision, told(caplog)) == (before + 1, [])


def test_who_stays_keeps_its_object_and_the_models_that_were_found(registry, fleet):
    fleet.offer("file", [Backend("a", A, models=["listed"])])
    a = registry.get_backend("a")
    registry.update_models("a", ["found"])
    fleet.offer("dns", [Backend("b", B)])
    fleet.offer("file", [Backend("a", A, models=["listed"], weight=3)])
    assert registry.get_backend("a") is a
    assert (a.weight, [model.id for model in a.models]) == (3, ["found"])
    fleet.offer("file", [Backend("a", A, models=["listed", "more"], weight=3)])
    assert [model.id for model in a.models] == ["listed", "more"]


def test_what_went_away_can_come_back(registry, fleet):
    a = Backend("a", A)
    fleet.offer("dns", [a])
    fleet.offer("dns", [])
    fleet.offer("dns", [a])
    assert ids(registry) == {"a"}


def test_a_set_with_something_else_in_it_is_refused_as_a_whole(registry, fleet):
    fleet.offer("own", [Backend("a", A)])
    with pytest.raises(InvalidValueError, match="holds a str"):
        fleet.offer("own", [Backend("b", B), "http://c"])
    assert ids(registry) == {"a"}


def test_an_id_that_is_taken_is_logged_once(registry, fleet, caplog):
    fleet.offer("file", [Backend("gpu", A)])
    with caplog.at_level(logging.WARNING):
        fleet.offer("dns", [Backend("gpu", B)])
        fleet.offer("dns", [Backend("gpu", B), Backend("c", C)])
    assert told(caplog) == ["dns: left out, the id 'gpu' is taken; give one of the two another id"]
    assert {backend.url for backend in registry} == {A, C}


def test_an_intent_that_the_file_changes_is_applied(registry, fleet):
    fleet.offer("file", [Backend("a", A)])
    fleet.offer("file", [Backend("a", A, intent=Intent.DISABLED)])
    assert registry.get_backend("a").intent is Intent.DISABLED


# --- operators ---------------------------------------------------------------------------------------------------------


def test_an_added_backend_belongs_to_the_api_and_stays_whatever_sources_say(registry, fleet):
    fleet.offer("file", [Backend("a", A)])
    fleet.add(Backend("b", B))
    fleet.offer("file", [])
    assert ids(registry) == {"b"}
    assert fleet.source_of("b") == "api"
    assert registry.get_backend("b").record.discovery_source is DiscoverySource.MANUAL
    fleet.remove("b")
    assert ids(registry) == set()


def test_an_id_or_url_that_is_taken_cannot_be_added(registry, fleet):
    fleet.offer("file", [Backend("a", A)])
    with pytest.raises(DuplicateBackendError, match="backend already exists: a"):
        fleet.add(Backend("a", B))
    with pytest.raises(DuplicateUrlError, match="backend 'a' has this url already") as refused:
        fleet.add(Backend("b", A + "/v1/"))
    assert refused.value.backend_id == "a"
    assert isinstance(refused.value, DuplicateBackendError)
    assert ids(registry) == {"a"}


def test_an_added_backend_whose_url_the_file_takes_over_cannot_be_added_again(registry, fleet):
    fleet.add(Backend("b", B))
    fleet.offer("file", [Backend("a", B)])
    assert ids(registry) == {"a"}
    with pytest.raises(DuplicateBackendError):
        fleet.add(Backend("b", C))
    fleet.remove("b")
    fleet.add(Backend("b", C))
    assert ids(registry) == {"a", "b"}


@pytest.mark.parametrize(
    ("field", "backend"),
    [
        ("url", {"url": "http://me:hunter2@10.0.0.1:8000"}),
        ("url", {"url": "http://10.0.0.1:8000?key=hunter2"}),
        ("metadata", {"metadata": {"api_key": "hunter2"}}),
        ("metadata", {"metadata": {"note": "authorization: Bearer hunter2hunter2"}}),
    ],
)
def test_nothing_that_would_bring_a_secret_onto_the_disk_can_be_added(registry, fleet, field, backend):
    with pytest.raises(InvalidValueError) as refused:
        fleet.add(Backend("a", **{"url": A, **backend}))
    assert refused.value.field == field
    assert "credential_env" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert ids(registry) == set()


def test_only_a_backend_can_be_added(fleet):
    with pytest.raises(InvalidValueError, match="holds a dict"):
        fleet.add({"id": "a"})


def test_what_a_source_tells_about_cannot_be_removed_but_disabled(registry, fleet):
    fleet.offer("file:fleet.toml", [Backend("a", A)])
    fleet.offer("mdns", [Backend("b", B)])
    with pytest.raises(OwnedByFileError) as by_file:
        fleet.remove("a")
    assert str(by_file.value) == (
        "backend 'a' belongs to file:fleet.toml; take it out of that file, or disable it, which holds until you enable it"
    )
    with pytest.raises(OwnedBySourceError, match="'b' belongs to mdns; disable it instead") as found:
        fleet.remove("b")
    assert not isinstance(found.value, OwnedByFileError)
    fleet.disable("b")
    assert registry.get_backend("b").intent is Intent.DISABLED


@pytest.mark.parametrize("verb", ["remove", "patch", "drain", "disable", "enable", "clear_override", "source_of"])
def test_an_unknown_backend_is_not_found(fleet, verb):
    with pytest.raises(BackendNotFoundError):
        getattr(fleet, verb)("nobody")


def test_what_an_operator_sets_survives_edits_of_the_file_until_it_is_cleared(registry, fleet):
    fleet.offer("file", [Backend("a", A, weight=10, priority=1)])
    a = registry.get_backend("a")
    fleet.patch("a", weight=77)
    fleet.drain("a")
    fleet.offer("file", [Backend("a", A, weight=20, priority=2)])
    assert (a.weight, a.priority, a.intent) == (77, 2, Intent.DRAINING)
    assert fleet.override_of("a") == Override(weight=77, intent=Intent.DRAINING)
    fleet.clear_override("a")
    assert (a.weight, a.priority, a.intent) == (20, 2, Intent.ENABLED)
    assert fleet.override_of("a") is None


def test_a_patch_sets_what_it_names_and_nothing_else(registry, fleet):
    fleet.offer("file", [Backend("a", A)])
    fleet.patch("a", weight=5)
    fleet.patch("a", priority=-1, intent="disabled")
    assert fleet.override_of("a") == Override(5, -1, Intent.DISABLED)
    for wrong in ({"weight": 0}, {"priority": 2**40}, {"intent": "asleep"}):
        with pytest.raises(InvalidValueError):
            fleet.patch("a", **wrong)
    assert fleet.override_of("a") == Override(5, -1, Intent.DISABLED)
    assert registry.get_backend("a").weight == 5


def test_what_is_cleared_is_the_sources_again(registry, fleet):
    fleet.offer("file", [Backend("a", A, weight=10)])
    fleet.patch("a", weight=5, priority=7, intent="disabled")
    fleet.patch("a", priority=8, clear=["weight", "intent"])
    assert fleet.override_of("a") == Override(priority=8)
    a = registry.get_backend("a")
    assert (a.weight, a.priority, a.intent) == (10, 8, Intent.ENABLED)
    with pytest.raises(InvalidValueError, match="name some of weight, priority, intent"):
        fleet.patch("a", clear=["url"])


def test_a_slow_disk_holds_up_nobody_but_operators(registry, tmp_path, monkeypatch):
    fleet = Fleet(registry, state=StateFile(tmp_path))
    fleet.offer("file", [Backend("a", A)])
    begun, go_on = threading.Event(), threading.Event()

    def slow(*_):
        begun.set()
        assert go_on.wait(10)

    monkeypatch.setattr(StateFile, "save", slow)
    operator = threading.Thread(target=fleet.patch, args=("a",), kwargs={"weight": 5})
    operator.start()
    assert begun.wait(10)
    fleet.offer("dns", [Backend("b", B)])
    fleet.offer("file", [])
    assert (ids(registry), fleet.source_of("b"), fleet.override_of("a")) == ({"b"}, "dns", None)
    go_on.set()
    operator.join(10)
    assert fleet.override_of("a") == Override(weight=5)


def test_enabled_again_leaves_no_trace(registry, fleet):
    fleet.offer("file", [Backend("a", A)])
    fleet.drain("a")
    fleet.enable("a")
    assert fleet.override_of("a") is None
    assert registry.get_backend("a").intent is Intent.ENABLED


def test_what_the_file_disables_can_be_enabled(registry, fleet):
    fleet.offer("file", [Backend("a", A, intent=Intent.DISABLED)])
    fleet.enable("a")
    assert registry.get_backend("a").intent is Intent.ENABLED
    assert fleet.override_of("a") == Override(intent=Intent.ENABLED)


def test_a_drain_by_another_way_is_set_right_by_the_operators_word(registry, fleet):
    fleet.offer("file", [Backend("a", A)])
    registry.drain("a")
    fleet.enable("a")
    assert registry.get_backend("a").intent is Intent.ENABLED


def test_drained_stays_drained_when_the_backend_moves_or_goes_and_comes_back(registry, fleet):
    fleet.offer("dns", [Backend("a", A)])
    fleet.drain("a")
    fleet.offer("dns", [Backend("a", B)])
    assert registry.get_backend("a").intent is Intent.DRAINING
    fleet.offer("dns", [])
    assert fleet.override_of("a") == Override(intent=Intent.DRAINING)
    fleet.offer("dns", [Backend("a", A)])
    assert registry.get_backend("a").intent is Intent.DRAINING


def test_removing_forgets_what_was_set(registry, fleet):
    fleet.add(Backend("a", A))
    fleet.disable("a")
    fleet.remove("a")
    fleet.add(Backend("a", A))
    assert registry.get_backend("a").status is BackendStatus.UNKNOWN
    assert fleet.override_of("a") is None


def test_settings_of_backends_that_are_gone_are_bounded_and_the_oldest_go_first(registry, fleet, monkeypatch):
    monkeypatch.setattr("backend_registry.discovery.fleet._ABSENT_OVERRIDES_MOST", 2)
    for name in ("one", "two", "three", "four"):
        fleet.offer("dns", [Backend(name, A), Backend("here", B)])
        fleet.patch(name, weight=5)
        fleet.patch("here", weight=6)
    fleet.offer("dns", [Backend("here", B)])
    fleet.patch("here", weight=7)
    assert [name for name in ("one", "two", "three", "four", "here") if fleet.override_of(name)] == ["three", "four", "here"]


def test_backends_that_can_be_added_are_bounded(registry, fleet, monkeypatch):
    monkeypatch.setattr("backend_registry.discovery.fleet._ADDED_MOST", 1)
    fleet.add(Backend("a", A))
    with pytest.raises(InvalidValueError, match="one more than 1"):
        fleet.add(Backend("b", B))


# --- restarts ----------------------------------------------------------------------------------------------------------


def test_what_operators_did_is_there_after_a_restart(tmp_path):
    first = Fleet(Registry(), state=StateFile(tmp_path))
    first.offer("file", [Backend("a", A)])
    first.add(Backend("b", B, backend_type="vllm", models=["m"], credential_env="B_KEY", max_pending=4, metadata={"rack": "7"}))
    first.patch("a", weight=3)
    first.drain("b")

    registry = Registry()
    second = Fleet(registry, state=StateFile(tmp_path))
    assert ids(registry) == {"b"}
    b = registry.get_backend("b")
    assert (b.url, b.backend_type, b.record.credential_env, b.record.max_pending) == (B, "vllm", ("B_KEY",), 4)
    assert (dict(b.metadata), [m.id for m in b.models], b.intent) == ({"rack": "7"}, ["m"], Intent.DRAINING)
    second.offer("file", [Backend("a", A)])
    assert registry.get_backend("a").weight == 3
    second.remove("b")
    assert Fleet(Registry(), state=StateFile(tmp_path)).override_of("b") is None


def test_what_cannot_be_kept_is_not_done(registry, tmp_path, monkeypatch):
    fleet = Fleet(registry, state=StateFile(tmp_path))
    fleet.add(Backend("a", A))
    fleet.patch("a", weight=4)
    before = registry.revision

    def full(*_):
        raise StateWriteError("state.json", "cannot be written: No space left on device")

    monkeypatch.setattr(StateFile, "save", full)
    for act in (
        lambda: fleet.add(Backend("b", B)),
        lambda: fleet.remove("a"),
        lambda: fleet.patch("a", weight=9),
        lambda: fleet.drain("a"),
        lambda: fleet.clear_override("a"),
    ):
        with pytest.raises(StateWriteError):
            act()
    assert registry.revision == before
    assert fleet.override_of("a") == Override(weight=4)
    monkeypatch.undo()
    fleet.add(Backend("b", B))
    again = Registry()
    Fleet(again, state=StateFile(tmp_path))
    assert ids(again) == {"a", "b"}
