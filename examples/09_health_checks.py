"""Embed the health checker in a router of your own: it finds out what is served, who fails, and who has recovered."""

import asyncio

from backend_registry import BackendStatus, Registry
from backend_registry.config import HealthConfig
from backend_registry.health import HealthChecker, open_session
from backend_registry.testing import FakeBackend, make_model


async def until(registry: Registry, name: str, status: BackendStatus) -> None:
    """Wait until a backend has that status, and say so."""
    with registry.watch() as changes:
        while registry.get_backend(name).status is not status:
            await anext(changes)
    backend = registry.get_backend(name)
    print(f"{name} is {backend.status}, last error: {backend.last_error}")


async def main() -> None:
    """Two servers whose models nobody has written down; one of them breaks for a while."""
    llava = make_model("llava", context_length=8192, supports_vision=True)
    with FakeBackend("home", kind="ollama", models=[llava]) as home, FakeBackend("work", kind="vllm") as work:
        registry = Registry()
        registry.apply([home.backend(models=()), work.backend(models=())])

        settings = HealthConfig(interval_s=0.05, timeout_s=2, failures=2, successes=2)
        async with open_session(connect_timeout_s=2) as session:
            checks = asyncio.create_task(HealthChecker(registry, session, settings).run())
            await until(registry, "home", BackendStatus.HEALTHY)
            await until(registry, "work", BackendStatus.HEALTHY)
            work.fail("status", status=500)
            await until(registry, "work", BackendStatus.UNHEALTHY)
            work.recover()
            await until(registry, "work", BackendStatus.HEALTHY)
            checks.cancel()
            await asyncio.wait([checks])

        (model,) = registry.get_backend("home").models
        print(f"{model.id}: {model.context_length} tokens, sees images: {model.supports_vision}")
        print("in memory:", registry.get_backend("home").residency["llava"])


if __name__ == "__main__":
    asyncio.run(main())
