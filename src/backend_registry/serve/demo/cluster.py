"""`Demo`: the servers of the demonstration, and the cluster that is made of them."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from backend_registry import Backend
from backend_registry.config import FleetConfig
from backend_registry.health import open_session
from backend_registry.node import Stopping
from backend_registry.serve.demo.fleet import NODES, OFFERS, OWN_NODE, Offer, Seat, backend_of, seats, server_of
from backend_registry.serve.demo.nodes import DemoNode, opened_node
from backend_registry.serve.demo.traffic import Question, Tide, ask_gateway, ask_node, talk
from backend_registry.serve.demo.weather import Weather, steer
from backend_registry.serve.hub import HubParts
from backend_registry.testing import FakeBackend

__all__ = ("Demo", "demo_servers")

_MEAN_S: Final = 0.8
"""Seconds between two questions to a node, on average."""
_LAG: Final = 0.06
"""From the high water of one node to that of the next, as a share of the time between two."""

Jobs = list[Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Demo:
    """Servers that are running, and what is played with them.

    Attributes:
        offers: what they are.
        servers: all of them.
    """

    offers: Sequence[Offer]
    servers: Mapping[Seat, FakeBackend]

    def backends(self, node_id: str) -> tuple[Backend, ...]:
        """The backends of a node, fresh."""
        return tuple(
            backend_of(offer, node_id, self._server(offer, node_id).url) for offer in self.offers if node_id in offer.nodes
        )

    def _server(self, offer: Offer, node_id: str) -> FakeBackend:
        return self.servers[Seat(offer.name, offer.nodes[0] if offer.shared else node_id)]

    def questions(self, node_id: str) -> tuple[Question, ...]:
        """What can be asked of a node, each as often as it is asked for."""
        offers = [offer for offer in self.offers if node_id in offer.nodes]
        return tuple(
            Question(model.id, offer.operation) for offer in offers for model in offer.models for _ in range(offer.asked)
        )

    @contextlib.asynccontextmanager
    async def opened(
        self, config: FleetConfig, url: str, hub: HubParts | None, readiness: Stopping, rng: random.Random | None = None
    ) -> AsyncIterator[Jobs]:
        """What has to run beside the router while the block runs: the other nodes, the weather, and the clients.

        Args:
            config: for all nodes.
            url: where the gateway is.
            hub: what the other nodes report to; without one there are none.
            readiness: its `stop` has the other nodes say goodbye.
            rng: source of randomness.
        """
        rng = rng or random.Random()
        async with contextlib.AsyncExitStack() as held:
            session = await held.enter_async_context(open_session(connect_timeout_s=config.gateway.connect_timeout_s))
            nodes = [await held.enter_async_context(node) for node in self._nodes(config, session, hub)]
            stopped = asyncio.Event()
            for stop in (stopped.set, *(node.stop for node in nodes)):
                readiness.call_at_stop(stop)
            weather = Weather(self.servers, {node.node_id: node.uplink for node in nodes}, rng)
            clients = _until(stopped, self._clients(url, nodes, session, rng))
            operator = [] if hub is None else [steer(hub.hub)]
            yield [weather.run(), clients, *operator, *(node.run() for node in nodes)]

    def _nodes(
        self, config: FleetConfig, session: aiohttp.ClientSession, hub: HubParts | None
    ) -> list[contextlib.AbstractAsyncContextManager[DemoNode]]:
        """The nodes beside that of the process, to be opened; none if there is no hub."""
        if hub is None:
            return []
        others = [node_id for node_id in NODES if node_id != OWN_NODE]
        return [opened_node(node_id, self.backends(node_id), config, session, hub.report) for node_id in others]

    def _clients(self, url: str, nodes: Sequence[DemoNode], session: aiohttp.ClientSession, rng: random.Random) -> Jobs:
        own = talk(ask_gateway(session, url), self.questions(OWN_NODE), Tide(_MEAN_S), rng)
        others = (
            talk(ask_node(session, node.registry), self.questions(node.node_id), Tide(_MEAN_S, phase=-_LAG * number), rng)
            for number, node in enumerate(nodes, 1)
        )
        return [own, *others]


async def _until(stopped: asyncio.Event, jobs: Jobs) -> None:
    """Run these until then: clients that hang up do not keep a process that was told to stop."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(job) for job in jobs]
        await stopped.wait()
        for task in running:
            task.cancel()


@contextlib.contextmanager
def demo_servers(offers: Sequence[Offer] = OFFERS) -> Iterator[Demo]:
    """All servers of these offers on loopback while the block runs. Cost: a thread for each, a millisecond to start it."""
    servers = {seat: server_of(offer, seat) for offer in offers for seat in seats(offer)}
    with contextlib.ExitStack() as held:
        for server in servers.values():
            held.enter_context(server)
        yield Demo(offers, servers)
