"""`HubParts`: a hub with its store, its doors and its routes, put together."""

import asyncio
import contextlib
import os
import random
import time
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from backend_registry._web import INSTALLED_PAGE, BuiltPage, UnusablePageError, page_routes, read_page
from backend_registry.config import FleetConfig
from backend_registry.hub import (
    Audits,
    Hub,
    HubContext,
    NodeApi,
    NodeGate,
    SessionAuth,
    StoreUnavailableError,
    hub_routes,
    open_store,
    report_routes,
    with_reports,
)
from backend_registry.node import HubUnavailableError, Stopping
from backend_registry.protocol import Ack, Report
from backend_registry.serve.errors import CannotServeError
from backend_registry.serve.prepared import Prepared
from backend_registry.serve.tokens import node_gate, store_url
from backend_registry.telemetry import HubFacts

__all__ = ("HubParts", "opened_hub", "sections_shown")

_PAGE_VARIABLE: Final = "BACKEND_REGISTRY_PAGE"
"""The variable that names a folder with another build of the page than the installed one."""


@dataclass(frozen=True, slots=True)
class HubParts:
    """A hub that is open. For one event loop.

    Attributes:
        hub: the hub.
        auth: who may do what.
        gate: who may report to it.
        audits: compares what nodes have reported with what they say.
        audited: whether it does so by itself.
        routes: its API, and its page.
    """

    hub: Hub
    auth: SessionAuth
    gate: NodeGate
    audits: Audits
    audited: bool
    routes: Sequence[BaseRoute]

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        """What has to run while it serves."""
        return [self.hub.run(), *([self.audits.run()] if self.audited else [])]

    def in_front_of(self, app: ASGIApp) -> ASGIApp:
        """An application that takes reports in, and passes all other requests on to `app`."""
        return with_reports(self.hub, self.gate, app)

    async def report(self, report: Report) -> Ack:
        """Take in a report of the node of this very process.

        Raises:
            RefusedReportError: as `Hub.report`.
            HubUnavailableError: the store cannot be written to now.
        """
        try:
            return await self.hub.report(report)
        except StoreUnavailableError as error:
            raise HubUnavailableError("the store cannot be written to now", retry_after_s=error.retry_after_s) from error

    def facts(self) -> HubFacts:
        """The hub as it is now, for metrics. In any thread."""
        hub, liveness, counters, ring = self.hub, self.hub.liveness, self.hub.counters, self.hub.feed.ring
        return HubFacts(
            nodes={standing.value: count for standing, count in liveness.counts.items()},
            held=liveness.held,
            complete=liveness.complete,
            degraded=bool(hub.store.degraded),
            reports=counters.reports,
            dropped_loads=counters.dropped_loads,
            sweeps=hub.sweeps.count,
            sweep_s=hub.sweeps.seconds,
            publications=hub.feed.publications,
            publication_s=hub.feed.publication_s,
            subscribers=ring.readers,
            resets=ring.resets,
            audits={str(result): count for result, count in self.audits.results.copy().items()},
            events=hub.events.counts,
        )


@contextlib.asynccontextmanager
async def opened_hub(
    config: FleetConfig,
    ground: Prepared,
    *,
    session: aiohttp.ClientSession,
    readiness: Stopping,
    sections: frozenset[str],
) -> AsyncIterator[HubParts]:
    """A hub while the block runs. What its store knows is in the view from the start.

    Args:
        config: what the file, the environment and the flags come to.
        ground: where it serves, and where a store on this machine is.
        session: the HTTP client that nodes are asked with.
        readiness: its `stop` ends the streams.
        sections: what the process offers.

    Raises:
        CannotServeError: the store cannot be used, or the folder of the page.
        InvalidValueError: so does this.
    """
    page = _page(os.environ) if config.hub.page else None
    loop = asyncio.get_running_loop()
    alone = sections == {"hub"}
    hub = Hub(
        open_store(store_url(config.hub), state_dir=ground.directory),
        config.hub,
        rng=random.Random(),
        clock=loop.time,
        now_ms=_now_ms,
    )
    try:
        await hub.open()
    except StoreUnavailableError as error:
        raise CannotServeError(f"hub.store: {error}; see that it runs and that it can be reached from here") from None
    readiness.call_at_stop(hub.feed.close)
    node_api = NodeApi(session, config.hub, os.environ)
    context = HubContext(
        hub=hub,
        auth=SessionAuth(config.auth, loopback=not ground.place.open_to_others, wall_ns=time.time_ns, clock=loop.time),
        node_api=node_api,
        sections=sections,
        wall_ns=time.time_ns,
    )
    gate = node_gate(config, alone=alone)
    audits = Audits(hub, node_api, rng=random.Random(), every_s=config.hub.audit_s)
    routes = [*hub_routes(context), *report_routes(hub, gate, now_ms=_now_ms)]
    if config.hub.page:
        # The last ones: they take all paths below their root.
        routes += page_routes(page, context.auth)
    try:
        yield HubParts(hub, context.auth, gate, audits, config.hub.audit_s > 0, routes)
    finally:
        await hub.close()


def sections_shown(sections: frozenset[str], config: FleetConfig) -> frozenset[str]:
    """What a process offers to people: its sections, and `page` if its hub shows one."""
    return sections | {"page"} if "hub" in sections and config.hub.page else sections


def _page(environ: Mapping[str, str]) -> BuiltPage | None:
    """The page that is to be served; None if none was built.

    Raises:
        CannotServeError: the variable names a folder that holds none.
    """
    folder = environ.get(_PAGE_VARIABLE, "")
    try:
        page = read_page(Path(folder) if folder else INSTALLED_PAGE)
    except UnusablePageError as error:
        raise CannotServeError(f"{_PAGE_VARIABLE if folder else 'the admin page'}: {error}") from None
    if folder and page is None:
        raise CannotServeError(f"{_PAGE_VARIABLE}: holds no index.html; build the page into it, or leave the variable out")
    return page


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
