import contextlib

import pytest

from tests.hub.operations.running import RunningHub, backend


@pytest.fixture
def start():
    """Start hubs; they end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **settings: stack.enter_context(RunningHub(**settings))


@pytest.fixture
def hub(start):
    return start()


@pytest.fixture
def fleet(hub):
    """`a` and `b` on two nodes, `c`, of another kind, on the second."""
    hub.join("n1", backend("a", "m"), backend("b", "m", "only-b"))
    hub.join("n2", backend("a", "m"), backend("b", "m", "only-b"), backend("c", "m", kind="ollama"))
    return hub
