import asyncio

import pytest

from backend_registry import Registry
from backend_registry.config import HealthConfig
from backend_registry.health import HealthChecker, open_session


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def checking(registry):
    """Run a coroutine function with a checker for `registry`."""

    def run(work, **settings):
        async def main():
            async with open_session(connect_timeout_s=5) as session:
                return await work(HealthChecker(registry, session, HealthConfig(**{"timeout_s": 5, **settings})))

        return asyncio.run(main())

    return run


@pytest.fixture
def check(registry, checking):
    """Check a backend so many times, adding it if need be; the last result."""

    def run(backend, times=1, **settings):
        if backend.id not in registry:
            registry.add_backend(backend)

        async def work(checker):
            for _ in range(times):
                result = await checker.check(registry.get_backend(backend.id))
            return result

        return checking(work, **settings)

    return run
