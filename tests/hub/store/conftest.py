import itertools

import pytest

from backend_registry.hub.store import open_store
from tests.hub.store.servers import MISSING, PROGRAM, RedisServer

_prefixes = itertools.count()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory):
    """One server for all tests that leave it as it is; each has keys of its own."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    pytest.importorskip("redis")
    server = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(shared_server):
    """Of a Redis in which there is nothing yet."""
    return f"{shared_server.url}?prefix=test-{next(_prefixes)}"


@pytest.fixture
def server(tmp_path):
    """Makes servers that a test may harm."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    pytest.importorskip("redis")
    servers = []

    def start(**facts):
        directory = tmp_path / f"redis-{len(servers)}"
        directory.mkdir()
        servers.append(RedisServer(directory, **facts))
        return servers[-1].start()

    yield start
    for each in servers:
        each.stop()


@pytest.fixture(params=["memory", "sqlite", "redis"])
def make_store(request, tmp_path):
    """Makes a store of each kind; a second one of a kind that keeps things begins with what the first one kept."""
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        return lambda: open_store(url, state_dir=tmp_path)
    return lambda: open_store(request.param, state_dir=tmp_path)
