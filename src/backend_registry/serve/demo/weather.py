"""What goes wrong in the demonstration, where, and when.

Servers fail, are slow for a while, and never answer as quickly as a moment ago; a node falls silent; and an operator has taken
something out. All of it is done to the real parts, which then find it out.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from backend_registry.hub import Hub, StoreUnavailableError
from backend_registry.serve.demo.fleet import Seat
from backend_registry.serve.demo.nodes import Uplink
from backend_registry.testing import FakeBackend

__all__ = ("BY_HAND", "SPELLS", "ByHand", "Fault", "Silence", "Slowness", "Spell", "Weather", "steer")

_DRIFT_EVERY_S: Final = 2.0
_DRIFT: Final = 0.25
"""Standard deviation of the logarithm of how long a piece of an answer takes."""
_JITTER: Final = 0.1
_ASK_AGAIN_S: Final = 0.5
_ACTOR: Final = "demo"


class Fault(NamedTuple):
    """A server that does not answer as it should.

    Attributes:
        seat: which.
        kind: how, as `FakeBackend.fail` has it.
        details: the other arguments of that.
    """

    seat: Seat
    kind: str
    details: Mapping[str, Any] = {}


class Slowness(NamedTuple):
    """A server whose answers take so many times as long."""

    seat: Seat
    factor: float


class Silence(NamedTuple):
    """A node of which the hub hears nothing."""

    node_id: str


class Spell(NamedTuple):
    """Something that comes and goes, again and again.

    Attributes:
        what: what comes.
        first_s: seconds until it comes for the first time.
        lasts_s: seconds until it goes.
        every_s: seconds from one time to the next.
    """

    what: Fault | Slowness | Silence
    first_s: float
    lasts_s: float
    every_s: float


class ByHand(NamedTuple):
    """What an operator has done to one backend of one node.

    Attributes:
        node_id: the node.
        name: the backend.
        intent: what is wanted of it.
        reason: why.
    """

    node_id: str
    name: str
    intent: str
    reason: str


SPELLS: Final[Sequence[Spell]] = (
    Spell(Fault(Seat("qwen3-32b", "iad-1"), "refuse"), first_s=25, lasts_s=20, every_s=75),
    Spell(Fault(Seat("edge-llama", "sin-1"), "status", {"status": 500}), first_s=60, lasts_s=20, every_s=120),
    # Its checks pass, and whoever asks is told to come back later; so it is left alone as long as it wants.
    Spell(
        Fault(Seat("chat-spare", "fra-1"), "status", {"status": 429, "retry_after": 15, "only": "/v1/chat"}),
        first_s=40,
        lasts_s=40,
        every_s=120,
    ),
    Spell(Slowness(Seat("mixtral-8x22b", "sin-1"), 4.0), first_s=15, lasts_s=10, every_s=40),
    Spell(Silence("iad-2"), first_s=75, lasts_s=35, every_s=180),
)
"""Nothing befalls the own node in the first half minute, so that whoever tries the gateway then finds it working."""
BY_HAND: Final[Sequence[ByHand]] = (
    ByHand("iad-1", "chat-east", "draining", "kernel update on iad-1"),
    ByHand("iad-2", "phi-mini", "disabled", "answers were cut off, see the runbook"),
)


class Weather:
    """Does all of it to servers and nodes. For one event loop.

    Args:
        servers: those that are running.
        uplinks: node id to the node's way to the hub.
        rng: how much everything varies.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        servers: Mapping[Seat, FakeBackend],
        uplinks: Mapping[str, Uplink],
        rng: random.Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._servers: Final = servers
        self._uplinks: Final = uplinks
        self._rng: Final = rng
        self._sleep: Final = sleep
        self._ordinary_s: Final = {seat: server.behaviour.chunk_delay_s for seat, server in servers.items()}
        self._slow: Final[dict[Seat, float]] = {}

    async def run(self, spells: Sequence[Spell] = SPELLS) -> None:
        """Let all spells come and go, and all servers vary, until cancelled. What is not there is left alone."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._drift())
            for spell in spells:
                tasks.create_task(self._recur(spell))

    async def _recur(self, spell: Spell) -> None:
        await self._about(spell.first_s)
        while True:
            await self._begin(spell.what)
            await self._about(spell.lasts_s)
            await self._end(spell.what)
            await self._about(spell.every_s - spell.lasts_s)

    async def _about(self, seconds: float) -> None:
        await self._sleep(seconds * self._rng.uniform(1 - _JITTER, 1 + _JITTER))

    async def _begin(self, what: Fault | Slowness | Silence) -> None:
        match what:
            case Fault(seat, kind, details) if seat in self._servers:
                await asyncio.to_thread(self._servers[seat].fail, kind, **details)
            case Slowness(seat, factor):
                self._slow[seat] = factor
            case Silence(node_id) if node_id in self._uplinks:
                self._uplinks[node_id].cut = True
            case _:
                pass

    async def _end(self, what: Fault | Slowness | Silence) -> None:
        match what:
            case Fault(seat) if seat in self._servers:
                await asyncio.to_thread(self._servers[seat].recover)
            case Slowness(seat):
                del self._slow[seat]
            case Silence(node_id) if node_id in self._uplinks:
                self._uplinks[node_id].cut = False
            case _:
                pass

    async def _drift(self) -> None:
        """Let no server answer as quickly as a moment ago."""
        while True:
            for seat, server in self._servers.items():
                pace = self._rng.lognormvariate(0.0, _DRIFT) * self._slow.get(seat, 1.0)
                server.behaviour.chunk_delay_s = self._ordinary_s[seat] * pace
                server.behaviour.first_byte_delay_s = 0.1 * server.behaviour.chunk_delay_s
            await self._sleep(_DRIFT_EVERY_S)


async def steer(
    hub: Hub, wanted: Sequence[ByHand] = BY_HAND, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Do what an operator has done, each when the hub has heard of its backend. Done once: whoever undoes it, has undone it."""
    for one in wanted:
        while not await _wished(hub, one):
            await sleep(_ASK_AGAIN_S)


async def _wished(hub: Hub, one: ByHand) -> bool:
    """Whether the node will be told; if not, the hub does not know of it yet, or cannot write it down now."""
    try:
        await hub.wish(one.node_id, {one.name: one.intent}, actor=_ACTOR, reason=one.reason)
    except (KeyError, StoreUnavailableError):
        return False
    return True
