"""A router process: all parts, put together and run; a hub among them, unless it is not wanted.

What was kept from last time is in force before anybody can connect: first the lock on the state directory, then the fleet from
state and file, then the socket.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from backend_registry import Intent, Registry
from backend_registry._web import Auth
from backend_registry.config import FleetConfig
from backend_registry.discovery import FileSource, Fleet, ScanSource, Source
from backend_registry.gateway import gateway_routes
from backend_registry.health import HealthChecker, open_session
from backend_registry.hub import ENDPOINTS as HUB_ENDPOINTS
from backend_registry.node import Readiness, Reporter, node_routes, rpc_routes
from backend_registry.serve import announce
from backend_registry.serve.application import application
from backend_registry.serve.demo import OWN_NODE, Demo, demo_servers, demo_settings, few_lines
from backend_registry.serve.hub import HubParts, opened_hub, sections_shown
from backend_registry.serve.lifecycle import serve_until_told
from backend_registry.serve.live import LIVE, FollowedFile, LiveSettings
from backend_registry.serve.place import Place
from backend_registry.serve.prepared import Prepared, prepared
from backend_registry.serve.process import prepare, run_in_loop
from backend_registry.serve.reporting import opened_reporter
from backend_registry.serve.sources import other_sources, with_discovery
from backend_registry.telemetry import (
    HubCollector,
    Metrics,
    Observers,
    ReporterCollector,
    RequestLog,
    log_changes,
    open_tracing,
)

if TYPE_CHECKING:
    from backend_registry.telemetry.tracing import Tracing

__all__ = ("run",)

logger: Final = logging.getLogger("backend_registry.serve")

_FIRST_LOOK_S: Final = 5.0
"""Seconds that backends have to answer before it is said what there is."""


def run(config: FleetConfig, *, file: Path | None, demo: bool, has_hub: bool) -> None:
    """Be a router until told to stop. Blocks; for the main thread.

    Args:
        config: what the file, the environment and the flags come to.
        file: where the backends are kept up to date from; None if there is no file.
        demo: whether to be a node of a small cluster of our own, and nothing else.
        has_hub: whether to be a hub as well.

    Raises:
        CannotServeError: something is not as it has to be.
        RegistryError: so does this.
    """
    if file is None and not demo:
        config = with_discovery(config)
    with contextlib.ExitStack() as held:
        ground = held.enter_context(prepared(config, role="all" if has_hub else "router", temporary=demo))
        if demo:
            config = demo_settings(config, ground.place.url)
            held.enter_context(few_lines())
        registry = Registry(health_policy=config.health.policy(), ejection_policy=config.ejection.policy())
        fleet = Fleet(registry, state=ground.state)
        source = None if file is None else FileSource(file, watch=config.discovery.watch, environ=os.environ, live=LIVE)
        own = held.enter_context(demo_servers()) if demo else None
        name = "demo" if own is not None else "environment" if source is None else source.name
        fleet.offer(name, config.backends() if own is None else own.backends(OWN_NODE))
        router = _Router(config, registry, fleet, None if file is None else str(file), source, own, ground, has_hub=has_hub)
        run_in_loop(router.serve())


@dataclass(frozen=True)
class _Router:
    """What outlives the event loop, and the way it is put to work in it."""

    config: FleetConfig
    registry: Registry
    fleet: Fleet
    file: str | None
    source: FileSource | None
    demo: Demo | None
    ground: Prepared
    has_hub: bool

    @property
    def place(self) -> Place:
        """Where it serves."""
        return self.ground.place

    @property
    def sections(self) -> frozenset[str]:
        """What it offers."""
        return frozenset({"gateway", "node", *(["hub"] if self.has_hub else [])})

    def say_where(self) -> None:
        """Where everything is: for people on standard output, for collectors of log lines as one of these."""
        place, state_dir = self.place, self.ground.shown_directory
        port = place.port if place.open_to_others else None
        place.log(state_dir=state_dir, file=self.file)
        shown = sections_shown(self.sections, self.config)
        said = announce.addresses(place.url, shown, state_dir=state_dir, file=self.file, port_for_others=port)
        place.say(said + "\n")

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
            hub, reporter = await self._cluster(held, session, readiness, metrics)
            checker = HealthChecker(registry, session, config.health, settings_of=live.health_of, observer=metrics)
            sources = [*other_sources(config.discovery, session, self.place.port)]
            routes = [*self._gateway(session, live, checker, metrics, tracing), *self._node(readiness, metrics)]
            shown = sections_shown(self.sections, config)
            app = application([*routes, *(hub.routes if hub is not None else ())], shown)
            app = app if tracing is None else tracing.wrap(app)
            played = await self._played(held, hub, readiness)
            self.say_where()
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
                *(hub.jobs() if hub is not None else ()),
                *played,
            ]
            prepare()
            await self._work(app if hub is None else hub.in_front_of(app), readiness, jobs, reporter)

    async def _cluster(
        self,
        held: contextlib.AsyncExitStack,
        session: aiohttp.ClientSession,
        readiness: Readiness,
        metrics: Metrics,
    ) -> tuple[HubParts | None, Reporter | None]:
        """The hub of this process, and what reports to it or to another one."""
        hub = None
        if self.has_hub:
            hub = await held.enter_async_context(
                opened_hub(self.config, self.ground, session=session, readiness=readiness, sections=self.sections)
            )
            metrics.register(HubCollector(hub.facts))
        reporter = await held.enter_async_context(
            opened_reporter(self.config, self.ground, self.registry, self.fleet, own_hub=hub)
        )
        if reporter is not None:
            metrics.register(ReporterCollector(reporter))
            readiness.call_at_stop(reporter.leave)
        return hub, reporter

    async def _played(
        self, held: contextlib.AsyncExitStack, hub: HubParts | None, readiness: Readiness
    ) -> list[Coroutine[Any, Any, None]]:
        """What runs beside this node in the demonstration."""
        if self.demo is None:
            return []
        return await held.enter_async_context(self.demo.opened(self.config, self.place.url, hub, readiness))

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
        auth = Auth(self.config.auth, loopback=not self.place.open_to_others)
        routes = node_routes(
            self.registry,
            self.fleet,
            auth,
            readiness=readiness,
            metrics=metrics.exposition,
            token_variables=self.config.token_variables,
            beside=HUB_ENDPOINTS if self.has_hub else (),
        )
        return [*routes, *rpc_routes(self.registry, self.fleet, auth)]

    def _warn(self) -> None:
        """Say in the log what an operator may have forgotten."""
        if self.place.open_to_others and not self.config.auth.client_keys:
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
            announce.listed(backends, self.place.url),
            announce.request_to_try(self.place.url, backends, keys=bool(self.config.auth.client_keys)),
        ]
        if self.demo is not None:
            shown = sections_shown(self.sections, self.config)
            parts = [announce.demonstration(self.place.url, shown), *parts, announce.demo_to_watch(self.place.url)]
        elif self.file is None:
            parts = [announce.where_it_looks(self.config.discovery), *parts]
        if self.demo is None:
            parts.append(announce.next_steps(backends, self.file))
        self.place.say("".join(part + "\n" for part in parts if part))

    async def _work(
        self, app: ASGIApp, readiness: Readiness, jobs: list[Coroutine[Any, Any, None]], reporter: Reporter | None
    ) -> None:
        readiness.configured()
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(job) for job in jobs]
            reporting = None if reporter is None else tasks.create_task(reporter.run(), name="reports")
            try:
                reload = None if self.source is None else self.source.reload
                await serve_until_told(app, self.place.listener, readiness, self.config.server.shutdown_s, reload)
            finally:
                if reporter is not None and reporting is not None:
                    # It has a second for its goodbye, for which our own hub must still be there.
                    reporter.leave()
                    await asyncio.wait([reporting])
                for task in running:
                    task.cancel()
