"""The truth and how it changes: construction, snapshots, revisions, and readers that meet a writer."""

import copy
import pickle
import random

import pytest

from backend_registry import HealthPolicy, InvalidValueError, Registry
from backend_registry._core.lock import WriterLock
from tests.core.fleet import add, assert_sound, backend, changes


def test_empty_registry():
    fresh = Registry()
    assert (len(fresh), fresh.model_count(), fresh.revision, fresh.leaked_leases) == (0, 0, 0, 0)
    assert (fresh.get_all_backends(), fresh.get_healthy_backends(), fresh.snapshot().backends) == ((), (), ())
    assert_sound(fresh)


@pytest.mark.parametrize(
    ("arguments", "field", "problem", "remedy"),
    [
        ({"journal_size": 0}, "journal_size", "is 0", "pass an int from 1 to 1048576"),
        ({"journal_size": 2**20 + 1}, "journal_size", "is 1048577", "pass an int from 1 to 1048576"),
        ({"journal_size": "9"}, "journal_size", "is a str", "pass an int from 1 to 1048576"),
        ({"health_policy": 3}, "health_policy", "is a int", "pass a HealthPolicy"),
    ],
)
def test_construction_is_refused(arguments, field, problem, remedy):
    with pytest.raises(InvalidValueError) as caught:
        Registry(**arguments)
    assert (caught.value.field, caught.value.problem, caught.value.remedy) == (field, problem, remedy)


def test_arguments_are_kept(clock):
    rng, policy = random.Random(3), HealthPolicy(failures=1)
    made = Registry(clock=clock, rng=rng, health_policy=policy, select_unknown=False)
    assert (made.clock, made.rng, made.health_policy, made.select_unknown) == (clock, rng, policy, False)


def test_repr_says_size_and_revision(registry):
    add(registry, "a", "b")
    assert repr(registry) == f"<Registry 2 backends, revision 2, epoch {registry.epoch}>"


def test_epochs_differ():
    epochs = {Registry().epoch for _ in range(50)}
    assert len(epochs) == 50
    assert all(len(epoch) == 16 and int(epoch, 16) >= 0 for epoch in epochs)


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_registry_refuses_to_be_copied_with_a_hint(registry, duplicate):
    with pytest.raises(TypeError, match=r"a Registry cannot be pickled or copied; send registry.snapshot\(\)"):
        duplicate(registry)


def test_snapshot_can_be_pickled_as_the_hint_says(registry):
    add(registry, "a", metadata={"k": "v"})
    snapshot = registry.snapshot()
    assert pickle.loads(pickle.dumps(snapshot)) == snapshot


def test_snapshot_is_immutable_and_stays_as_it_was(registry):
    add(registry, "a", models=["x", "y"])
    snapshot = registry.snapshot()
    registry.update_models("a", ["z"])
    add(registry, "b")
    assert (snapshot.revision, [record.id for record in snapshot.backends]) == (1, ["a"])
    assert dict(snapshot.models) == {"x": ("a",), "y": ("a",)}
    with pytest.raises(TypeError):
        snapshot.models["x"] = ()
    assert registry.snapshot().revision == 3


def test_revisions_have_no_gaps_and_every_commit_is_in_the_journal(registry):
    watch = registry.watch()
    add(registry, "a", "b")
    registry.update_status("a", "healthy")
    registry.drain("a")
    registry.drain("a")
    registry.update_models("b", ["x"])
    registry.apply([backend("c")])
    assert [change.revision for change in changes(watch)] == list(range(1, 7)) == list(range(1, registry.revision + 1))


def test_entries_say_kind_id_before_and_after(registry, clock):
    watch = registry.watch()
    (gpu,) = add(registry, "a")
    added = gpu.record
    registry.update_status("a", "healthy")
    updated = gpu.record
    registry.remove_backend("a")
    seen = changes(watch)
    assert [change.time_ns for change in seen] == [clock.time_ns()] * 3
    assert [change.entries for change in seen] == [
        (("added", "a", None, added),),
        (("updated", "a", added, updated),),
        (("removed", "a", updated, None),),
    ]


def test_reader_that_waited_for_the_lock_takes_what_another_reader_has_rebuilt(registry):
    add(registry, "a")
    others = []

    class Crowded(WriterLock):
        def __enter__(self):
            if not others:
                others.append(None)
                others.append(registry.snapshot())
            return super().__enter__()

    registry._lock = Crowded()
    mine = registry.snapshot()
    assert mine is others[1]


def test_model_reader_that_waited_for_the_lock_takes_what_another_reader_has_rebuilt(registry):
    add(registry, "a")
    others = []

    class Crowded(WriterLock):
        def __enter__(self):
            if not others:
                others.append(None)
                others.append(registry.get_backends_for_model("m"))
            return super().__enter__()

    registry._lock = Crowded()
    assert registry.get_backends_for_model("m") is others[1]


@pytest.mark.parametrize(
    ("argument", "remedy"),
    [
        ({"clock": 5}, "pass an object with monotonic_ns() and time_ns()"),
        ({"clock": None}, "pass an object with monotonic_ns() and time_ns()"),
        ({"rng": 5}, "pass a random.Random"),
        ({"select_unknown": "no"}, "pass True or False"),
    ],
    ids=str,
)
def test_constructor_refuses_what_it_could_not_use(argument, remedy):
    with pytest.raises(InvalidValueError) as caught:
        Registry(**argument)
    assert (caught.value.field, caught.value.remedy) == (next(iter(argument)), remedy)


def test_the_registry_has_no_more_attributes_than_cpython_keeps_fast(registry):
    # Beyond 28 every one of them is looked up in a dict, and a pick takes a tenth longer; see `filed`.
    assert len(vars(registry)) <= 28
