"""A thousand servers in one process, each on a port of its own and each broken in its own way, for as long as it lives.

`python -m tests.proof.bad_fleet KIND=COUNT ...` prints the ports of each kind as one line of JSON, and serves until killed. A
kind is two manners: how the server answers when its models are listed, and how when it is asked for a chat.
"""

import asyncio
import contextlib
import gzip
import json
import random
import re
import socket
import struct
import sys
from collections.abc import Awaitable, Callable

import uvloop

KINDS = {
    "good": ("lists", "chats"),
    "slow": ("lists", "chats slowly"),
    # Known as bad from the first check on.
    "refuses": (None, None),
    "hangs": ("hangs", "hangs"),
    "resets": ("resets", "resets"),
    "cuts its body": ("cuts", "cuts"),
    "drips": ("drips", "drips"),
    "drips its head": ("drips head", "drips head"),
    "endless head": ("endless head", "endless head"),
    "no http": ("no http", "no http"),
    "500": ("500", "500"),
    "503": ("503", "503"),
    "401": ("401", "401"),
    "redirects": ("redirects", "redirects"),
    # Answer checks well enough to be asked.
    "html list": ("html", "500"),
    "list of another shape": ("odd list", "404"),
    "list of odd entries": ("odd entries", "error event"),
    "empty list": ("empty list", "429"),
    "huge": ("huge", "huge"),
    "compressed bomb": ("bomb", "cuts"),
    "deeply nested list": ("deep", "503"),
    "chats hugely": ("lists", "chats hugely"),
    "chat hangs": ("lists", "hangs"),
    "chat resets": ("lists", "resets"),
    "chat is cut": ("lists", "cuts"),
    "chat says 500": ("lists", "500"),
    "chat says 429": ("lists", "429"),
    "chat says 401": ("lists", "401"),
}
_ANSWERED = {"lists", "html", "odd list", "odd entries", "empty list", "huge", "bomb", "deep"}
REACHABLE = frozenset(kind for kind, (lists, _) in KINDS.items() if lists in _ANSWERED)
"""A check passes with these: a list that cannot be used is no sign that the server cannot."""
_BLANKS = b" " * 65_536
_BOMB = gzip.compress(bytes(50_000_000))


class Asked:
    """One request, and the connection to answer it on."""

    def __init__(self, kind, writer, path, body):
        self.kind, self.path, self.body = kind, path, body
        self._writer = writer

    async def send(self, data):
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self, status, body, kind="application/json", extra=b""):
        head = b"HTTP/1.1 %d X\r\ncontent-type: %b\r\ncontent-length: %d\r\n%b\r\n" % (status, kind.encode(), len(body), extra)
        await self.send(head + body)
        return True

    def reset(self):
        connection = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Manner = Callable[[Asked], Awaitable[bool | None]]
"""Answers; true if the connection may be used again."""
MANNERS: dict[str, Manner] = {}


def manner(name):
    def keep(function):
        MANNERS[name] = function
        return function

    return keep


def status(code, extra=b""):
    async def answer(asked):
        return await asked.answer(code, b'{"error": {"message": "so it is"}}', extra=extra)

    return answer


def listing(document):
    async def answer(asked):
        return await asked.answer(200, document)

    return answer


MANNERS |= {
    "500": status(500),
    "503": status(503, b"retry-after: 1\r\n"),
    "429": status(429, b"retry-after: 1\r\n"),
    "401": status(401),
    "404": status(404),
    "redirects": status(302, b"location: http://127.0.0.2:9/v1/models\r\n"),
    "html": listing(b"<html>hello</html>"),
    "odd list": listing(b'{"data": 7}'),
    "odd entries": listing(b'{"data": [{"id": 5}, {"id": ""}, {"name": "x"}, "x", null]}'),
    "empty list": listing(b'{"data": []}'),
    "deep": listing(b"[" * 200_000),
}


def models_of(kind):
    """What a server of this kind serves."""
    return ["good", "shared"] if kind in {"good", "slow"} else ["shared", f"only {kind}"]


@manner("lists")
async def lists(asked):
    return await asked.answer(200, json.dumps({"data": [{"id": model} for model in models_of(asked.kind)]}).encode())


