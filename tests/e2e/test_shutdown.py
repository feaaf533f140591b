"""Told to stop while many streams run: they finish, nobody new is let in, and the process ends well."""

import asyncio
import http.client
import json
import signal
import socket

import openai
import pytest

from tests.e2e.processes import PATIENCE_S, eventually, get_json, process

FLEET = """
[server]
port = 0
state_dir = "{state}"
shutdown_s = {shutdown_s}

[[backend]]
id = "a"
url = "{url}"
backend_type = "openai"
models = ["m"]
"""
QUESTION = [{"role": "user", "content": " ".join(f"word-{number}" for number in range(30))}]
STREAMS = 20


@pytest.fixture
def serve(tmp_path):
    """Start a router over one backend that takes `delay_ms` between its chunks."""

    def start(url, shutdown_s):
        file = tmp_path / "fleet.toml"
        file.write_text(FLEET.format(state=tmp_path / "state", shutdown_s=shutdown_s, url=url))
        return process("backend_registry.serve", file)

    return start


def in_flight(url):
    return sum(entry["pending_requests"] for entry in get_json(f"{url}/backends"))


def refused(url):
    host, port = url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), PATIENCE_S).close()
    except ConnectionRefusedError:
        return True
    return False


def test_streams_finish_after_sigterm_new_connections_are_refused_and_the_status_is_0(serve):
    with (
        process("backend_registry.testing", "--id", "a", "--models", "m", "--chunks", 30, "--chunk-delay-ms", 100) as backend,
        serve(backend.url, 30) as router,
    ):

        async def all_streams():
            async with openai.AsyncOpenAI(
                base_url=f"{router.url}/v1", api_key="x", max_retries=0, timeout=PATIENCE_S
            ) as client:

                async def one():
                    chunks = await client.chat.completions.create(model="m", messages=QUESTION, stream=True)
                    return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices])

                streams = asyncio.gather(*(one() for _ in range(STREAMS)))
                await asyncio.to_thread(eventually, lambda: in_flight(router.url) == STREAMS, "all streams run")
                router.popen.send_signal(signal.SIGTERM)
                await asyncio.to_thread(eventually, lambda: refused(router.url), "nobody new is let in")
                assert not streams.done()
                return await streams

        assert asyncio.run(all_streams()) == [QUESTION[0]["content"]] * STREAMS
        assert router.ended() == 0
        assert "Traceback" not in router.output


def test_stream_that_takes_longer_than_shutdown_s_is_cut_and_the_status_is_0(serve):
    with (
        process("backend_registry.testing", "--id", "a", "--models", "m", "--chunk-delay-ms", 3_600_000) as backend,
        serve(backend.url, 1) as router,
    ):
        connection = http.client.HTTPConnection(router.url.removeprefix("http://"), timeout=PATIENCE_S)
        body = json.dumps({"model": "m", "messages": QUESTION, "stream": True})
        connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        assert answer.read1().startswith(b"data: ")
        router.popen.send_signal(signal.SIGTERM)
        # The end of the connection without the end of the body: in no case as if that had been all.
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
        connection.close()
        assert router.ended() == 0
        eventually(lambda: get_json(f"{backend.url}/_fake")["in_flight"] == 0, "the backend is let go")
