"""The traffic of the demonstration: clients that ask, in waves, of a gateway or of a node's registry."""

import asyncio
import contextlib
import math
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

import aiohttp

from backend_registry import Outcome, Registry, RegistryError
from backend_registry.health import gateway_credentials, gateway_endpoint

__all__ = ("Ask", "Question", "Tide", "ask_gateway", "ask_node", "talk")

_AT_ONCE: Final = 8
_TOPICS: Final = (
    "Why is the sky blue, and why is it red in the evening?",
    "Name three rivers that flow north.",
    "Write a haiku about a queue that is empty.",
    "What is the difference between a lease and a lock?",
)
_PATHS: Final = {
    "chat_completions": "/v1/chat/completions",
    "embeddings": "/v1/embeddings",
    "rerank": "/v1/rerank",
    "audio_speech": "/v1/audio/speech",
}


class Question(NamedTuple):
    """Something to be asked.

    Attributes:
        model: of which model.
        operation: what it is to do.
    """

    model: str
    operation: str

    @property
    def path(self) -> str:
        """Where that is asked."""
        return _PATHS[self.operation]

    def body(self, topic: str) -> dict[str, Any]:
        """The request about a topic."""
        match self.operation:
            case "embeddings":
                return {"model": self.model, "input": topic}
            case "rerank":
                return {"model": self.model, "query": topic, "documents": list(_TOPICS)}
            case "audio_speech":
                return {"model": self.model, "input": topic, "voice": "alloy"}
            case _:
                return {"model": self.model, "stream": True, "messages": [{"role": "user", "content": topic}]}


Ask = Callable[[Question, str], Awaitable[None]]
"""Asks one question about a topic, and returns when it has been answered or has failed."""


class Tide(NamedTuple):
    """How busy clients are, as time goes on.

    Attributes:
        mean_s: seconds between two questions, on average.
        period_s: seconds from one high water to the next.
        phase: where in its period it begins, from 0 to 1.
    """

    mean_s: float
    period_s: float = 90.0
    phase: float = 0.0

    def gap_s(self, at_s: float, rng: random.Random) -> float:
        """Seconds from a question at `at_s` to the next one: a random time, a ninth as long at high water as at low."""
        busy = 1 + 0.8 * math.sin(2 * math.pi * (at_s / self.period_s + self.phase))
        return rng.expovariate(busy / self.mean_s)


async def talk(
    ask: Ask,
    questions: Sequence[Question],
    tide: Tide,
    rng: random.Random,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Ask something now and then until cancelled, at most eight at once; what comes while as many wait is not asked.

    Args:
        ask: asks one.
        questions: to be drawn from.
        tide: when.
        rng: draws.
        sleep: waits for so many seconds.
    """
    now = asyncio.get_running_loop().time
    began = now()
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one() -> None:
        async with slots:
            await ask(rng.choice(questions), rng.choice(_TOPICS))

    async with asyncio.TaskGroup() as asking:
        while True:
            await sleep(tide.gap_s(now() - began, rng))
            if not slots.locked():
                asking.create_task(one())


def ask_gateway(session: aiohttp.ClientSession, url: str) -> Ask:
    """Clients of the gateway at `url`."""

    async def ask(question: Question, topic: str) -> None:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with session.post(url + question.path, json=question.body(topic)) as answer:
                await answer.read()

    return ask


def ask_node(session: aiohttp.ClientSession, registry: Registry) -> Ask:
    """Clients of a node that has no gateway: each leases a backend from `registry` and asks it."""

    async def ask(question: Question, topic: str) -> None:
        # A failure is what the registry has been told by then, and a client that finds nobody goes away.
        with contextlib.suppress(aiohttp.ClientError, OSError, RegistryError):
            async with registry.acquire(question.model, operation=question.operation) as lease:
                record = lease.backend.record
                async with session.post(
                    gateway_endpoint(record, question.path), json=question.body(topic), headers=gateway_credentials(record)
                ) as answer:
                    lease.first_byte()
                    await answer.read()
                    lease.finish(Outcome.from_status(answer.status))

    return ask
