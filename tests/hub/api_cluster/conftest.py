import contextlib

import pytest

from tests.hub.api_cluster.running import RunningCluster


@pytest.fixture
def start():
    """Start hubs; they end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **settings: stack.enter_context(RunningCluster(**settings))


@pytest.fixture
def hub(start):
    """A hub that knows nobody, on an open loopback."""
    return start()
