import contextlib

import pytest

from tests.hub.service.cluster import Cluster


@pytest.fixture
def start():
    """Start hubs; they end with the test."""
    with contextlib.ExitStack() as stack:

        def start(store=None, **settings):
            cluster = Cluster(store, **settings)
            stack.callback(cluster.close)
            return cluster

        yield start


@pytest.fixture
def cluster(start):
    return start()
