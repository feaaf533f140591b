"""Clients that behave as badly as clients can, by the thousand: they hang up at any moment, stall, send halves and nonsense."""

import asyncio
import contextlib
import json
import random
import re
import socket
import struct
from collections import Counter
from dataclasses import dataclass, field

__all__ = ("Storm",)

PATIENCE_S = 30.0
MODELS = (
    "good",
    "good",
    "shared",
    "shared",
    "shared",
    "only chat hangs",
    "only chat is cut",
    "only chats hugely",
    "nobody has it",
)
WORDS = 12


@dataclass
class Storm:
    """So many requests at one port, some of them at the same time, each by a client that behaves in a way drawn at random.

    Attributes:
        outcomes: how often each way of a client met each answer.
        wrong: answers that were passed off as right and were not.
    """

    port: int
    seed: int
    width: int = 64
    outcomes: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)

    async def run(self, requests):
        """Send them all, and wait for the last."""
        left = iter(range(requests))

        async def work():
            for number in left:
                client = Client(self, number)
                way = client.rng.choice(WAYS)
                try:
                    async with asyncio.timeout(PATIENCE_S):
                        outcome = await client.behave(way)
                except (ConnectionError, asyncio.IncompleteReadError):
                    outcome = "cut off"
                self.outcomes[way.__name__, outcome] += 1

        async with asyncio.TaskGroup() as tasks:
            for _ in range(self.width):
                tasks.create_task(work())


class Client:
    """One client, one connection."""

    def __init__(self, storm, number):
        self.rng = random.Random(f"{storm.seed} {number}")
        self._storm = storm
        self.model = self.rng.choice(MODELS)
        self.streamed = self.rng.random() < 0.5
        self.said = " ".join(f"{number}-{at}" for at in range(WORDS))
        body = {"model": self.model, "messages": [{"role": "user", "content": self.said}], "stream": self.streamed}
        self.body = json.dumps(body).encode()

    async def behave(self, way):
        self.reader, self._writer = await asyncio.open_connection("127.0.0.1", self._storm.port)
        try:
            return await way(self)
        finally:
            self._writer.close()

    def head(self, length=None):
        length = len(self.body) if length is None else length
        return (
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            % length
        )

    async def send(self, data):
        self._writer.write(data)
        await self._writer.drain()

    async def moment(self, most_s=0.06):
        """Any moment: often at once, so that the steps of a request are hit and not only its long waits."""
        await asyncio.sleep(self.rng.choice((0, self.rng.uniform(0, 0.003), self.rng.uniform(0, most_s))))

    def reset(self):
        connection = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def half_close(self):
        self._writer.write_eof()

    async def answer(self):
        """The status of a complete answer, which is held against what was said."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        length = re.search(rb"(?i)content-length: (\d+)", head)
        body = await self.reader.readexactly(int(length[1])) if length else await self._chunks()
        if status == 200 and not self._right(body):
            self._storm.wrong.append((self.model, self.streamed, body[:300]))
        if status != 200 and not json.loads(body)["error"]["message"]:
            self._storm.wrong.append((self.model, status, body[:300]))
        return "broken stream" if status == 200 and self.streamed and b'"error"' in body else str(status)

    async def _chunks(self):
        body = b""
        while (size := int(await self.reader.readuntil(b"\r\n"), 16)) > 0:
            body += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readexactly(2)
        return body

    def _right(self, body):
        """A plain answer says what was said; a stream says it up to its end, or breaks with an error and without one."""
        if not self.streamed:
            return json.loads(body)["choices"][0]["message"]["content"] == self.said
        events = [event[6:] for event in body.decode().split("\n\n") if event]
        said = "".join(
            json.loads(event)["choices"][0]["delta"]["content"]
            for event in events
            if event != "[DONE]" and "error" not in event
        )
        if events[-1] == "[DONE]":
            return said == self.said
        return "error" in json.loads(events[-1]) and "[DONE]" not in events


# --- the ways of clients -----------------------------------------------------------------------------------------------


async def waits_for_all(client):
    await client.send(client.head() + client.body)
    return await client.answer()


async def asks_again_and_again(client):
    for _ in range(3):
        outcome = await waits_for_all(client)
    return outcome


async def only_connects(client):
    await client.moment()
    return "left"


async def leaves_within_the_head(client):
    await client.send(client.head()[: client.rng.randrange(1, 60)])
    await client.moment()
    return "left"


async def leaves_within_the_body(client):
    await client.send(client.head() + client.body[: client.rng.randrange(len(client.body))])
    await client.moment()
    return "left"


async def leaves_while_waiting(client):
    await client.send(client.head() + client.body)
    await client.moment()
    return "left"


async def resets_while_waiting(client):
    await client.send(client.head() + client.body)
    await client.moment()
    client.reset()
    return "left"


async def leaves_within_the_answer(client):
    await client.send(client.head() + client.body)
    await client.reader.read(client.rng.randrange(1, 400))
    await client.moment(0.02)
    return "left"


async def resets_within_the_answer(client):
    await client.send(client.head() + client.body)
    await client.reader.read(client.rng.randrange(1, 400))
    client.reset()
    return "left"


async def closes_its_half(client):
    await client.send(client.head() + client.body)
    client.half_close()
    with contextlib.suppress(ConnectionError):
        await client.reader.read()
    return "left"


async def pipelines_and_leaves(client):
    await client.send((client.head() + client.body) * 3)
    await client.moment()
    return "left"


async def stalls(client):
    """Takes in nothing for a while."""
    await client.send(client.head() + client.body)
    await asyncio.sleep(0.2)
    client.reset()
    return "left"


async def sends_slowly(client):
    for piece in (client.head(), client.body[:10], client.body[10:]):
        await client.send(piece)
        await client.moment(0.02)
    return await client.answer()


async def sends_nonsense(client):
    client.body = client.rng.choice((b"{", b"[1]", b"\xff\xfe", b'{"model": 3}', b'{"model": ""}', b"[" * 5_000))
    return await waits_for_all(client)


async def sends_too_much(client):
    await client.send(client.head(length=200_000))
    return await client.answer()


async def speaks_no_http(client):
    await client.send(client.rng.randbytes(100) + b"\r\n\r\n")
    await client.reader.read(1_000)
    return "left"


WAYS = (
    waits_for_all,
    waits_for_all,
    asks_again_and_again,
    only_connects,
    leaves_within_the_head,
    leaves_within_the_body,
    leaves_while_waiting,
    leaves_while_waiting,
    resets_while_waiting,
    resets_while_waiting,
    leaves_within_the_answer,
    resets_within_the_answer,
    closes_its_half,
    pipelines_and_leaves,
    stalls,
    sends_slowly,
    sends_nonsense,
    sends_too_much,
    speaks_no_http,
)
