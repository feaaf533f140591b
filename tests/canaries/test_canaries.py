"""The layers of proof, proven: each must find the bugs that were planted for it, and nothing where none was planted."""

import importlib.util
import os
from collections.abc import Callable
from unittest import mock

import pytest

from tests.canaries.layers import LAYERS
from tests.canaries.mutants import MUTANTS
from tests.canaries.seed_port import SeedBackend, SeedRegistry
from tests.concurrency.histories import judge, often_switching, record_history
from tests.concurrency.linearizability import ILLEGAL
from tests.concurrency.report import report

MACHINE = "state machine"
CATCHERS: dict[str, tuple[str, ...]] = {
    "lost update": ("schedules of increment/increment",),
    "negative count": (MACHINE,),
    "decrement in the wrong order": ("whole decrements",),
    "zero means no sample": (MACHINE,),
    "average in milliseconds": (MACHINE,),
    "fold twice": (MACHINE, "schedules of finish/finish while the log is folded"),
    "fold and lose": ("schedules of finish/finish while the log is folded",),
    "lock asks before it releases": ("locks",),
    "lease without finalizer": (MACHINE, "interrupts of with lease"),
    "lease by id": (MACHINE,),
    "finish counts twice": ("schedules of finish/finish of one lease",),
    "reclaim twice": ("schedules of reclaim/reclaim of a forgotten lease",),
    "await before giving back": ("cancellation of acquire_async", "cancellation of stream"),
    "admit without lock": ("schedules of acquire/acquire at the limit",),
    "count after drain": ("schedules of drain/acquire",),
    "first of the tied": ("ties",),
    "everything selectable": (MACHINE,),
    "no cool-down ends": (MACHINE,),
    "any number is ejected": ("histories of ejection",),
    "the last one is ejected": ("histories of ejection",),
    "trial slot is never given back": ("cancelled trials",),
    "trial slot is taken without the lock": ("schedules of trial/trial",),
    "a panic uses the drained": ("operators and panic",),
    "good time is not remembered": ("good time",),
    "no new start": ("new start",),
    "add checks outside the lock": ("schedules of add/add of one id",),
    "claim without lock": ("schedules of claim by two registries",),
    "remove with a gap": ("interrupts of remove",),
    "index keeps the removed": (MACHINE, "schedules of add/remove"),
    "refresh moves to the end": (MACHINE,),
    "derived outlives its parent": (MACHINE,),
    "empty entries stay": (MACHINE,),
    "cut short and forgotten": ("interrupts of add", "interrupts of remove"),
    "journal with gaps": (MACHINE,),
    "every write is a change": (MACHINE,),
    "apply in steps": (MACHINE, "schedules of apply/snapshot"),
    "update_models in steps": ("schedules of update_models/query",),
    "nobody is told": ("schedules of watch/add",),
    "last come first served": ("order of waiters",),
    "the urgent wait like others": ("order of urgent waiters",),
    "a topic without lines": ("interrupts of watch",),
    "nobody leaves": ("cancellation of acquire_async", "cancellation of drain_async", "cancellation of watch"),
    "skip what was missed": (MACHINE,),
    "child inherits requests": ("fork",),
}

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


def _needed(layer: str) -> Callable[[], None]:
    if layer.startswith("schedules") and importlib.util.find_spec("frontrun") is None:
        pytest.skip("frontrun, the controlled scheduler, is not installed for this interpreter")
    if layer == "fork" and not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    return LAYERS[layer]


@pytest.mark.parametrize(("bug", "layer"), [(bug, layer) for bug, layers in CATCHERS.items() for layer in layers])
def test_a_layer_finds_the_bug_that_was_planted_for_it(bug, layer):
    run = _needed(layer)
    target, name, mutant = MUTANTS[bug]
    with mock.patch.object(target, name, mutant), pytest.raises(Exception) as found:
        run()
    report(f"[canaries] {bug}: found by {layer} ({found.type.__name__})")
    assert not isinstance(found.value, AttributeError | NameError | TypeError), "the mutant itself is broken"


@pytest.mark.parametrize("layer", sorted({layer for layers in CATCHERS.values() for layer in layers}))
def test_a_layer_finds_nothing_where_no_bug_was_planted(layer):
    _needed(layer)()


def test_every_bug_is_planted_and_every_planted_bug_has_a_layer():
    assert CATCHERS.keys() == MUTANTS.keys()
    assert len(MUTANTS) >= 20


def test_the_first_design_is_caught_as_not_linearizable_and_corrupt():
    illegal = corrupt = registries = 0
    while registries < 40 or (registries < 400 and not (illegal and corrupt)):
        registry = SeedRegistry()
        with often_switching():
            history = record_history(registry, threads=8, calls=250, ids=("a", "b", "c", "d"), seed=registries)
        illegal += bool(judge(history)[ILLEGAL])
        corrupt += not registry.index_is_true()
        registries += 1
    report(
        f"[canaries] the first design: of {registries} registries {illegal} not linearizable, {corrupt} with a corrupt index"
    )
    assert illegal
    assert corrupt


def test_the_first_design_works_in_one_thread_so_that_only_races_are_caught():
    registry = SeedRegistry()
    for backend_id in "ab":
        registry.add_backend(SeedBackend(backend_id, "http://x", models=["m", "n"]))
    registry.update_models("a", ["n", "o"])
    assert [backend.id for backend in registry.get_backends_for_model("n")] == ["b", "a"]
    assert registry.increment_pending("a") == 1
    assert [registry.decrement_pending("a"), registry.decrement_pending("a")] == [0, 0]
    assert [registry.update_latency("b", ms) for ms in (100, 200, 150)] == [100, 120, 126]
    assert registry.remove_backend("a").id == "a"
    assert registry.index_is_true()
