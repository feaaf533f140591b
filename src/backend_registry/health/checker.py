"""`HealthChecker`: every backend is checked at once when it appears, then once an interval while it is registered."""

import asyncio
import logging
import math
import random
from typing import Final

import aiohttp

from backend_registry import Backend, BackendType, ProbeResult, Registry, Resync
from backend_registry.config import HealthConfig
from backend_registry.health.fetch import ProbeFailedError, Upstream
from backend_registry.health.ollama import OllamaProber
from backend_registry.health.openai import OpenAIProber
from backend_registry.health.prober import Prober

__all__ = ("HealthChecker",)

logger: Final = logging.getLogger("backend_registry.health")


class HealthChecker:
    """Keeps a registry's knowledge of its backends true, by asking them.

    Each backend has a task of its own that mostly sleeps, so a slow one delays nobody; a semaphore bounds how many ask at once.
    The bound grows with the fleet as far as is needed to check everybody within one interval even if nobody answers.

    Args:
        registry: whose backends.
        session: the HTTP client.
        settings: the `[health]` table.
        rng: source of the jitter.

    Belongs to one event loop. It logs each change of a status, nothing else.
    """

    def __init__(
        self, registry: Registry, session: aiohttp.ClientSession, settings: HealthConfig, rng: random.Random | None = None
    ) -> None:
        self._registry: Final = registry
        self._session: Final = session
        self._settings: Final = settings
        self._rng: Final = rng or random.Random()
        self._ollama: Final[Prober] = OllamaProber()
        self._openai: Final[Prober] = OpenAIProber()
        self._checked: dict[str, tuple[Backend, asyncio.Task[None]]] = {}
        self._width = settings.concurrency
        self._slots: Final = asyncio.Semaphore(self._width)

    async def run(self) -> None:
        """Check until cancelled. Follows backends that come and go."""
        async with asyncio.TaskGroup() as tasks, self._registry.watch() as changes:
            self._follow({backend.id for backend in self._registry}, tasks)
            async for change in changes:
                if isinstance(change, Resync):
                    ids = {record.id for record in change.snapshot.backends} | self._checked.keys()
                else:
                    ids = {entry.id for entry in change.entries if entry.kind != "updated"}
                self._follow(ids, tasks)

    async def check(self, backend: Backend) -> ProbeResult:
        """Ask one backend now and tell the registry what it said."""
        record = backend.record
        prober = self._ollama if record.backend_type is BackendType.OLLAMA else self._openai
        try:
            result = await prober.probe(Upstream(self._session, record, self._settings.timeout_s), record)
        except ProbeFailedError as error:
            result = ProbeResult(ok=False, error=str(error), refused=error.refused)
        except Exception:
            # One answer that nobody thought of must not end the checks of this backend.
            logger.exception("health check broke", extra={"backend_id": backend.id})
            result = ProbeResult(ok=False, error="health check broke, see the log")
        before = backend.status
        if self._registry.record_probe(backend, result) and backend.status is not before:
            level = logging.INFO if result.ok else logging.WARNING
            found = {"backend_id": backend.id, "status": backend.status.value, "reason": backend.status_reason}
            logger.log(level, "backend is %s", backend.status.value, extra=found)
        return result

    def _follow(self, ids: set[str], tasks: asyncio.TaskGroup) -> None:
        """Start and stop checks so that each of `ids` is checked if, and as what, it is registered now."""
        for backend_id in ids:
            backend = self._registry.get_backend(backend_id)
            checked, task = self._checked.get(backend_id, (None, None))
            if backend is checked:
                continue
            if task is not None:
                task.cancel()
                del self._checked[backend_id]
            if backend is not None:
                self._checked[backend_id] = (backend, tasks.create_task(self._keep_checking(backend)))
        self._widen()

    def _widen(self) -> None:
        needed = math.ceil(len(self._checked) * self._settings.timeout_s / self._settings.interval_s)
        for _ in range(needed - self._width):
            self._slots.release()
        self._width = max(self._width, needed)

    async def _keep_checking(self, backend: Backend) -> None:
        interval_s, jitter = self._settings.interval_s, self._settings.jitter
        # Backends that came together are checked together once, and spread over the interval from then on.
        pause_s = interval_s * self._rng.uniform(jitter, 1)
        while True:
            async with self._slots:
                await self.check(backend)
            await asyncio.sleep(pause_s)
            pause_s = interval_s * self._rng.uniform(1 - jitter, 1 + jitter)
