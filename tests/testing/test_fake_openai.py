import asyncio
import base64
import contextlib
import http.client
import json
import struct

import aiohttp
import openai
import pytest

from backend_registry import BackendType, InvalidValueError
from backend_registry.testing import FakeBackend, make_model
from tests.testing.talk import ask, chat, chat_body, connect, events, send


@pytest.fixture(scope="module")
def fake():
    with FakeBackend("gpu-1", models=["llama3:8b", "phi3"], chunks=4) as running:
        yield running


def test_a_chat_answers_with_the_last_user_message_and_names_the_backend(fake):
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": "the second one"},
    ]
    answer = ask(fake.url, "POST", "/v1/chat/completions", {"model": "phi3", "messages": messages})
    reply = answer.json()
    assert answer.status == 200
    assert answer.headers["x-fake-backend"] == "gpu-1"
    assert reply["system_fingerprint"] == "gpu-1"
    assert reply["model"] == "phi3"
    assert reply["choices"][0]["message"] == {"role": "assistant", "content": "the second one"}
    assert reply["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def test_equal_requests_have_equal_answers(fake):
    assert chat(fake.url).body == chat(fake.url).body


def test_a_message_may_be_made_of_parts(fake):
    parts = [
        {"type": "text", "text": "see "},
        {"type": "image_url", "image_url": {"url": "x"}},
        {"type": "text", "text": "this"},
    ]
    assert chat(fake.url, parts).json()["choices"][0]["message"]["content"] == "see this"


@pytest.mark.parametrize("text", ["hello wide world", "ab", ""])
def test_a_stream_says_the_same_in_as_many_chunks_as_configured(fake, text):
    answer = chat(fake.url, text, stream=True)
    assert answer.headers["content-type"] == "text/event-stream"
    *content, end = events(answer)
    assert len(content) == 4
    assert "".join(event["choices"][0]["delta"]["content"] for event in content) == text
    assert end["choices"][0]["finish_reason"] == "stop"


def test_a_stream_tells_usage_only_when_asked(fake):
    assert not any(event.get("usage") for event in events(chat(fake.url, stream=True)))
    last = events(chat(fake.url, stream=True, stream_options={"include_usage": True}))[-1]
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 4


def test_the_openai_client_talks_to_it(fake):
    with openai.OpenAI(base_url=f"{fake.url}/v1", api_key="any", max_retries=0) as client:
        assert [model.id for model in client.models.list()] == ["llama3:8b", "phi3"]
        messages = [{"role": "user", "content": "hello world"}]
        reply = client.chat.completions.create(model="phi3", messages=messages)
        assert reply.choices[0].message.content == "hello world"
        with client.chat.completions.create(model="phi3", messages=messages, stream=True) as stream:
            assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "hello world"
        vectors = client.embeddings.create(model="phi3", input=["a", "b", "a"]).data
        assert vectors[0].embedding == vectors[2].embedding != vectors[1].embedding
        with pytest.raises(openai.NotFoundError, match="does not exist"):
            client.chat.completions.create(model="nobody", messages=messages)


def test_embeddings_come_as_numbers_or_packed(fake):
    plain = ask(fake.url, "POST", "/v1/embeddings", {"model": "phi3", "input": "a"}).json()["data"][0]["embedding"]
    body = {"model": "phi3", "input": "a", "encoding_format": "base64"}
    packed = ask(fake.url, "POST", "/v1/embeddings", body).json()["data"][0]["embedding"]
    assert list(struct.unpack("<8f", base64.b64decode(packed))) == plain


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [("vllm", "max_model_len", 99), ("llamacpp", "meta", {"n_ctx_train": 99}), ("openai", "meta", None)],
)
def test_each_kind_tells_the_context_length_in_its_own_way(kind, field, value):
    with FakeBackend(kind=kind, models=[make_model("m", context_length=99)]) as own:
        (entry,) = ask(own.url, "GET", "/v1/models").json()["data"]
        assert entry.get(field) == value
        assert ask(own.url, "GET", "/health").status == 200
        assert own.backend().backend_type is BackendType(kind)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("GET", "/api/tags", None, 404),
        ("POST", "/v1/chat/completions", {"model": "nobody"}, 404),
        ("POST", "/v1/chat/completions", ["no", "object"], 400),
        ("POST", "/v1/chat/completions", {"model": "phi3", "messages": 7}, 400),
        ("POST", "/v1/chat/completions", {"model": "phi3", "messages": ["x"]}, 400),
        ("POST", "/v1/chat/completions", None, 400),
    ],
)
def test_a_wrong_request_is_refused_as_openai_would(fake, method, path, body, status):
    answer = ask(fake.url, method, path, body)
    assert answer.status == status
    assert answer.json()["error"]["message"]


def test_a_key_is_demanded_where_one_is_set():
    with FakeBackend(api_key="k1") as locked:
        assert ask(locked.url, "GET", "/v1/models").status == 401
        assert ask(locked.url, "GET", "/v1/models", headers={"Authorization": "Bearer k2"}).status == 401
        assert ask(locked.url, "GET", "/v1/models", headers={"Authorization": "Bearer k1"}).status == 200


def test_models_may_change_while_it_runs():
    with FakeBackend() as own:
        own.models = ["new"]
        assert chat(own.url, model="new").status == 200
        assert chat(own.url).status == 404


