import contextlib

import pytest

from tests.hub.door.running import RunningDoor


@pytest.fixture
def start():
    """Start hubs; they end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *arguments, **settings: stack.enter_context(RunningDoor(*arguments, **settings))


@pytest.fixture
def door(start):
    """A hub that needs no tokens."""
    return start()


@pytest.fixture
def guarded(start):
    """A hub that asks nodes for tokens."""
    return start(needs_tokens=True)
