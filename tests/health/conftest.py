import asyncio

import pytest

from backend_registry import Registry
from backend_registry.config import HealthConfig
from backend_registry.health import HealthChecker, open_session


@pytest.fixture
def registry():
    return Registry()


OTHERS = {"settings_of", "observer", "probers", "rng"}
"""Arguments of the checker itself, beside its settings."""


@pytest.fixture
def checking(registry):
    """Run a coroutine function with a checker for `registry`; settings and arguments of the checker by name."""

    def run(work, **given):
        others = {name: given.pop(name) for name in OTHERS & given.keys()}
        settings = HealthConfig(**{"timeout_s": 5, **given})

        async def main():
            async with open_session(connect_timeout_s=5) as session:
                return await work(HealthChecker(registry, session, settings, **others))

        return asyncio.run(main())

    return run


@pytest.fixture
def check(registry, checking):
    """Check a backend so many times, adding it if need be; the last result."""

    def run(backend, times=1, **given):
        if backend.id not in registry:
            registry.add_backend(backend)

        async def work(checker):
            for _ in range(times):
                result = await checker.check(registry.get_backend(backend.id))
            return result

        return checking(work, **given)

    return run
