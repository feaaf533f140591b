"""Which hub this node reports to, under which name, and the reporter for it."""

import contextlib
import logging
import os
import re
import socket
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

from backend_registry import Registry
from backend_registry._web import is_loopback
from backend_registry.config import FleetConfig
from backend_registry.discovery import Fleet
from backend_registry.node import EpochFile, HttpHubLink, HubLink, LocalHubLink, Reporter, Wishes, open_hub_session
from backend_registry.protocol import Reporting
from backend_registry.serve.hub import HubParts
from backend_registry.serve.prepared import Prepared
from backend_registry.serve.tokens import report_token

__all__ = ("node_id_of", "opened_reporter")

logger: Final = logging.getLogger("backend_registry.serve")

_KEEP_ALIVE_S: Final = 60.0
"""Longer than from one sign of life to the next, so that none of them needs a new connection."""
_ID_MOST: Final = 128


def node_id_of(config: FleetConfig, port: int) -> str:
    """What this node is called: what its operator says, else host name and port."""
    if config.report.node_id is not None:
        return config.report.node_id
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()).lstrip("._-") or "node"
    return f"{host[: _ID_MOST - 6]}:{port}"


@contextlib.asynccontextmanager
async def opened_reporter(
    config: FleetConfig, ground: Prepared, registry: Registry, fleet: Fleet, *, own_hub: HubParts | None
) -> AsyncIterator[Reporter | None]:
    """What tells a hub of this node while the block runs; None if there is no hub to be told.

    Args:
        config: what the file, the environment and the flags come to.
        ground: where this node serves, and where its epoch is kept.
        registry: whose backends are reported.
        fleet: carries out what operators at the hub want.
        own_hub: the hub of this process, which is told unless `report.url` names another.

    Raises:
        CannotServeError: the token is not there.
    """
    async with contextlib.AsyncExitStack() as held:
        link: HubLink | None = LocalHubLink(own_hub.report) if own_hub is not None else None
        if config.report.url is not None:
            _warn_of_plain_text(config.report.url, config.report.token_env)
            session = await held.enter_async_context(open_hub_session(keep_alive_s=_KEEP_ALIVE_S))
            link = HttpHubLink(config.report.url, report_token(config), session)
        if link is None:
            yield None
            return
        epochs = EpochFile(ground.directory)
        epoch = epochs.next(registry.clock.time_ns() // 1_000_000)
        reporting = Reporting(node_id_of(config, ground.place.port), os.urandom(8).hex(), epoch, url=config.report.node_url)
        yield Reporter(registry, link, reporting, config.report, wishes=Wishes(fleet), epochs=epochs)


def _warn_of_plain_text(url: str, token_env: str | None) -> None:
    parts = urlsplit(url)
    if token_env is not None and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        logger.warning("the token for the hub is sent unencrypted; let report.url begin with https unless the network is yours")
