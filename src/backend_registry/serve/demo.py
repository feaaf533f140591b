"""`--demo`: three small real servers, and somebody who talks to them, so that there is something to see within seconds."""

import asyncio
import contextlib
import itertools
import random
from collections.abc import Iterator
from typing import Final, NamedTuple

import aiohttp

from backend_registry import Backend
from backend_registry.testing import FakeBackend

__all__ = ("Demo", "demo_backends", "talk")

_MODEL: Final = "llama3:8b"
_MODELS: Final = (_MODEL, _MODEL, _MODEL, "mistral:7b", "qwen3:14b")
_EVERY_S: Final = 0.4
_FAILING_EVERY: Final = 40
"""Questions between two spells of failures."""
_FAILURES: Final = 6
"""Enough of them, in a row, to be ejected for it."""
_AT_ONCE: Final = 8
_QUESTIONS: Final = (
    "Why is the sky blue, and why is it red in the evening?",
    "Name three rivers that flow north.",
    "Write a haiku about a queue that is empty.",
    "What is the difference between a lease and a lock?",
)


class Demo(NamedTuple):
    """The servers: all of them as backends, and the one that is to fail now and then."""

    backends: tuple[Backend, ...]
    shaky: FakeBackend


@contextlib.contextmanager
def demo_backends() -> Iterator[Demo]:
    """Three servers on loopback while the block runs: a quick one, a slow one, and one that fails now and then."""
    with (
        FakeBackend("demo-quick", kind="ollama", models=[_MODEL, "mistral:7b"], chunks=8, chunk_delay_s=0.02) as quick,
        FakeBackend(
            "demo-slow", kind="vllm", models=[_MODEL, "qwen3:14b"], chunks=8, chunk_delay_s=0.1, first_byte_delay_s=0.2
        ) as slow,
        FakeBackend("demo-shaky", models=[_MODEL], chunks=8, chunk_delay_s=0.04) as shaky,
    ):
        yield Demo((quick.backend(), slow.backend(), shaky.backend()), shaky)


async def talk(url: str, shaky: FakeBackend, rng: random.Random | None = None) -> None:
    """Ask the router at `url` something now and then, at most eight at once, and let `shaky` fail now and then."""
    rng = rng or random.Random()
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as questions:
        slots = asyncio.Semaphore(_AT_ONCE)
        for asked in itertools.count(1):
            await asyncio.sleep(rng.expovariate(1 / _EVERY_S))
            model, question = rng.choice(_MODELS), rng.choice(_QUESTIONS)
            if not slots.locked():
                questions.create_task(_ask(session, slots, url, model, question))
            if asked % _FAILING_EVERY == 0:
                await asyncio.to_thread(shaky.fail, "status", status=500, times=_FAILURES, only="/v1/chat")


async def _ask(session: aiohttp.ClientSession, slots: asyncio.Semaphore, url: str, model: str, question: str) -> None:
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": question}]}
    with contextlib.suppress(aiohttp.ClientError, OSError):
        async with slots, session.post(f"{url}/v1/chat/completions", json=body) as answer:
            await answer.read()
