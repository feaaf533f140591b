"""The public surface: complete, documented, under its own name."""

import importlib
import inspect
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

import backend_registry

VIEWS = {"BackendInfo", "BackendView", "LoadView", "ModelView", "RegistryView"}
NAMES = [name for name in backend_registry.__all__ if name not in VIEWS]


def test_every_public_name_is_there_and_every_name_there_is_public():
    present = {
        name
        for name, value in vars(backend_registry).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "TYPE_CHECKING"
    }
    assert present - VIEWS == set(NAMES)
    assert len(set(backend_registry.__all__)) == len(backend_registry.__all__)


def test_names_are_sorted_as_the_formatter_sorts_them():
    rank = [(not name.isupper(), name) for name in backend_registry.__all__]
    assert rank == sorted(rank)


def test_views_are_there_when_asked_for():
    pytest.importorskip("pydantic", reason="the views are pydantic models")
    views = importlib.import_module("backend_registry.views")
    assert set(backend_registry.__all__) > VIEWS
    assert all(getattr(backend_registry, name) is getattr(views, name) for name in VIEWS)


def test_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'backend_registry' has no attribute 'Nothing'"):
        _ = backend_registry.Nothing


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_says_that_it_is_of_this_package(name):
    value = getattr(backend_registry, name)
    if isinstance(value, type):
        assert value.__module__ == "backend_registry"
        assert value.__qualname__ == name


def members(owner):
    """The public methods and properties that a class defines or inherits from this package."""
    for name, value in inspect.getmembers(owner):
        of_package = any(name in vars(base) for base in owner.__mro__ if base.__module__.startswith("backend_registry"))
        if not name.startswith("_") and of_package and (callable(value) or isinstance(value, property)):
            yield name, value


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_and_method_is_documented(name):
    value = getattr(backend_registry, name)
    if not isinstance(value, type):
        return
    assert inspect.getdoc(value)
    plain = {member for member, found in members(value) if not inspect.getdoc(found)}
    assert not plain


def test_public_types_are_complete(tmp_path):
    source = Path(backend_registry.__file__).parent.parent
    pyright = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
    try:
        run = subprocess.run(
            [*pyright, "--verifytypes", "backend_registry", "--ignoreexternal", "--outputjson"],
            cwd=tmp_path,  # where no configuration of this project hides what users will see
            env={**os.environ, "PYTHONPATH": str(source)},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        report = json.loads(run.stdout)["typeCompleteness"]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"pyright cannot run here: {error!r:.200}")
    assert report["symbols"], run.stdout
    unknown = [
        f"{symbol['name']}: {diagnostic['message']}"
        for symbol in report["symbols"]
        for diagnostic in symbol["diagnostics"]
        if symbol["isExported"] and diagnostic["severity"] == "error"
    ]
    assert unknown == []
    assert report["completenessScore"] == 1
