"""`apply`: from now to what is desired, in one step, or not at all."""

import pytest

from backend_registry import (
    Applied,
    BackendOwnershipError,
    BackendStatus,
    DuplicateBackendError,
    Intent,
    InvalidValueError,
    Registry,
)
from tests.core.fleet import add, assert_sound, backend, changes, ids, unchanged


def test_apply_adds_updates_removes_and_keeps_in_one_revision(registry):
    add(registry, "gone", "kept", "changed")
    watch = registry.watch()
    applied = registry.apply([backend("new"), backend("changed", priority=5), backend("kept")])
    assert applied == Applied(added=("new",), updated=("changed",), removed=("gone",), unchanged=("kept",))
    (change,) = changes(watch)
    assert {(entry.kind, entry.id) for entry in change.entries} == {
        ("removed", "gone"),
        ("added", "new"),
        ("updated", "changed"),
    }
    assert set(ids(registry)) == {"new", "kept", "changed"}
    assert_sound(registry)


def test_apply_of_the_same_makes_no_revision(registry):
    add(registry, "a", "b")
    with unchanged(registry):
        assert registry.apply([backend("a"), backend("b")]).unchanged == ("a", "b")
        assert registry.apply(registry.get_all_backends()).unchanged == ("a", "b")


def test_apply_of_nothing_empties_the_registry(registry):
    add(registry, "a", "b")
    assert registry.apply([]).removed == ("a", "b")
    assert (len(registry), registry.model_count(), registry.candidates("m")) == (0, 0, ())
    assert registry.apply([]) == Applied((), (), (), ())


def test_survivors_keep_object_counters_health_intent_and_leases(registry):
    (gpu,) = add(registry, "a")
    registry.update_status("a", "unhealthy", "e")
    registry.drain("a")
    registry.update_latency("a", 70)
    registry.increment_pending("a")
    registry.apply([backend("a", ["m", "n"], weight=7)])
    assert registry.get_backend("a") is gpu
    assert (gpu.weight, [m.id for m in gpu.models]) == (7, ["m", "n"])
    assert (gpu.pending_requests, gpu.avg_latency_ms) == (1, 70)
    assert (gpu.status, gpu.record.health, gpu.last_error) == (BackendStatus.DRAINING, BackendStatus.UNHEALTHY, "e")


def test_survivor_stays_ejected(registry):
    (gpu,) = add(registry, "a")
    registry.acquire("m").finish("overloaded", retry_after=9)
    registry.apply([backend("a", priority=1)])
    assert (gpu.priority, gpu.reason_code) == (1, "ejected")


@pytest.mark.parametrize("fields", [{"url": "http://elsewhere"}, {"backend_type": "vllm"}])
def test_another_address_or_type_is_another_server(registry, fields):
    (old,) = add(registry, "a")
    lease = registry.acquire("m")
    applied = registry.apply([new := backend("a", **fields)])
    assert applied == Applied((), ("a",), (), ())
    assert registry.get_backend("a") is new
    assert (new.pending_requests, old.pending_requests) == (0, 1)
    assert registry.get_backends_for_model("m") == registry.candidates("m") == (new,)
    lease.finish()
    assert (new.total_requests, old.total_requests) == (0, 1)
    assert registry.has_backend_url(new.url)
    assert registry.has_backend_url(old.url) == (old.url == new.url)
    assert_sound(registry)


def test_backend_that_lists_no_models_keeps_those_it_is_known_to_serve(registry):
    (gpu,) = add(registry, "a", models=["x", "y"])
    assert registry.apply([backend("a", [])]).unchanged == ("a",)
    assert [m.id for m in gpu.models] == ["x", "y"]


def test_apply_looks_for_credentials(registry, monkeypatch):
    monkeypatch.delenv("A_KEY", raising=False)
    (gpu,) = add(registry, "a")
    registry.apply([backend("a", credential_env="A_KEY")])
    assert gpu.status_reason == "missing env A_KEY"
    monkeypatch.setenv("A_KEY", "x")
    registry.apply([backend("a", credential_env="A_KEY")])
    assert gpu.available


def test_descriptions_of_survivors_are_not_claimed(registry):
    add(registry, "a")
    described = backend("a", priority=3)
    registry.apply([described])
    Registry().add_backend(described)


def test_fresh_and_own_objects_may_be_mixed(registry):
    (own,) = add(registry, "own")
    registry.apply([own, backend("fresh")])
    assert ids(registry) == ["own", "fresh"]
    assert registry.get_backend("own") is own


