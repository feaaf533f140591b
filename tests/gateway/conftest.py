import contextlib

import pytest

from backend_registry import Registry
from backend_registry.testing import FakeBackend, make_backend
from tests.gateway.running import RunningGateway, the_server, upstream


@pytest.fixture(autouse=True, scope="session")
def _server():
    """Stopped when all tests are through, if it was ever started."""
    yield
    if the_server.cache_info().currsize:
        the_server().stop()


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


@pytest.fixture
def answer_of():
    """What the client gets, and the only backend, when that answers with certain bytes."""

    def ask(answer, *, stream=True, **settings):
        registry = Registry()
        with upstream(answer) as url, RunningGateway(registry, **settings) as gateway:
            registry.add_backend(make_backend("a", url, models=["m"]))
            answer = gateway.chat(stream=stream)
            gateway.idle()
            return answer, registry.get_backend("a")

    return ask
