import runpy
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings

from backend_registry import Backend, Model, Outcome, ProbeResult, Registry
from backend_registry.testing import strategies

FEW = settings(max_examples=settings.default.max_examples // 4)
"""To make a fleet takes longer than to look at it."""


@given(strategies.models())
def test_models_are_models(model):
    assert isinstance(model, Model)


@given(strategies.backends())
def test_backends_can_be_added_and_rebuilt(backend):
    registry = Registry()
    registry.add_backend(backend)
    assert backend.replace().record._replace(missing_env=backend.record.missing_env) == backend.record


@FEW
@given(strategies.fleets(min_size=2))
def test_the_ids_of_a_fleet_are_unique_and_its_backends_are_fresh(fleet):
    applied = Registry().apply(fleet)
    assert len(applied.added) == len(fleet) >= 2


def test_the_backends_of_a_fleet_have_models_in_common():
    shared = Counter()

    @FEW
    @given(strategies.fleets(min_size=2))
    def look(fleet):
        counts = Counter(model.id for backend in fleet for model in backend.models)
        shared[max(counts.values(), default=0) > 1] += 1

    look()
    assert shared[True] > shared.total() / 10


@FEW
@given(strategies.fleets(min_size=1), strategies.probe_results(), strategies.outcomes())
def test_probes_and_outcomes_are_taken_by_a_registry(fleet, result, outcome):
    registry = Registry()
    registry.apply(fleet)
    first = fleet[0]
    assert isinstance(first, Backend)
    assert isinstance(result, ProbeResult)
    assert registry.record_probe(first, result)
    assert result.ok or first.last_error is not None
    assert isinstance(outcome, Outcome)


def test_without_hypothesis_the_strategies_say_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ImportError, match="python -m pip install hypothesis"):
        runpy.run_path(strategies.__file__)


def test_the_rest_of_the_kit_needs_nothing_but_the_package_itself():
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import backend_registry.testing\n"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(loaded - set(sys.stdlib_module_names)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["backend_registry"]
