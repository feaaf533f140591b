"""The fastest backend that is still honest: it reads each request, and answers a chat with a small JSON reply or a stream.

A bare protocol on uvloop, without streams or frameworks, so that what is measured is the proxy in front of it. Every event of a
stream carries the time at which it was written, by the clock that all processes of one machine share.

    python -m benchmarks.traffic.upstream PORT
"""

import asyncio
import json
import random
import sys
import time
from typing import cast

import httptools
import uvloop

__all__ = ("MODEL", "REPLY")

MODEL = "small-chat"
REPLY = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "The sky scatters blue light."}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 6, "total_tokens": 15},
    }
).encode()
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(REPLY), REPLY)
_MODELS = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode()
_LIST = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(_MODELS), _MODELS)
_STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_EVENT = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"small-chat",'
    b'"choices":[{"index":0,"delta":{"content":"t%d "},"finish_reason":null}]}\n\n'
)
_LAST = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"small-chat",'
    b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class _Backend(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._path = b""
        self._body = b""
        self._timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, _: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    # --- what the parser calls -----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._path = self._body = b""

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if not self._path.endswith(b"/chat/completions"):
            self._transport.write(_LIST)
            return
        asked = json.loads(self._body)
        if not asked.get("stream"):
            self._transport.write(_ANSWER)
            return
        # The client says how much it wants by fields that every proxy passes on: a limit, and a seed for the pace.
        self._left, self._pause_s = asked["max_tokens"], 1 / asked["seed"]
        self._transport.write(_STREAM)
        self._timer = self._loop.call_later(self._pause_s * random.random(), self._event)

    def _event(self) -> None:
        self._transport.write(_chunk(_EVENT % time.monotonic_ns()))
        self._left -= 1
        if self._left:
            # Intervals differ by up to a half, so that streams do not march in step.
            self._timer = self._loop.call_later(self._pause_s * random.uniform(0.5, 1.5), self._event)
        else:
            self._transport.write(_chunk(_LAST) + b"0\r\n\r\n")


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Backend, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
