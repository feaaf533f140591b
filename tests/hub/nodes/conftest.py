import contextlib

import pytest

from tests.hub.nodes.running import RunningHub


@pytest.fixture
def start():
    """Start hubs; they end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **settings: stack.enter_context(RunningHub(**settings))


@pytest.fixture
def hub(start):
    return start()
