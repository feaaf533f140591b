import contextlib

import pytest

from tests.node.running import RunningNode


@pytest.fixture
def start():
    """Start node APIs; they end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *arguments, **settings: stack.enter_context(RunningNode(*arguments, **settings))


@pytest.fixture
def node(start):
    """A node API over an empty registry, on an open loopback."""
    return start()


@pytest.fixture(scope="module")
def lasting():
    """A node API like `node`, for tests that leave it as it was."""
    with RunningNode() as running:
        yield running
        assert len(running.registry) == 0
