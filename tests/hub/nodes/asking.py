"""Asking nodes from a hub, over real sockets."""

import asyncio
import contextlib

import pytest

from backend_registry.config import HubConfig
from backend_registry.health import open_session
from backend_registry.hub.node_api import NodeApi

TOKEN = "viewer-token-of-the-node-0123456789"


def root(running):
    return f"http://127.0.0.1:{running.port}"


def settings(**fields):
    return HubConfig.model_validate(fields)


def set_for(running, node_id="n1", **fields):
    """Settings of an operator who has set the node's url."""
    return settings(node_urls={node_id: {"url": root(running), **fields}})


def ask(config, announced=None, node_id="n1", environ=None, **options):
    """What `NodeApi.backends_of` gives."""

    async def asking():
        async with open_session(connect_timeout_s=5) as session:
            return await NodeApi(session, config, environ or {}, **options).backends_of(node_id, announced)

    return asyncio.run(asking())


@contextlib.contextmanager
def refused(status, code, *words):
    """The block is refused, in words that name the remedy and no secret."""
    with pytest.raises(Exception) as caught:
        yield caught
    error = caught.value
    assert (getattr(error, "status", None), getattr(error, "code", None)) == (status, code), repr(error)
    assert all(word in error.detail for word in words), error.detail
    assert TOKEN not in f"{error!r} {error.detail} {error.errors}"
