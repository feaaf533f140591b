"""What passes through, what does not, and which backend gets it."""

import json

import pytest

from backend_registry.testing import FakeBackend
from tests.gateway.running import error_of, eventually, question


def test_plain_chat_passes_unchanged_in_both_directions(fleet):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake)
    sent = b'{ "model":"m",  "messages":[{"role":"user","content":"h\\u00e9 \xe2\x82\xac"}], "x":1e400 }'
    answer = gateway.ask(body=sent)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body)["choices"][0]["message"]["content"] == "hé €"
    assert fake.requests[-1].body == sent
    assert (answer.headers["x-backend-id"], answer.headers["x-attempts"]) == ("a", "1")


def test_stream_passes_chunk_by_chunk_while_the_backend_still_talks(fleet):
    fake = FakeBackend("a", models=["m"], chunks=3, chunk_delay_s=3600)
    gateway = fleet(fake)
    opened = gateway.open(body=question(stream=True))
    assert opened.response.getheader("content-type") == "text/event-stream"
    assert b'"content": "one ' in opened.response.readline()
    assert fake.in_flight == 1
    assert [backend.pending_requests for backend in gateway.registry] == [1]
    opened.hang_up()


def test_whole_stream_arrives_byte_by_byte_as_sent(fleet):
    fake = FakeBackend("a", models=["m"], chunks=5)
    gateway = fleet(fake)
    assert gateway.chat(stream=True).body.endswith(b"data: [DONE]\n\n")
    fake.fail("drip", delay_s=0.0001)
    assert gateway.chat(stream=True).body.count(b"data: ") == 7


def test_client_that_hangs_up_cancels_the_backend_at_once_and_is_nobodys_fault(fleet):
    fake = FakeBackend("a", models=["m"], chunk_delay_s=3600)
    gateway = fleet(fake)
    opened = gateway.open(body=question(stream=True))
    opened.response.readline()
    opened.hang_up()
    fake.wait_until(lambda: fake.in_flight == 0)
    gateway.idle()
    (backend,) = gateway.registry
    assert (backend.tally.failed_requests, backend.total_requests, backend.latency_samples) == (0, 1, 0)


def test_client_that_hangs_up_before_the_answer_cancels_too(fleet):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake)
    fake.fail("hang")
    connection = gateway.start_without_reading(question())
    fake.wait_until(lambda: fake.in_flight == 1)
    connection.close()
    fake.wait_until(lambda: fake.in_flight == 0)


def test_upstream_gets_the_key_of_its_own_variable_as_it_is_now_and_never_the_clients(fleet, monkeypatch):
    fake = FakeBackend("a", models=["m"], api_key="first")
    monkeypatch.setenv("A_KEY", "first\n")
    gateway = fleet(fake, fields={"a": {"credential_env": "A_KEY"}})
    headers = {"Authorization": "Bearer client", "Cookie": "s=1", "X-Api-Key": "client", "X-Request-Id": "r1"}
    assert gateway.ask(body=question(), headers=headers).status == 200
    seen = fake.requests[-1].headers
    assert seen["authorization"] == "Bearer first"
    assert seen["x-request-id"] == "r1"
    assert not {"cookie", "x-api-key"} & seen.keys()
    fake.behaviour.api_key = "second"
    monkeypatch.setenv("A_KEY", "second")
    assert gateway.ask(body=question(), headers=headers).status == 200


def test_without_a_variable_no_authorization_is_sent(fleet):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake)
    gateway.ask(body=question(), headers={"Authorization": "Bearer client"})
    assert "authorization" not in fake.requests[-1].headers


def test_large_answer_passes_beyond_the_buffer(fleet):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake, buffer_limit=100_000)
    fake.fail("huge", size=2_000_000, times=1)
    answer = gateway.chat()
    assert answer.status == 200
    assert len(answer.body) > 2_000_000
    assert json.loads(answer.body)["choices"]
    (backend,) = gateway.registry
    eventually(lambda: backend.latency_samples == 1, "it counts as served")


def test_successful_requests_feed_latency_and_time_to_first_byte(fleet):
    gateway = fleet(FakeBackend("a", models=["m"], first_byte_delay_s=0.02))
    gateway.chat()
    (backend,) = gateway.registry
    assert backend.tally.latency_samples == 1
    assert backend.tally.first_byte_us >= 20_000
    assert backend.tally.ema_us >= backend.tally.first_byte_us


def test_url_with_a_path_keeps_it(fleet):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake)
    gateway.registry.add_backend(fake.backend().replace(id="b", url=f"{fake.url}/proxy/v1/", models=["elsewhere"]))
    assert gateway.chat("elsewhere").status == 404
    assert fake.requests[-1].path == "/proxy/v1/chat/completions"


@pytest.mark.parametrize(
    ("body", "param", "says"),
    [
        (b"", None, "not JSON"),
        (b"{", None, "not JSON"),
        (b"\xff", None, "not JSON"),
        (b'{"model": "m", "x": ' + b"[" * 100_000, None, "not JSON"),
        (b"[]", None, "Expected `object`"),
        (b'{"messages": []}', "model", "`model`"),
        (b'{"model": 3}', "model", "Expected `str`"),
        (b'{"model": "m", "stream": "yes"}', "stream", "Expected `bool"),
        (b'{"model": ""}', "model", "empty"),
    ],
)
def test_request_that_cannot_be_routed_is_refused_with_the_field(fleet, body, param, says):
    fake = FakeBackend("a", models=["m"])
    answer = fleet(fake).ask(body=body)
    error = error_of(answer)
    assert (answer.status, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert says in error["message"]
    assert not fake.requests


def test_body_above_the_limit_is_refused_declared_or_not(fleet):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake, body_limit=1000)
    body = json.dumps(question(said="x" * 2000)).encode()
    assert gateway.ask(body=body).status == 413
    chunked = gateway.ask(body=iter([body[:500], body[500:]]))
    assert (chunked.status, error_of(chunked)["code"]) == (413, "request_too_large")
    assert not fake.requests


def test_unknown_model_is_not_found_and_the_known_ones_are_named(fleet):
    answer = fleet(FakeBackend("a", models=["m2", "m1"])).chat("gpt-9")
    assert answer.status == 404
    assert error_of(answer) == {
        "message": "Model 'gpt-9' not found. Available: m1, m2",
        "type": "invalid_request_error",
        "param": "model",
        "code": "model_not_found",
    }


def test_nobody_available_is_503_with_each_backends_reason(fleet):
    gateway = fleet(FakeBackend("a", models=["m"]), FakeBackend("b", models=["m"]))
    gateway.registry.drain("a")
    gateway.registry.disable("b")
    answer = gateway.chat()
    assert answer.status == 503
    assert error_of(answer)["reasons"] == {"a": "draining", "b": "disabled"}
    # Nobody knows when an operator will bring one back, but clients want a number.
    assert answer.headers["retry-after"] == "5"


def test_503_says_when_an_overloaded_backend_comes_back(fleet):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake)
    fake.fail("status", status=429, retry_after=40)
    assert gateway.chat().status == 429
    answer = gateway.chat()
    assert answer.status == 503
    assert error_of(answer)["reasons"] == {"a": "ejected"}
    assert 1 <= int(answer.headers["retry-after"]) <= 40


def test_request_that_never_arrives_is_given_up(fleet):
    gateway = fleet(FakeBackend("a", models=["m"]), total_timeout_s=0.1)
    answer = gateway.open(body=b"{", headers={"content-length": "100"}).response
    assert (answer.status, json.loads(answer.read())["error"]["code"]) == (408, "request_timeout")