def test_requests_are_recorded_as_they_came():
    with FakeBackend() as own:
        ask(own.url, "POST", "/v1/embeddings?x=1", {"model": "nobody"}, {"X-Trace": "t1"})
        (seen,) = own.requests
        assert (seen.method, seen.path, seen.query) == ("POST", "/v1/embeddings", "x=1")
        assert seen.headers["x-trace"] == "t1"
        assert seen.json() == {"model": "nobody"}


def test_a_connection_is_used_again(fake):
    connection = connect(fake.url)
    send(connection, "GET", "/v1/models")
    socket = connection.sock
    assert send(connection, "POST", "/v1/chat/completions", chat_body(stream=True)).status == 200
    assert send(connection, "GET", "/v1/models").status == 200
    assert connection.sock is socket is not None
    connection.close()


def test_a_client_of_http_1_0_gets_a_stream_that_ends_with_the_connection(fake):
    connection = connect(fake.url)
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
    answer = send(connection, "POST", "/v1/chat/completions", chat_body(stream=True))
    assert "transfer-encoding" not in answer.headers
    assert len(events(answer)) == 5
    connection.close()


def test_a_body_may_come_in_chunks_and_after_a_question(fake):
    async def run():
        async def body():
            for byte in json.dumps(chat_body("piece by piece")).encode():
                yield bytes((byte,))

        async with aiohttp.ClientSession() as session:
            url = f"{fake.url}/v1/chat/completions"
            async with session.post(url, data=body(), expect100=True) as answer:
                return await answer.json()

    assert asyncio.run(run())["choices"][0]["message"]["content"] == "piece by piece"


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET /x HTTP/1.1\r\n" + b"a: b\r\n" * 300,
        b"GET /x HTTP/1.1\r\ncontent-length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nmany\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_does_no_harm(fake, sent):
    connection = connect(fake.url)
    connection.connect()
    connection.sock.sendall(sent)
    response = http.client.HTTPResponse(connection.sock)
    response.begin()
    assert response.status == 400
    response.close()
    connection.close()
    assert chat(fake.url).status == 200


def test_in_flight_counts_those_who_still_wait():
    with FakeBackend() as own:
        own.fail("hang")
        connections = [connect(own.url) for _ in range(3)]
        for connection in connections:
            connection.request("GET", "/v1/models")
        own.wait_until(lambda: own.in_flight == 3)
        connections[0].close()
        own.wait_until(lambda: own.in_flight == 2)
        own.recover()
        assert [connection.getresponse().status for connection in connections[1:]] == [200, 200]
        own.wait_until(lambda: own.in_flight == 0)
        for connection in connections:
            connection.close()


def test_waiting_for_what_does_not_happen_ends_with_the_facts():
    with FakeBackend() as own, pytest.raises(TimeoutError, match="0 requests seen, 0 in flight"):
        own.wait_until(lambda: own.in_flight == 1, timeout_s=0.01)


def test_the_first_byte_and_the_chunks_can_be_late():
    with FakeBackend(first_byte_delay_s=0.01, chunk_delay_s=0.01) as slow:
        assert len(events(chat(slow.url, stream=True))) == 4


def test_stopping_ends_requests_and_connections_and_may_be_repeated():
    own = FakeBackend()
    own.start()
    own.fail("hang")
    connection = connect(own.url)
    connection.request("GET", "/v1/models")
    own.wait_until(lambda: own.in_flight == 1)
    own.stop()
    own.stop()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        connection.getresponse()
    connection.close()
    assert own.in_flight == 0
    with pytest.raises(ConnectionRefusedError):
        ask(own.url, "GET", "/v1/models")


def test_it_can_be_started_again_after_a_stop():
    own = FakeBackend()
    for _ in range(2):
        with own:
            assert chat(own.url).status == 200


def test_misuse_is_explained():
    own = FakeBackend()
    with pytest.raises(RuntimeError, match="before start"):
        _ = own.url
    with pytest.raises(RuntimeError, match="does not run"):
        own.fail("hang")
    with own, pytest.raises(RuntimeError, match="runs already"):
        own.start()
    with pytest.raises(InvalidValueError, match="openai, ollama"):
        FakeBackend(kind="gemini")
    with pytest.raises(InvalidValueError, match="chunks"):
        FakeBackend(chunks=0)


def test_a_port_that_is_taken_is_an_error_at_once(fake):
    port = int(fake.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        FakeBackend(port=port).start()


def test_a_server_that_does_not_come_up_is_an_error(monkeypatch):
    monkeypatch.setattr("backend_registry.testing.fake._PATIENCE_S", 0.01)
    monkeypatch.setattr(FakeBackend, "_run", lambda *_: None)
    with pytest.raises(RuntimeError, match="did not start"):
        FakeBackend().start()


def test_a_line_without_end_is_not_read_to_its_end(fake):
    connection = connect(fake.url)
    connection.connect()
    # It hangs up while we still send, so either the answer arrives or the news that nobody listens.
    with contextlib.suppress(ConnectionError):
        connection.sock.sendall(b"x" * 10_000_000)
        assert connection.sock.recv(100).startswith(b"HTTP/1.1 400 ")
    connection.close()
    assert chat(fake.url).status == 200