def test_id_that_occurs_twice_changes_nothing(registry):
    add(registry, "a")
    with unchanged(registry), pytest.raises(DuplicateBackendError, match=r"^backend already exists: b$"):
        registry.apply([backend("b"), backend("b")])


@pytest.mark.parametrize("bad", ["b", None, {"id": "b"}])
def test_what_is_no_backend_changes_nothing(registry, bad):
    add(registry, "a")
    with unchanged(registry), pytest.raises(InvalidValueError, match=r"^backend: is a .*; pass a Backend object$"):
        registry.apply([backend("c"), bad])


def test_iterable_that_breaks_off_changes_nothing(registry):
    add(registry, "a")

    def broken():
        yield backend("b")
        raise OSError

    with unchanged(registry), pytest.raises(OSError):
        registry.apply(broken())


def test_foreign_object_changes_nothing_and_frees_what_was_claimed_before_it(registry):
    add(registry, "a")
    foreign = backend("foreign")
    Registry().add_backend(foreign)
    first = backend("first")
    with unchanged(registry), pytest.raises(BackendOwnershipError) as caught:
        registry.apply([first, foreign])
    assert caught.value.backend_id == "foreign"
    registry.add_backend(first)


def test_object_that_another_registry_claims_at_the_same_time_changes_nothing(registry):
    add(registry, "a")
    first, wanted = backend("first"), backend("wanted")
    other = Registry()

    class Late(type(wanted._lock)):
        """The other registry is a moment earlier."""

        def __enter__(self):
            taken = super().__enter__()
            wanted._owner = other
            return taken

    wanted._lock = Late()
    with unchanged(registry), pytest.raises(BackendOwnershipError) as caught:
        registry.apply([first, wanted])
    assert caught.value.backend_id == "wanted"
    registry.add_backend(first)


def test_removed_object_changes_nothing(registry):
    add(registry, "a", "b")
    removed = registry.remove_backend("b")
    with unchanged(registry), pytest.raises(BackendOwnershipError):
        registry.apply([removed])


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_owned_object_under_the_id_of_a_survivor_changes_nothing(registry, where):
    owned = backend("a", priority=9)
    owner = registry if where == "here" else Registry()
    owner.add_backend(owned)
    if where == "here":
        registry.remove_backend("a")
    add(registry, "a")
    with unchanged(registry), pytest.raises(BackendOwnershipError):
        registry.apply([owned])


def test_lookup_by_id_sees_all_of_an_apply_or_nothing(registry):
    add(registry, "a", "b")
    # A reader on its way has this table in hand; it is replaced as a whole and never half changed.
    table = registry._by_id
    registry.apply([backend("b", priority=2), backend("c"), backend("d")])
    assert list(table) == ["a", "b"]
    assert ids(registry) == ["b", "c", "d"]


def test_readers_see_all_of_an_apply_or_nothing(registry):
    add(registry, "a", "b")
    before = registry.get_all_backends(), registry.get_backends_for_model("m")
    registry.apply([backend("c"), backend("d")])
    assert (ids(before[0]), ids(before[1])) == (["a", "b"], ["a", "b"])
    assert ids(registry.get_all_backends()) == ids(registry.get_backends_for_model("m")) == ["c", "d"]


@pytest.mark.parametrize("desired", [None, 5, "", b"", "ab"])
def test_what_holds_no_backends_is_refused_and_removes_nothing(registry, desired):
    add(registry, "a")
    with unchanged(registry), pytest.raises(InvalidValueError, match=r"^desired: is a "):
        registry.apply(desired)


def test_a_new_backend_has_the_intent_it_was_made_with_and_one_that_stays_keeps_its_own(registry):
    registry.apply([backend("new", intent="disabled"), backend("other", intent=Intent.DRAINING), backend("third")])
    assert [each.intent for each in registry] == [Intent.DISABLED, Intent.DRAINING, Intent.ENABLED]
    assert ids(registry.candidates("m")) == ["third"]
    registry.enable("new")
    applied = registry.apply([backend("new", intent="disabled"), backend("third", intent="draining")])
    assert (applied.unchanged, applied.removed) == (("new", "third"), ("other",))
    assert [each.intent for each in registry] == [Intent.ENABLED, Intent.ENABLED]


def test_a_copy_for_another_registry_takes_its_intent_along():
    off = backend("a", intent="disabled", warmup_s=3)
    assert (off.replace(weight=7).intent, off.replace(intent="enabled").intent) == (Intent.DISABLED, Intent.ENABLED)
    assert off.replace(weight=7).warmup_s == 3.0
