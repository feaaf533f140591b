"""The rest of OpenAI's interface, as its own client sees it."""

import openai
import pytest

from backend_registry.testing import FakeBackend
from tests.testing.talk import ask, chat, chat_body, connect, events

MODEL = "llama3:8b"
EVERY_BYTE = bytes(range(256)) * 40
TOOLS = [{"type": "function", "function": {"name": "say", "parameters": {"type": "object", "properties": {}}}}]


@pytest.fixture(scope="module")
def fake():
    with FakeBackend("gpu-1", chunks=3) as running:
        yield running


@pytest.fixture(scope="module", params=["openai", "google"])
def client(request):
    with FakeBackend("gpu-1", kind=request.param, chunks=3) as running:
        root = f"{running.url}/v1" if request.param == "openai" else f"{running.url}/v1beta/openai"
        with openai.OpenAI(base_url=root, api_key="any", max_retries=0) as talking:
            yield talking


def test_a_completion_says_the_prompt(client):
    assert client.completions.create(model=MODEL, prompt="hi there").choices[0].text == "hi there"
    several = client.completions.create(model=MODEL, prompt=["one", "and two"])
    assert [choice.text for choice in several.choices] == ["one", "and two"]
    assert several.usage.total_tokens == 6


def test_a_streamed_completion_says_it_in_pieces(client):
    chunks = list(client.completions.create(model=MODEL, prompt="hi there", stream=True))
    assert len(chunks) == 4
    assert "".join(chunk.choices[0].text for chunk in chunks) == "hi there"
    assert chunks[-1].choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    "given",
    [
        "hello you",
        [{"role": "user", "content": "hello you"}],
        [{"role": "user", "content": [{"type": "input_text", "text": "hello you"}]}, {"type": "reasoning"}],
    ],
)
def test_a_response_says_what_was_said(client, given):
    reply = client.responses.create(model=MODEL, input=given)
    assert (reply.output_text, reply.status, reply.usage.output_tokens) == ("hello you", "completed", 2)


def test_a_streamed_response_is_put_together_by_the_client(client):
    with client.responses.stream(model=MODEL, input="hello you") as stream:
        kinds = [event.type for event in stream]
        assert stream.get_final_response().output_text == "hello you"
    assert (kinds[0], kinds.count("response.output_text.delta"), kinds[-1]) == ("response.created", 3, "response.completed")


def test_a_tool_is_called_when_there_is_one(client):
    messages = [{"role": "user", "content": "hello"}]
    (choice,) = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS).choices
    (call,) = choice.message.tool_calls
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert (call.function.name, call.function.arguments) == ("say", '{"text": "hello"}')


def test_a_streamed_tool_call_is_put_together_by_the_client(client):
    with client.chat.completions.stream(model=MODEL, messages=[{"role": "user", "content": "hi"}], tools=TOOLS) as stream:
        (choice,) = stream.get_final_completion().choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls[0].function.arguments == '{"text": "hi"}'


def test_no_tool_is_called_when_that_is_not_wished_for_or_done(fake):
    unwanted = chat(fake.url, "hello", tools=TOOLS, tool_choice="none").json()
    assert unwanted["choices"][0]["message"]["content"] == "hello"
    messages = [{"role": "user", "content": "hello"}, {"role": "tool", "content": "it is said"}]
    done = {**chat_body(tools=TOOLS), "messages": messages}
    answered = ask(fake.url, "POST", "/v1/chat/completions", done).json()
    assert answered["choices"][0]["finish_reason"] == "stop"
    streamed = events(ask(fake.url, "POST", "/v1/chat/completions", {**done, "stream": True}))
    assert streamed[-1]["choices"][0]["finish_reason"] == "stop"


def test_audio_is_heard_byte_for_byte(client):
    heard = client.audio.transcriptions.create(model=MODEL, file=("a.wav", EVERY_BYTE))
    assert heard.text == f"{MODEL} heard {len(EVERY_BYTE)} bytes"
    with pytest.warns(DeprecationWarning, match="deprecated"):
        assert client.audio.translations.create(model=MODEL, file=("a.wav", b"\r\n--x\n")).text == f"{MODEL} heard 6 bytes"
    plain = client.audio.transcriptions.create(model=MODEL, file=("a.wav", b"xyz"), response_format="text")
    assert plain == f"{MODEL} heard 3 bytes\n"
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.audio.transcriptions.create(model="nobody", file=("a.wav", b""))


def test_speech_is_binary(client):
    spoken = client.audio.speech.create(model=MODEL, voice="any", input="hello")
    assert spoken.read() == bytes(range(256)) + b"hello"
    assert spoken.response.headers["content-type"] == "audio/mpeg"


def test_documents_are_ranked_by_words_in_common(fake):
    documents = ["a green pear", {"text": "a red apple"}, "an apple"]
    body = {"model": MODEL, "query": "red apple", "documents": documents, "top_n": 2}
    results = ask(fake.url, "POST", "/v1/rerank", body).json()["results"]
    assert [(result["index"], result["relevance_score"]) for result in results] == [(1, 1.0), (2, 0.5)]
    assert results[0]["document"] == {"text": "a red apple"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/audio/transcriptions", {"model": MODEL}),
        ("/v1/rerank", {"model": MODEL, "documents": 7}),
        ("/v1/rerank", {"model": MODEL, "documents": [], "top_n": "all"}),
        ("/v1/responses", {"model": MODEL, "input": [3]}),
        ("/v1/chat/completions", {"model": MODEL, "messages": [], "tools": [{}]}),
    ],
)
def test_a_body_that_is_not_as_it_should_be_is_refused(fake, path, body):
    answer = ask(fake.url, "POST", path, body)
    assert answer.status == 400
    assert answer.json()["error"]["message"].startswith("the body is ")


def test_a_form_with_parts_that_have_no_name_is_read_as_far_as_it_goes(fake):
    connection = connect(fake.url)
    body = "--b\r\n\r\nnameless\r\n--b\r\ncontent-disposition: form-data; name=model\r\n\r\nllama3:8b\r\n--b--\r\n"
    connection.request("POST", "/v1/audio/transcriptions", body, {"content-type": "multipart/form-data; boundary=b"})
    assert connection.getresponse().read() == b'{"text": "llama3:8b heard 0 bytes"}'
    connection.close()
