"""A router process: all parts, put together and run.

What was kept from last time is in force before anybody can connect: first the lock on the state directory, then the fleet from
state and file, then the socket.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import aiohttp
import platformdirs
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from backend_registry import Intent, Registry
from backend_registry._web import Auth, is_loopback, refusal_to_listen
from backend_registry.config import FleetConfig
from backend_registry.discovery import FileSource, Fleet, ScanSource, Source, StateFile
from backend_registry.gateway import gateway_routes
from backend_registry.health import HealthChecker, open_session
from backend_registry.node import Readiness, node_routes
from backend_registry.serve import announce
from backend_registry.serve.application import application
from backend_registry.serve.demo import Demo, demo_backends, talk
from backend_registry.serve.errors import CannotServeError
from backend_registry.serve.lifecycle import serve_until_told
from backend_registry.serve.listen import listening, url_of
from backend_registry.serve.live import LIVE, FollowedFile, LiveSettings
from backend_registry.serve.process import prepare, run_in_loop
from backend_registry.serve.sources import other_sources, with_discovery
from backend_registry.telemetry import Metrics, Observers, RequestLog, log_changes, log_to, open_tracing

if TYPE_CHECKING:
    from backend_registry.telemetry.tracing import Tracing

__all__ = ("run",)

logger: Final = logging.getLogger("backend_registry.serve")

_FIRST_LOOK_S: Final = 5.0
"""Seconds that backends have to answer before it is said what there is."""


def run(config: FleetConfig, *, file: Path | None, demo: bool) -> None:
    """Be a router until told to stop. Blocks; for the main thread.

    Args:
        config: what the file, the environment and the flags come to.
        file: where the backends are kept up to date from; None if there is no file.
        demo: whether to route to three servers of our own and nothing else.

    Raises:
        CannotServeError: something is not as it has to be.
        RegistryError: so does this.
    """
    if file is None and not demo:
        config = with_discovery(config)
    refusal = refusal_to_listen(config.server.host, config.auth)
    if refusal is not None:
        raise CannotServeError(refusal)
    log_to(sys.stderr, config.server.log_format)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    with contextlib.ExitStack() as held:
        directory = held.enter_context(_state_directory(config, temporary=demo))
        state = StateFile(directory)
        held.enter_context(state.lock())
        registry = Registry(health_policy=config.health.policy(), ejection_policy=config.ejection.policy())
        fleet = Fleet(registry, state=state)
        source = None if file is None else FileSource(file, watch=config.discovery.watch, environ=os.environ, live=LIVE)
        own = held.enter_context(demo_backends()) if demo else None
        name = "demo" if own is not None else "environment" if source is None else source.name
        fleet.offer(name, config.backends() if own is None else own.backends)
        listener = held.enter_context(listening(config.server, config.gateway.total_timeout_s))
        router = _Router(config, registry, fleet, None if file is None else str(file), source, own, listener)
        router.say_where(None if demo else str(directory))
        run_in_loop(router.serve())


def _end(*_: object) -> NoReturn:
    """Told to stop before there was anything to finish."""
    raise SystemExit(0)


@contextlib.contextmanager
def _state_directory(config: FleetConfig, *, temporary: bool) -> Iterator[Path]:
    if temporary:
        with tempfile.TemporaryDirectory(prefix="backend-registry-demo-") as directory:
            yield Path(directory)
    else:
        given = config.server.state_dir
        yield Path(given) if given is not None else platformdirs.user_state_path("backend-registry", appauthor=False)


@dataclass(frozen=True)
class _Router:
    """What outlives the event loop, and the way it is put to work in it."""

    config: FleetConfig
    registry: Registry
    fleet: Fleet
    file: str | None
    source: FileSource | None
    demo: Demo | None
    listener: socket.socket

    @property
    def url(self) -> str:
        """Where this machine reaches it."""
        return url_of(self.listener)

    @property
    def open_to_others(self) -> bool:
        """Whether other machines reach it."""
        return not is_loopback(self.config.server.host)

    def say_where(self, state_dir: str | None) -> None:
        """Where everything is: for people on standard output, for collectors of log lines as one of these."""
        port = self.listener.getsockname()[1] if self.open_to_others else None
        if self.config.server.log_format == "json":
            logger.info("serving", extra={"url": self.url, "state_dir": state_dir, "file": self.file})
        self._say(announce.addresses(self.url, state_dir=state_dir, file=self.file, port_for_others=port) + "\n")

    def _say(self, text: str) -> None:
        """Write to the terminal, unless log lines are for programs; nobody there is no reason to stop."""
        if text and self.config.server.log_format != "json":
            with contextlib.suppress(OSError):
                sys.stdout.write(text)
                sys.stdout.flush()

    async def serve(self) -> None:
        """Serve until told to stop."""
        config, registry = self.config, self.registry
        metrics = Metrics(registry)
        live = LiveSettings(config)
        readiness = Readiness(registry, is_checked=lambda backend_id: live.health_of(backend_id).enabled)
        async with contextlib.AsyncExitStack() as held:
            tracing = open_tracing(registry, os.environ)
            hooks = []
            if tracing is not None:
                held.callback(tracing.close)
                hooks.append(tracing.trace_config())
            connect_timeout_s = config.gateway.connect_timeout_s
            session = await held.enter_async_context(open_session(connect_timeout_s=connect_timeout_s, trace_configs=hooks))
            checker = HealthChecker(registry, session, config.health, settings_of=live.health_of, observer=metrics)
            sources = [*other_sources(config.discovery, session, self.listener.getsockname()[1])]
            routes = [*self._gateway(session, live, checker, metrics, tracing), *self._node(readiness, metrics)]
            app: ASGIApp = application(routes)
            self._warn()
            await self._look_around(sources)
            if self.source is not None:
                sources.insert(0, FollowedFile(self.source, live))
            jobs: list[Coroutine[Any, Any, None]] = [
                self.fleet.run(sources),
                checker.run(),
                metrics.run(),
                log_changes(registry),
                self._welcome(readiness),
            ]
            prepare()
            await self._work(app if tracing is None else tracing.wrap(app), readiness, jobs)

    def _gateway(
        self,
        session: aiohttp.ClientSession,
        live: LiveSettings,
        checker: HealthChecker,
        metrics: Metrics,
        tracing: "Tracing | None",
    ) -> list[BaseRoute]:
        config = self.config
        observers = (metrics, RequestLog(self.registry.clock, metrics.models.of))
        return gateway_routes(
            self.registry,
            session,
            config.gateway,
            body_limit=config.server.body_limit,
            aliases=live.aliases,
            fallbacks=live.fallbacks,
            keys=live.keys,
            probe_soon=checker.probe_soon,
            observer=Observers(observers if tracing is None else (*observers, tracing)),
            queue_changed=metrics.queue_changed,
        )

    def _node(self, readiness: Readiness, metrics: Metrics) -> list[BaseRoute]:
        auth = Auth(self.config.auth, loopback=not self.open_to_others)
        return node_routes(self.registry, self.fleet, auth, readiness=readiness, metrics=metrics.exposition)

    def _warn(self) -> None:
        """Say in the log what an operator may have forgotten."""
        if self.open_to_others and not self.config.auth.client_keys:
            logger.warning("anybody who reaches this address may use /v1; list the keys that may in auth.client_keys")
        for backend in self.registry.get_all_backends():
            if backend.intent is not Intent.ENABLED:
                logger.info("backend is still %s", backend.intent.value, extra={"backend_id": backend.id})

    async def _look_around(self, sources: Sequence[Source]) -> None:
        """Without a file: a first scan, so that nobody is told that there is nothing while there is something."""
        for source in sources if self.source is None else ():
            if isinstance(source, ScanSource):
                async for backends in source.desired():
                    self.fleet.offer(source.name, backends)
                    break

    async def _welcome(self, readiness: Readiness) -> None:
        """Say what there is and what to do next, when all have been looked at once, or have had the time for it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_LOOK_S), self.registry.watch() as changes:
                while readiness.why_not():
                    await anext(changes)
        backends = sorted(self.registry.get_all_backends(), key=attrgetter("id"))
        parts = [
            announce.listed(backends, self.url),
            announce.request_to_try(self.url, backends, keys=bool(self.config.auth.client_keys)),
        ]
        if self.demo is not None:
            parts = [announce.DEMO, *parts, announce.demo_to_watch(self.url)]
        elif self.file is None:
            parts = [announce.where_it_looks(self.config.discovery), *parts]
        if self.demo is None:
            parts.append(announce.next_steps(backends, self.file))
        self._say("".join(part + "\n" for part in parts if part))

    async def _work(self, app: ASGIApp, readiness: Readiness, jobs: list[Coroutine[Any, Any, None]]) -> None:
        readiness.configured()
        async with asyncio.TaskGroup() as tasks:
            if self.demo is not None:
                jobs.append(talk(self.url, self.demo.shaky))
            running = [tasks.create_task(job) for job in jobs]
            try:
                reload = None if self.source is None else self.source.reload
                await serve_until_told(app, self.listener, readiness, self.config.server.shutdown_s, reload)
            finally:
                for task in running:
                    task.cancel()
