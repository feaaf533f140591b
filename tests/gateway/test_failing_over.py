"""Backends that fail: before the first byte another is asked, after it the client is told."""

import http.client
import json

import pytest

from backend_registry.testing import FakeBackend
from tests.gateway.running import error_of, question

BEFORE_THE_FIRST_BYTE = {
    "error status": ("status", {"status": 500}),
    "overload": ("status", {"status": 429, "retry_after": 7}),
    "unavailable": ("status", {"status": 503}),
    "model gone": ("status", {"status": 404}),
    "key refused": ("status", {"status": 401}),
    "reset": ("reset", {"after_chunks": 0}),
    "closed": ("cut", {"after_chunks": 0}),
    "refused": ("refuse", {}),
    "hang": ("hang", {}),
}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_BYTE)
def test_failure_before_the_first_byte_is_made_good_by_another_backend(pair, fault, stream):
    bad, _, gateway = pair(first_byte_timeout_s=0.3)
    kind, details = BEFORE_THE_FIRST_BYTE[fault]
    bad.fail(kind, **details)
    answer = gateway.chat(stream=stream)
    assert (answer.status, answer.headers["x-backend-id"], answer.headers["x-attempts"]) == (200, "good", "2")
    assert answer.body.endswith(b"data: [DONE]\n\n") if stream else json.loads(answer.body)
    # Being busy is no failure, and lacking one model says nothing about the others.
    neutral = details.get("status") in (404, 429, 503)
    assert gateway.registry.get_backend("bad").tally.failed_requests == (0 if neutral else 1)
    assert gateway.registry.get_backend("good").tally.failed_requests == 0


def test_error_as_the_first_event_of_a_stream_is_made_good(pair):
    bad, _, gateway = pair()
    bad.fail("error_event")
    answer = gateway.chat(stream=True)
    assert answer.headers["x-backend-id"] == "good"
    assert b"error" not in answer.body


@pytest.mark.parametrize("kind", ["reset", "cut"])
def test_plain_answer_that_ends_too_early_is_made_good(pair, kind):
    bad, _, gateway = pair()
    bad.fail(kind, after_chunks=1)
    answer = gateway.chat()
    assert answer.headers["x-backend-id"] == "good"
    assert json.loads(answer.body)["choices"]


@pytest.mark.parametrize("kind", ["reset", "cut"])
def test_stream_that_breaks_ends_with_an_error_event_and_is_not_tried_again(pair, kind):
    bad, good, gateway = pair()
    bad.fail(kind, after_chunks=2)
    answer = gateway.chat(stream=True)
    assert answer.status == 200
    events = answer.body.split(b"\n\n")
    assert events.pop() == b""
    error = json.loads(events.pop().removeprefix(b"data: "))["error"]
    assert (error["type"], error["code"], error["param"]) == ("server_error", "upstream_error", None)
    assert error["message"].startswith("backend 'bad' failed after its answer had begun: ")
    assert all("choices" in json.loads(event.removeprefix(b"data: ")) for event in events)
    assert b"[DONE]" not in answer.body
    assert not good.requests
    gateway.idle()
    assert gateway.registry.get_backend("bad").tally.failed_requests == 1


def test_long_answer_that_breaks_beyond_the_buffer_cuts_the_connection(pair):
    bad, _, gateway = pair(buffer_limit=10)
    bad.fail("cut", after_chunks=1)
    opened = gateway.open(body=question(said="x" * 5000))
    with pytest.raises(http.client.IncompleteRead):
        opened.response.read()
    opened.hang_up()


def test_request_that_takes_too_long_ends_with_an_error_event(fleet):
    gateway = fleet(FakeBackend("a", models=["m"], chunk_delay_s=3600), total_timeout_s=0.5)
    answer = gateway.chat(stream=True)
    assert b"no answer in time" in answer.body
    assert b"[DONE]" not in answer.body


def test_clients_own_errors_pass_and_are_not_tried_again(pair):
    bad, good, gateway = pair()
    bad.fail("status", status=422)
    answer = gateway.chat()
    assert (answer.status, answer.headers["x-backend-id"]) == (422, "bad")
    assert error_of(answer)["type"] == "invalid_request_error"
    assert not good.requests
    assert gateway.registry.get_backend("bad").tally.failed_requests == 0


VERDICTS = {
    "error status": ("status", {"status": 500}, 502, "bad_gateway"),
    "overload": ("status", {"status": 429, "retry_after": 9}, 429, "rate_limit_exceeded"),
    "unavailable": ("status", {"status": 503, "retry_after": 9}, 503, "service_unavailable"),
    "model gone": ("status", {"status": 404}, 404, "model_not_found"),
    "key refused": ("status", {"status": 401}, 502, "upstream_auth_failed"),
    "refused": ("refuse", {}, 502, "bad_gateway"),
    "hang": ("hang", {}, 504, "gateway_timeout"),
}


@pytest.mark.parametrize("fault", VERDICTS)
def test_when_all_fail_alike_the_client_is_told_so(pair, fault):
    kind, details, status, code = VERDICTS[fault]
    bad, good, gateway = pair(first_byte_timeout_s=0.3)
    bad.fail(kind, **details)
    good.fail(kind, **{**details, **({"retry_after": 5} if "retry_after" in details else {})})
    answer = gateway.chat()
    error = error_of(answer)
    assert (answer.status, error["code"]) == (status, code)
    assert "bad: " in error["message"]
    assert "good: " in error["message"]
    assert answer.headers.get("retry-after") == ("5" if "retry_after" in details else None)


def test_when_they_fail_differently_it_is_a_bad_gateway(pair):
    bad, good, gateway = pair()
    bad.fail("status", status=429)
    good.fail("status", status=500)
    answer = gateway.chat()
    assert (answer.status, error_of(answer)["message"]) == (
        502,
        "every backend that was tried failed (bad: HTTP 429; good: HTTP 500)",
    )


def test_answer_that_has_begun_in_time_may_take_its_time(fleet):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake, first_byte_timeout_s=0.2)
    fake.fail("drip", delay_s=0.002)
    assert json.loads(gateway.chat().body)["choices"]


def test_attempts_are_limited(fleet):
    fakes = [FakeBackend(name, models=["m"]) for name in "abcd"]
    gateway = fleet(*fakes, attempts=2)
    for fake in fakes:
        fake.fail("status", status=500)
    assert gateway.chat().status == 502
    assert sorted(len(fake.requests) for fake in fakes) == [0, 0, 1, 1]


def test_backend_that_keeps_hanging_costs_no_more_than_the_whole_time(fleet):
    fakes = [FakeBackend(name, models=["m"]) for name in "abc"]
    gateway = fleet(*fakes, total_timeout_s=0.3)
    for fake in fakes:
        fake.fail("hang")
    answer = gateway.chat()
    assert (answer.status, answer.headers["x-attempts"]) == (504, "1")
    assert sum(len(fake.requests) for fake in fakes) == 1


def test_key_that_no_header_can_hold_fails_the_attempt_without_showing_it(pair, monkeypatch):
    monkeypatch.setenv("BAD_KEY", "sk-one\nsk-two")
    bad, _, gateway = pair()
    gateway.registry.remove_backend("bad")
    gateway.registry.add_backend(bad.backend(credential_env="BAD_KEY"))
    gateway.registry.disable("good")
    answer = gateway.chat()
    assert answer.status == 502
    assert b"sk-" not in answer.body