@manner("hangs")
async def hangs(_):
    await asyncio.sleep(3_600)


@manner("resets")
async def resets(asked):
    asked.reset()


@manner("cuts")
async def cuts(asked):
    if streams(asked):
        await asked.send(STREAM_HEAD + chunked(event("half a")) + chunked(event(" story")[:9]))
    else:
        await asked.send(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{"data": [')
    if random.random() < 0.5:
        asked.reset()


@manner("drips")
async def drips(asked):
    await asked.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n")
    while True:
        await asked.send(b" ")
        await asyncio.sleep(0.2)


@manner("drips head")
async def drips_head(asked):
    await asked.send(b"HTTP/1.1 200 OK\r\nx-long: ")
    while True:
        await asked.send(b"x")
        await asyncio.sleep(0.2)


@manner("endless head")
async def endless_head(asked):
    await asked.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        await asked.send(b"x-%d: %b\r\n" % (number, b"y" * 1_000))


@manner("no http")
async def no_http(asked):
    await asked.send(random.randbytes(2_000) + b"\r\n\r\n")


@manner("huge")
async def huge(asked):
    """A body of 8 MB of blanks: more than a check reads, and than the gateway holds."""
    await asked.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8000000\r\n\r\n")
    for _ in range(8_000_000 // len(_BLANKS)):
        await asked.send(_BLANKS)


@manner("bomb")
async def bomb(asked):
    return await asked.answer(200, _BOMB, extra=b"content-encoding: gzip\r\n")


@manner("error event")
async def error_event(asked):
    if not streams(asked):
        return await asked.answer(500, b"{}")
    await asked.send(STREAM_HEAD + chunked(b'data: {"error": {"message": "no"}}\n\n') + b"0\r\n\r\n")
    return True


# --- those who do their work -------------------------------------------------------------------------------------------

STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def streams(asked):
    return b'"stream": true' in asked.body


def event(text):
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"


def chunked(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


async def chat(asked, pause_s, blanks=b""):
    """Say again what was said last, a word at a time if it is to be streamed, else after blanks."""
    said = json.loads(asked.body)["messages"][-1]["content"]
    if not streams(asked):
        await asyncio.sleep(pause_s)
        message = {"role": "assistant", "content": said}
        return await asked.answer(200, blanks + json.dumps({"choices": [{"index": 0, "message": message}]}).encode())
    await asked.send(STREAM_HEAD)
    for word in re.findall(r"\S+\s*", said):
        await asked.send(chunked(event(word)))
        await asyncio.sleep(pause_s)
    await asked.send(chunked(b"data: [DONE]\n\n") + b"0\r\n\r\n")
    return True


@manner("chats")
async def chats(asked):
    return await chat(asked, 0)


@manner("chats slowly")
async def chats_slowly(asked):
    return await chat(asked, 0.01)


@manner("chats hugely")
async def chats_hugely(asked):
    return await chat(asked, 0, b" " * 3_000_000)


# --- serving -----------------------------------------------------------------------------------------------------------


async def read(kind, reader, writer):
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    body = await reader.readexactly(int(length[1])) if length else b""
    return Asked(kind, writer, head.split(b" ", 2)[1].decode(), body)


def server(kind):
    lists, chats = KINDS[kind]

    async def serve(reader, writer):
        # A RuntimeError is how uvloop says that the connection is closed.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, RuntimeError):
            again = True
            while again:
                asked = await read(kind, reader, writer)
                again = await MANNERS[chats if asked.path.endswith("/chat/completions") else lists](asked)
        writer.close()

    return serve


async def run(counts):
    ports = {}
    servers = []
    for kind, count in counts.items():
        ports[kind] = []
        for _ in range(count):
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            listener.bind(("127.0.0.1", 0))
            ports[kind].append(listener.getsockname()[1])
            # A port that is bound and not listened on refuses connections, and nobody else can take it.
            servers.append(listener if kind == "refuses" else await asyncio.start_server(server(kind), sock=listener))
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(run({kind: int(count) for kind, _, count in (argument.rpartition("=") for argument in sys.argv[1:])}))
