import contextlib

import pytest

from backend_registry import Registry
from backend_registry.testing import FakeBackend
from tests.gateway.running import RunningGateway


@pytest.fixture
def fleet():
    """Start fake backends and a gateway to them; checks at the end that nothing has leaked."""
    with contextlib.ExitStack() as stack:
        gateways = []

        def start(*fakes, fields=None, **settings):
            registry = Registry()
            for fake in fakes:
                stack.enter_context(fake)
                registry.add_backend(fake.backend(**(fields or {}).get(fake.id, {})))
            gateway = stack.enter_context(RunningGateway(registry, **settings))
            gateways.append(gateway)
            return gateway

        yield start
        for gateway in gateways:
            gateway.idle()


@pytest.fixture
def pair(fleet):
    """A bad and a good backend of which the bad one is always asked first, and their gateway."""

    def start(**settings):
        bad, good = FakeBackend("bad", models=["m"]), FakeBackend("good", models=["m"])
        # With so little weight the good one is the second choice.
        return bad, good, fleet(bad, good, fields={"good": {"weight": 1}}, **settings)

    return start
