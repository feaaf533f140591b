"""`HealthChecker`: every backend is checked at once when it appears, then once an interval while it is registered."""

import asyncio
import contextlib
import logging
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import aiohttp

from backend_registry import Backend, BackendRecord, BackendStatus, BackendType, Change, ProbeResult, Registry, Resync
from backend_registry.config import HealthConfig
from backend_registry.health.fetch import ProbeFailedError, UnreadableAnswerError, Upstream
from backend_registry.health.prober import Prober
from backend_registry.health.probers import make_probers

__all__ = ("HealthChecker", "ProbeObserver")

logger: Final = logging.getLogger("backend_registry.health")

_BETWEEN_S: Final = 1.0
"""Seconds from the end of a check to the next that somebody asks for."""
_BEGIN_AT_ONCE: Final = 8
"""Checks that begin in one turn of the event loop. Each takes it about half a millisecond, so that a hundred at once, as when a
large fleet is new or times out together, would hold up every request that passes through."""


class ProbeObserver(Protocol):
    """Who counts checks."""

    def probe_ended(self, backend_id: str, backend_type: str, ok: bool, seconds: float) -> None:
        """One check of a backend that is still registered has ended. Called in the event loop; must be quick and not raise."""
        ...


@dataclass(slots=True, eq=False)
class _Checked:
    """A backend that is being checked.

    `share` is how much of one slot its checks may take, should it never answer. `wanted` is set when somebody asks for a check
    before its time.
    """

    backend: Backend
    share: float
    wanted: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class HealthChecker:
    """Keeps a registry's knowledge of its backends true, by asking them.

    Each backend has a task of its own that mostly sleeps, so a slow one delays nobody; a semaphore bounds how many ask at once.
    The bound grows with the fleet as far as is needed to check everybody within one interval even if nobody answers.

    Args:
        registry: whose backends.
        session: the HTTP client, from `open_session`.
        settings: the `[health]` table.
        settings_of: the settings of one backend, by its id; asked before each check, so a change counts from the next turn on.
            One that is not `enabled` is never checked and stays unknown.
        observer: who counts checks.
        probers: for some types, others than the built-in ones.
        rng: source of the jitter.

    Belongs to one event loop. It logs each change of a status, nothing else.
    """

    def __init__(  # noqa: PLR0913 -- what differs in tests and embeddings is given by name
        self,
        registry: Registry,
        session: aiohttp.ClientSession,
        settings: HealthConfig,
        *,
        settings_of: Callable[[str], HealthConfig] | None = None,
        observer: ProbeObserver | None = None,
        probers: Mapping[BackendType, Prober] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._registry: Final = registry
        self._session: Final = session
        self._settings_of: Final = settings_of or (lambda _: settings)
        self._observer: Final = observer
        self._probers: Final = {**make_probers(), **(probers or {})}
        self._rng: Final = rng or random.Random()
        self._checked: dict[str, _Checked] = {}
        self._width = settings.concurrency
        self._slots: Final = asyncio.Semaphore(self._width)
        self._beginning: Final = asyncio.Semaphore(_BEGIN_AT_ONCE)

    # --- asking one --------------------------------------------------------------------------------------------------------

    async def check(self, backend: Backend) -> ProbeResult:
        """Ask one backend now, enabled or not, and tell the registry what it said."""
        record, settings = backend.record, self._settings_of(backend.id)
        began = asyncio.get_running_loop().time()
        result = await self._probe(record, settings.timeout_s)
        seconds = asyncio.get_running_loop().time() - began
        before = backend.status
        if not self._registry.record_probe(backend, result, settings.policy()):
            return result
        if self._observer is not None:
            self._observer.probe_ended(backend.id, record.backend_type.value, result.ok, seconds)
        if backend.status is not before:
            level = logging.INFO if result.ok else logging.WARNING
            found = {"backend_id": backend.id, "status": backend.status.value, "reason": backend.status_reason}
            logger.log(level, "backend is %s", backend.status.value, extra=found)
        return result

    async def _probe(self, record: BackendRecord, timeout_s: float) -> ProbeResult:
        prober = self._probers[record.backend_type]
        try:
            return await prober.probe(Upstream(self._session, record, timeout_s), record)
        except ProbeFailedError as error:
            return ProbeResult(ok=False, error=str(error), refused=error.refused)
        except UnreadableAnswerError as error:
            return ProbeResult(ok=True, note=f"model list not understood: {error}")
        except Exception:
            # One answer that nobody thought of must not end the checks of this backend.
            logger.exception("health check broke", extra={"backend_id": record.id})
            return ProbeResult(ok=False, error="health check broke, see the log")

    # --- asking all --------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Check until cancelled. Follows backends that come and go; one whose health has become unknown is checked soon."""
        self._checked.clear()
        async with asyncio.TaskGroup() as tasks, self._registry.watch() as changes:
            self._follow({backend.id for backend in self._registry}, tasks)
            async for change in changes:
                if isinstance(change, Resync):
                    ids = {record.id for record in change.snapshot.backends} | self._checked.keys()
                else:
                    ids = {entry.id for entry in change.entries if entry.kind != "updated"}
                    self._ask_about_unknown(change)
                self._follow(ids, tasks)

    def probe_soon(self, backend: Backend) -> None:
        """Ask for a check before its time: at once, or a second after the end of the last one. Many wishes are one.

        Does nothing for a backend that is not, or no longer, checked. In the loop's thread only; takes no time.
        """
        checked = self._checked.get(backend.id)
        if checked is not None and checked.backend is backend:
            checked.wanted.set()

    def _ask_about_unknown(self, change: Change) -> None:
        """Somebody has said that what was known of these means nothing any more."""
        for entry in change.entries:
            if entry.kind == "updated" and entry.after is not None and entry.after.health is BackendStatus.UNKNOWN:
                checked = self._checked.get(entry.id)
                if checked is not None:
                    checked.wanted.set()

    def _follow(self, ids: set[str], tasks: asyncio.TaskGroup) -> None:
        """Start and stop checks so that each of `ids` is checked if, and as what, it is registered now."""
        for backend_id in ids:
            backend = self._registry.get_backend(backend_id)
            checked = self._checked.get(backend_id)
            if checked is not None and checked.backend is backend:
                continue
            if checked is not None and checked.task is not None:
                checked.task.cancel()
                del self._checked[backend_id]
            if backend is not None:
                self._checked[backend_id] = begun = _Checked(backend, _share(self._settings_of(backend_id)))
                begun.task = tasks.create_task(self._keep_checking(begun))
        self._widen()

    def _widen(self) -> None:
        needed = math.ceil(sum(checked.share for checked in self._checked.values()))
        for _ in range(needed - self._width):
            self._slots.release()
        self._width = max(self._width, needed)

    async def _keep_checking(self, checked: _Checked) -> None:
        # Backends that came together are checked together once, and spread over the interval from then on.
        least, most = 0.0, 1.0
        while True:
            settings = self._settings_now(checked)
            if settings.enabled:
                async with self._slots:
                    async with self._beginning:
                        await asyncio.sleep(0)
                    await self.check(checked.backend)
            await _pause(checked.wanted, settings.interval_s * self._rng.uniform(least, most))
            least, most = 1 - settings.jitter, 1 + settings.jitter

    def _settings_now(self, checked: _Checked) -> HealthConfig:
        """The settings for its next turn; room is made if they ask for more than was reckoned with."""
        settings = self._settings_of(checked.backend.id)
        if checked.share != _share(settings):
            checked.share = _share(settings)
            self._widen()
        return settings


def _share(settings: HealthConfig) -> float:
    return settings.timeout_s / settings.interval_s if settings.enabled else 0.0


async def _pause(wanted: asyncio.Event, pause_s: float) -> None:
    """Sleep for so long, or until a check is wanted, but then not less than the time between two checks."""
    least_s = min(_BETWEEN_S, pause_s)
    await asyncio.sleep(least_s)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(pause_s - least_s):
            await wanted.wait()
    # What is wished for from now on, while the check runs, may concern what the check does not see any more.
    wanted.clear()
