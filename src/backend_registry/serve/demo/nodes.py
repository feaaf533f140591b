"""`DemoNode`: one further node of the demonstration, with all that a node has but a gateway."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
import uvicorn

from backend_registry import Backend, Registry
from backend_registry._web import Auth
from backend_registry.config import FleetConfig, ServerConfig
from backend_registry.discovery import Fleet
from backend_registry.health import HealthChecker
from backend_registry.node import HubUnavailableError, LocalHubLink, Readiness, Reporter, Wishes, node_routes
from backend_registry.protocol import Ack, Report, Reporting
from backend_registry.serve.application import application
from backend_registry.serve.lifecycle import http_server
from backend_registry.serve.listen import listening, url_of

__all__ = ("DemoNode", "Uplink", "opened_node")

_SHUTDOWN_S: Final = 1.0


class Uplink:
    """The way from a further node to the hub of this process, which can be cut. For one event loop.

    Args:
        report: takes a report in; raises as `HubLink.send`.

    Attributes:
        cut: whether nothing gets through.
    """

    def __init__(self, report: Callable[[Report], Awaitable[Ack]]) -> None:
        self._link: Final = LocalHubLink(report)
        self.cut = False

    async def send(self, report: Report) -> Ack:
        """Hand over a report; as `HubLink.send`."""
        if self.cut:
            raise HubUnavailableError("the demonstration has cut this node off for a while")
        return await self._link.send(report)


@dataclass(frozen=True, slots=True)
class DemoNode:
    """A node: it checks its backends, serves its API on a loopback port, and reports to the hub. For one event loop.

    Attributes:
        node_id: what the hub calls it.
        registry: its backends.
        uplink: its way to the hub.
    """

    node_id: str
    registry: Registry
    uplink: Uplink
    checker: HealthChecker
    reporter: Reporter
    readiness: Readiness
    server: uvicorn.Server
    serving: Callable[[], Awaitable[None]]

    async def run(self) -> None:
        """Be a node until `stop` or until cancelled; then say goodbye and end what is served."""
        serving = asyncio.ensure_future(self.serving())
        reporting = asyncio.create_task(self.reporter.run(), name=f"reports of {self.node_id}")
        try:
            await self.checker.run()
        finally:
            self.stop()
            await asyncio.wait([serving, reporting])

    def stop(self) -> None:
        """Say goodbye to the hub, and serve nothing new. More calls do nothing."""
        if not self.readiness.stopping:
            self.readiness.stop()
            self.reporter.leave()
            self.server.should_exit = True


@contextlib.asynccontextmanager
async def opened_node(
    node_id: str,
    backends: Sequence[Backend],
    config: FleetConfig,
    session: aiohttp.ClientSession,
    report: Callable[[Report], Awaitable[Ack]],
) -> AsyncIterator[DemoNode]:
    """A node while the block runs; its API listens on a free port of loopback.

    Args:
        node_id: what it is called.
        backends: what it has, fresh.
        config: how it checks, reports, and lets others in.
        session: the HTTP client that backends are checked with.
        report: the hub that it reports to.
    """
    registry = Registry(health_policy=config.health.policy(), ejection_policy=config.ejection.policy())
    fleet = Fleet(registry)
    fleet.offer("demo", backends)
    readiness = Readiness(registry)
    readiness.configured()
    uplink = Uplink(report)
    with listening(ServerConfig(port=0), config.gateway.total_timeout_s) as listener:
        epoch_ms = registry.clock.time_ns() // 1_000_000
        reporting = Reporting(node_id, os.urandom(8).hex(), epoch_ms, url=url_of(listener))
        routes = node_routes(registry, fleet, Auth(config.auth, loopback=True), readiness=readiness)
        server = http_server(application(routes, {"node"}), _SHUTDOWN_S)
        yield DemoNode(
            node_id=node_id,
            registry=registry,
            uplink=uplink,
            checker=HealthChecker(registry, session, config.health),
            reporter=Reporter(registry, uplink, reporting, config.report, wishes=Wishes(fleet)),
            readiness=readiness,
            server=server,
            serving=lambda: server.serve([listener]),
        )
