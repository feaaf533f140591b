import sys

import pytest


@pytest.fixture
def switching():
    """Threads that change places as often as the interpreter allows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)
