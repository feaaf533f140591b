"""The main job, as a user has it: three processes, a file, and the real `openai` client."""

import asyncio
import shlex
import signal
import urllib.request

import openai
import pytest

from tests.e2e.processes import PATIENCE_S, eventually, get_json, process

FLEET = """
[server]
port = 0

[health]
interval_s = 0.5
timeout_s = 5

[[backend]]
id = "a"
url = "{a}/v1"
backend_type = "openai"

[[backend]]
id = "b"
url = "{b}/"
backend_type = "openai"
"""
QUESTION = [{"role": "user", "content": "one two three four five six seven eight"}]
SAID = QUESTION[0]["content"]
CHUNKS = 30


@pytest.fixture
def backends():
    arguments = ("--models", "m1,m2", "--chunks", CHUNKS, "--chunk-delay-ms", 50)
    with (
        process("backend_registry.testing", "--id", "a", *arguments) as a,
        process("backend_registry.testing", "--id", "b", *arguments) as b,
    ):
        yield {"a": a, "b": b}


@pytest.fixture
def serve(backends, tmp_path):
    fleet = tmp_path / "fleet.toml"
    fleet.write_text(FLEET.format(**{name: backend.url for name, backend in backends.items()}))
    with process("backend_registry.serve", fleet) as started:
        eventually(lambda: all(len(b["models"]) == 2 for b in get_json(f"{started.url}/backends")), "models are discovered")
        yield started


@pytest.fixture
def client(serve):
    with openai.OpenAI(base_url=f"{serve.url}/v1", api_key="not-used", max_retries=0, timeout=PATIENCE_S) as client:
        yield client


def pending(serve):
    return {entry["id"]: entry["pending_requests"] for entry in get_json(f"{serve.url}/backends")}


def all_idle(serve):
    return eventually(lambda: pending(serve) == {"a": 0, "b": 0}, "nothing is in flight")


def text_of(chunk):
    return (chunk.choices[0].delta.content or "") if chunk.choices else ""


def test_openai_client_chats_lists_and_streams(serve, client):
    assert [model.id for model in client.models.list()] == ["m1", "m2"]
    assert client.chat.completions.create(model="m1", messages=QUESTION).choices[0].message.content == SAID
    stream = client.chat.completions.create(model="m2", messages=QUESTION, stream=True)
    assert "".join(map(text_of, stream)) == SAID
    all_idle(serve)


def test_asynchronous_client_streams_and_both_backends_share_the_work(serve):
    async def ask_all():
        async with openai.AsyncOpenAI(base_url=f"{serve.url}/v1", api_key="x", max_retries=0, timeout=PATIENCE_S) as client:

            async def ask():
                stream = await client.chat.completions.create(model="m1", messages=QUESTION, stream=True)
                return "".join([text_of(chunk) async for chunk in stream])

            return await asyncio.gather(*(ask() for _ in range(6)))

    assert asyncio.run(ask_all()) == [SAID] * 6
    all_idle(serve)
    assert {entry["id"]: entry["total_requests"] for entry in get_json(f"{serve.url}/backends")} == {"a": 3, "b": 3}


def test_backend_killed_in_the_middle_of_a_stream_costs_that_stream_only(serve, client, backends):
    stream = client.chat.completions.create(model="m1", messages=QUESTION, stream=True)
    first = next(stream)
    victim = first.system_fingerprint
    survivor = "b" if victim == "a" else "a"
    assert pending(serve) == {victim: 1, survivor: 0}

    backends[victim].kill()
    with pytest.raises(openai.APIError, match=f"backend '{victim}' failed after its answer had begun"):
        list(stream)

    # At once, long before a health check can have noticed: the refused connection is tried again on the other one.
    for _ in range(10):
        answer = client.chat.completions.create(model="m1", messages=QUESTION)
        assert answer.system_fingerprint == survivor
        assert answer.choices[0].message.content == SAID
    again = client.chat.completions.create(model="m2", messages=QUESTION, stream=True)
    assert "".join(map(text_of, again)) == SAID
    all_idle(serve)
    health = eventually(
        lambda: {e["id"]: e["health"] for e in get_json(f"{serve.url}/backends")}[victim] == "unhealthy",
        "the dead is found out",
    )
    assert health


def test_client_that_hangs_up_frees_the_backend_at_once(tmp_path):
    fleet = tmp_path / "fleet.toml"
    # Between two chunks nothing is sent for an hour, so only the closed connection can tell.
    with process("backend_registry.testing", "--id", "a", "--models", "m1", "--chunk-delay-ms", 3_600_000) as slow:
        fleet.write_text(f'server.port = 0\n[[backend]]\nid = "a"\nurl = "{slow.url}"\nmodels = ["m1"]\n')
        with (
            process("backend_registry.serve", fleet) as serve,
            openai.OpenAI(base_url=f"{serve.url}/v1", api_key="x", max_retries=0, timeout=PATIENCE_S) as client,
        ):
            stream = client.chat.completions.create(model="m1", messages=QUESTION, stream=True)
            next(stream)
            assert (pending(serve), get_json(f"{slow.url}/_fake")["in_flight"]) == ({"a": 1}, 1)
            stream.close()
            eventually(lambda: pending(serve) == {"a": 0}, "the registry knows")
            eventually(lambda: get_json(f"{slow.url}/_fake")["in_flight"] == 0, "the backend knows")


def test_errors_are_raised_as_the_client_knows_them(serve, client):
    with pytest.raises(openai.NotFoundError, match="Available: m1, m2") as caught:
        client.chat.completions.create(model="nobody-has-it", messages=QUESTION)
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=17, messages=QUESTION)
    assert caught.value.param == "model"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_lets_a_running_stream_finish_and_ends_with_status_0(serve, client, number):
    stream = client.chat.completions.create(model="m1", messages=QUESTION, stream=True)
    parts = [text_of(next(stream))]
    serve.popen.send_signal(number)
    parts += map(text_of, stream)
    assert "".join(parts) == SAID
    assert serve.ended() == 0
    assert "Traceback" not in serve.output


def test_demo_answers_at_the_first_address_that_it_prints():
    with process("backend_registry.serve", "--demo", "--port", 0) as demo:
        there = get_json(f"{demo.url}/backends")
        models = {model["id"] for entry in there if "chat_completions" in entry["operations"] for model in entry["models"]}
        assert models < {entry["id"] for entry in get_json(f"{demo.url}/v1/models")["data"]}
        with openai.OpenAI(base_url=f"{demo.url}/v1", api_key="x", max_retries=0, timeout=PATIENCE_S) as client:
            for model in models:
                assert client.chat.completions.create(model=model, messages=QUESTION).choices[0].message.content == SAID
        eventually(lambda: {entry["health"] for entry in get_json(f"{demo.url}/backends")} == {"healthy"}, "all are healthy")
        demo.popen.send_signal(signal.SIGTERM)
        assert demo.ended() == 0


def test_demo_answers_the_request_that_it_prints():
    with process("backend_registry.serve", "--demo", "--port", 0) as demo:
        eventually(lambda: "/backends/stream" in demo.output, "it has said all")
        printed = demo.output.partition("Try it:")[2].partition("Watch")[0].replace("\\\n", " ")
        command = shlex.split(printed)
        assert command[:2] == ["curl", "-N"]
        request = urllib.request.Request(command[2], command[-1].encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            events = answer.read().decode()
        demo.popen.send_signal(signal.SIGTERM)
        assert demo.ended() == 0
    assert "data: [DONE]" in events
    assert "chat.completion.chunk" in events
