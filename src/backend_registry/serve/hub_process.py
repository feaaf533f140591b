"""A hub process: no gateway, no registry and no discovery, only what nodes report and what operators want."""

import asyncio
import contextlib
from pathlib import Path

from backend_registry.config import FleetConfig
from backend_registry.health import open_session
from backend_registry.hub import ENDPOINTS
from backend_registry.node import Stopping, process_routes
from backend_registry.serve import announce
from backend_registry.serve.application import application
from backend_registry.serve.hub import HubParts, opened_hub, sections_shown
from backend_registry.serve.lifecycle import serve_until_told
from backend_registry.serve.prepared import Prepared, prepared
from backend_registry.serve.process import prepare, run_in_loop
from backend_registry.telemetry import HubCollector, ProcessMetrics

__all__ = ("run_hub",)

_SECTIONS = frozenset({"hub"})


def run_hub(config: FleetConfig, *, file: Path | None) -> None:
    """Be a hub until told to stop. Blocks; for the main thread.

    Args:
        config: what the file, the environment and the flags come to; its backends are nothing to a hub.
        file: where it is from; None if there is no file. It is not followed.

    Raises:
        CannotServeError: something is not as it has to be.
        RegistryError: so does this.
    """
    with prepared(config, role="hub") as ground:
        run_in_loop(_serve(config, ground, None if file is None else str(file)))


async def _serve(config: FleetConfig, ground: Prepared, file: str | None) -> None:
    place, readiness, metrics = ground.place, Stopping(), ProcessMetrics()
    async with contextlib.AsyncExitStack() as held:
        session = await held.enter_async_context(open_session(connect_timeout_s=config.gateway.connect_timeout_s))
        parts = await held.enter_async_context(
            opened_hub(config, ground, session=session, readiness=readiness, sections=_SECTIONS)
        )
        metrics.register(HubCollector(parts.facts))
        process = process_routes(parts.auth, readiness=readiness, metrics=metrics.exposition, beside=ENDPOINTS)
        shown = sections_shown(_SECTIONS, config)
        app = parts.in_front_of(application([*process, *parts.routes], shown))
        _say_where(ground, parts, file, shown)
        prepare()
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(job) for job in parts.jobs()]
            try:
                await serve_until_told(app, place.listener, readiness, config.server.shutdown_s)
            finally:
                for task in running:
                    task.cancel()


def _say_where(ground: Prepared, parts: HubParts, file: str | None, shown: frozenset[str]) -> None:
    place = ground.place
    place.log(state_dir=ground.shown_directory, file=file)
    port = place.port if place.open_to_others else None
    said = announce.addresses(place.url, shown, state_dir=ground.shown_directory, file=file, port_for_others=port)
    reports = announce.how_nodes_report(place.url, port_for_others=port, tokens=parts.gate.needed)
    place.say(f"{said}\n{reports}")
