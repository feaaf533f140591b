"""Errors: one base, facts as attributes, the specified texts, and they travel between processes."""

import copy
import pickle

import pytest

from backend_registry import (
    BackendNotFoundError,
    BackendOwnershipError,
    DuplicateBackendError,
    InvalidValueError,
    ModelNotFoundError,
    NoBackendError,
    ReentrantWriteError,
    RegistryError,
)

EXAMPLES = [
    DuplicateBackendError("a"),
    BackendNotFoundError("a"),
    BackendOwnershipError("a"),
    InvalidValueError("field", "is empty", "pass text"),
    NoBackendError("m", {"a": "draining"}),
    ModelNotFoundError("m"),
    ReentrantWriteError(),
]


@pytest.mark.parametrize(
    ("error", "bases", "text"),
    [
        (EXAMPLES[0], (), "backend already exists: a"),
        (EXAMPLES[1], (LookupError,), "backend not found: a"),
        (
            EXAMPLES[2],
            (),
            (
                "backend object 'a' is or was in a registry and keeps that registry's counters; "
                "add a fresh object made with backend.replace()"
            ),
        ),
        (EXAMPLES[3], (ValueError,), "field: is empty; pass text"),
        (EXAMPLES[4], (LookupError,), "no backend available for model 'm' (a: draining)"),
        (EXAMPLES[5], (NoBackendError, LookupError), "model not found: m"),
        (
            EXAMPLES[6],
            (RuntimeError,),
            (
                "this thread is inside a write of this registry already; "
                "do the write after the signal handler or finalizer returned"
            ),
        ),
    ],
)
def test_text_and_bases(error, bases, text):
    assert isinstance(error, (RegistryError, *bases))
    assert all(isinstance(error, base) for base in bases)
    assert str(error) == text


def test_reasons_are_a_copy_and_only_eight_are_spelled_out():
    reasons = {f"b{n}": "unhealthy" for n in range(10)}
    error = NoBackendError("m", reasons)
    reasons.clear()
    assert len(error.reasons) == 10
    assert str(error).endswith("b7: unhealthy, and 2 more)")


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("travel", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy], ids=["pickle", "copy"])
def test_errors_travel(error, travel):
    again = travel(error)
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))
