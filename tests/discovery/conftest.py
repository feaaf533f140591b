import pytest

from backend_registry import Registry


@pytest.fixture
def registry():
    return Registry()
