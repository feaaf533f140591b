"""The real `openai` client, unchanged, against a running gateway: every part of the interface that it passes on."""

import asyncio
import io

import openai
import pytest

from tests.e2e.processes import PATIENCE_S, eventually, get_json, process

FLEET = """
[server]
port = 0

[aliases]
"gpt-4o" = "m1"

[fallbacks]
m1 = ["m2"]

[[backend]]
id = "a"
url = "{a}"
backend_type = "openai"
models = ["m1", "m2", "whisper"]

[[backend]]
id = "b"
url = "{b}/v1"
backend_type = "openai"
models = ["m1", "m2"]
"""
SAID = "one two three four"
QUESTION = [{"role": "user", "content": SAID}]
TOOL = {"type": "function", "function": {"name": "say", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture(scope="module")
def base_url(tmp_path_factory):
    """Two backends and a gateway, for all tests of this module."""
    fleet = tmp_path_factory.mktemp("openai_sdk") / "fleet.toml"
    with (
        process("backend_registry.testing", "--id", "a", "--models", "m1,m2,whisper") as a,
        process("backend_registry.testing", "--id", "b", "--models", "m1,m2") as b,
    ):
        fleet.write_text(FLEET.format(a=a.url, b=b.url))
        with process("backend_registry.serve", fleet, "--state-dir", fleet.parent) as serve:
            url = serve.url
            eventually(lambda: all(entry["models"] for entry in get_json(f"{url}/backends")), "models are known")
            yield f"{url}/v1"
            eventually(lambda: not any(e["pending_requests"] for e in get_json(f"{url}/backends")), "nothing is in flight")


@pytest.fixture
def client(base_url):
    with openai.OpenAI(base_url=base_url, api_key="unused", max_retries=0, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
def asynchronously(base_url):
    """Run a coroutine function that is given an asynchronous client."""

    def run(use):
        async def main():
            async with openai.AsyncOpenAI(base_url=base_url, api_key="unused", max_retries=0, timeout=PATIENCE_S) as client:
                return await use(client)

        return asyncio.run(main())

    return run


def test_chat(client):
    answer = client.chat.completions.create(model="m1", messages=QUESTION)
    assert answer.choices[0].message.content == SAID
    assert answer.usage.total_tokens == 8


def test_chat_as_a_stream_with_usage(client):
    stream = client.chat.completions.create(model="m1", messages=QUESTION, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == SAID
    assert chunks[-1].usage.total_tokens == 8


def test_chat_by_an_alias_says_which_model_answered(client):
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=QUESTION)
    assert raw.parse().model == "m1"
    assert raw.headers["x-backend-id"] in {"a", "b"}
    assert raw.headers["x-attempts"] == "1"


def test_chat_calls_tools(client):
    message = client.chat.completions.create(model="m1", messages=QUESTION, tools=[TOOL]).choices[0].message
    assert message.tool_calls[0].function.name == "say"
    with client.chat.completions.stream(model="m1", messages=QUESTION, tools=[TOOL]) as stream:
        assert stream.get_final_completion().choices[0].message.tool_calls[0].function.name == "say"


def test_chat_with_an_image(client):
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    content = [{"type": "text", "text": SAID}, image]
    answer = client.chat.completions.create(model="m1", messages=[{"role": "user", "content": content}])
    assert answer.choices[0].message.content == SAID


def test_completions(client):
    assert client.completions.create(model="m1", prompt=SAID).choices[0].text == SAID
    stream = client.completions.create(model="m1", prompt=SAID, stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == SAID


def test_responses(client):
    assert client.responses.create(model="m1", input=SAID).output_text == SAID
    events = list(client.responses.create(model="m1", input=SAID, stream=True))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == SAID
    assert events[-1].response.output_text == SAID


def test_embeddings(client):
    one, two, other = client.embeddings.create(model="m1", input=["x", "x", "y"]).data
    assert one.embedding == two.embedding != other.embedding


def test_models(client):
    assert [model.id for model in client.models.list()] == ["gpt-4o", "m1", "m2", "whisper"]
    assert client.models.retrieve("m1").id == "m1"


def test_audio(client):
    sound = ("speech.wav", io.BytesIO(b"\r\n--" * 1000))
    assert client.audio.transcriptions.create(model="whisper", file=sound).text == "whisper heard 4000 bytes"
    sound = ("speech.wav", io.BytesIO(b"x"))
    with pytest.deprecated_call():
        assert client.audio.translations.create(model="whisper", file=sound).text == "whisper heard 1 bytes"
    assert client.audio.speech.create(model="m1", voice="alloy", input=SAID).content.endswith(SAID.encode())


def test_asynchronous_client_does_all_that_too(asynchronously):
    async def use(client):
        chat, completion, response, embedding = await asyncio.gather(
            client.chat.completions.create(model="m1", messages=QUESTION),
            client.completions.create(model="m1", prompt=SAID),
            client.responses.create(model="m1", input=SAID),
            client.embeddings.create(model="m1", input=SAID),
        )
        assert chat.choices[0].message.content == completion.choices[0].text == response.output_text == SAID
        assert embedding.data[0].embedding
        assert [model.id async for model in client.models.list()] == ["gpt-4o", "m1", "m2", "whisper"]

    asynchronously(use)


def test_asynchronous_client_streams_in_parallel(asynchronously):
    async def use(client):
        async def ask():
            stream = await client.chat.completions.create(model="m2", messages=QUESTION, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

        async def respond():
            stream = await client.responses.create(model="m2", input=SAID, stream=True)
            return "".join([event.delta async for event in stream if event.type == "response.output_text.delta"])

        assert await asyncio.gather(*(ask() for _ in range(10)), *(respond() for _ in range(10))) == [SAID] * 20

    asynchronously(use)


def test_errors_have_the_types_that_the_client_knows(client):
    with pytest.raises(openai.NotFoundError, match="Available: gpt-4o, m1, m2, whisper") as caught:
        client.chat.completions.create(model="gpt-9", messages=QUESTION)
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=17, messages=QUESTION)
    assert caught.value.param == "model"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-9")
    with pytest.raises(openai.BadRequestError):
        client.audio.transcriptions.create(model="", file=("x.wav", io.BytesIO(b"x")))
