"""What a backend's answer means: whose fault it is, who is told, and what the client gets to see of it."""

import json

import pytest

from tests.gateway.running import error_of


@pytest.fixture
def probed(pair):
    """As `pair`, and the ids of the backends that are to be looked at."""

    def start(**settings):
        ids = []
        bad, good, gateway = pair(probe_soon=lambda backend: ids.append(backend.id), **settings)
        return bad, good, gateway, ids

    return start


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credential_is_shown_at_the_backend_and_never_to_the_client(probed, status):
    bad, good, gateway, probes = probed()
    bad.fail("status", status=status)
    assert gateway.chat().headers["x-backend-id"] == "good"
    assert gateway.registry.get_backend("bad").last_error == "credential rejected"
    assert probes == ["bad"]
    good.fail("status", status=status)
    answer = gateway.chat()
    assert (answer.status, error_of(answer)["code"]) == (502, "upstream_auth_failed")
    assert "good: credential rejected" in error_of(answer)["message"]


def test_model_that_is_listed_but_not_there_is_looked_at_again(probed):
    bad, _, gateway, probes = probed()
    bad.models = ["another"]
    assert gateway.chat().headers["x-backend-id"] == "good"
    assert probes == ["bad"]
    assert gateway.registry.get_backend("bad").last_error is None


def test_without_a_checker_nobody_is_asked_to_look(pair):
    bad, _, gateway = pair()
    bad.models = ["another"]
    assert gateway.chat().headers["x-backend-id"] == "good"


def test_operation_that_a_server_does_not_implement_is_no_failure_of_it(probed):
    bad, good, gateway, probes = probed()
    bad.fail("status", status=501)
    assert gateway.chat().headers["x-backend-id"] == "good"
    assert gateway.registry.get_backend("bad").tally.failed_requests == 0
    assert not probes
    good.fail("status", status=501)
    assert gateway.chat().status == 502


def test_overloaded_backend_is_left_alone_for_as_long_as_it_says(pair):
    bad, good, gateway = pair()
    bad.fail("status", status=429, retry_after=40)
    assert gateway.chat().headers["x-backend-id"] == "good"
    assert gateway.registry.get_backend("bad").reason_code == "ejected"
    good.fail("status", status=503, retry_after=20)
    answer = gateway.chat()
    assert (answer.status, answer.headers["retry-after"]) == (503, "20")


def test_retry_after_that_is_no_number_of_seconds_is_ignored(answer_of):
    answer, backend = answer_of(
        b"HTTP/1.1 429 Busy\r\nretry-after: Fri, 31 Dec 1999 23:59:59 GMT\r\ncontent-length: 0\r\n\r\n", stream=False
    )
    assert answer.status == 429
    assert "retry-after" not in answer.headers
    assert backend.available


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_clients_own_errors_pass_and_count_for_nobody(pair, status):
    bad, good, gateway = pair()
    bad.fail("status", status=status)
    answer = gateway.chat()
    assert (answer.status, answer.headers["x-backend-id"]) == (status, "bad")
    assert not good.requests
    tally = gateway.registry.get_backend("bad").tally
    assert (tally.failed_requests, tally.latency_samples) == (0, 0)


def plain(body, kind=b"application/json", more=b""):
    return b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n%b\r\n%b" % (kind, len(body), more, body)


UNFRAMED = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
CHOICES = json.dumps({"choices": ["x" * 100]}).encode()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (plain(b'{"error": {"message": "out of memory"}}'), "status 200 with an error inside"),
        (plain(b'{"error": "out of memory"}'), "status 200 with an error inside"),
        (plain(b"<html>Please log in</html>"), "answer is not the JSON that it says it is"),
        (plain(b""), "answer is not the JSON that it says it is"),
        (UNFRAMED + CHOICES[:-10], "answer is not the JSON that it says it is"),
        (plain(CHOICES)[:-10], "answer broke off"),
    ],
)
def test_success_that_is_none_is_a_failed_attempt(answer_of, said, reason):
    answer, backend = answer_of(said, stream=False)
    assert answer.status == 502
    assert error_of(answer)["message"].endswith(f"(a: {reason})")
    assert backend.tally.failed_requests == 1


@pytest.mark.parametrize(
    "said",
    [
        plain(b'{"error": null, "choices": []}'),
        plain(b'{"choices": [{"error": {"message": "x"}}]}'),
        plain(b'[{"error": 1}]'),
        plain(b"text, as transcriptions may be", b"text/plain"),
        plain(b"\x1f\x8b compressed", more=b"content-encoding: gzip\r\n"),
        plain(b'{"half": "of ' + b"x" * 70_000),
        UNFRAMED + CHOICES,
    ],
)
def test_success_is_passed_on(answer_of, said):
    answer, backend = answer_of(said, stream=False)
    assert answer.status == 200
    assert said.endswith(b"\r\n\r\n" + answer.body)
    assert backend.tally.failed_requests == 0


def test_error_after_comments_that_keep_the_connection_alive_is_still_made_good(answer_of):
    stream = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    answer, _ = answer_of(stream + b': wait\n\n: wait\n\nevent: error\ndata: {"message": "x"}\n\n')
    assert answer.status == 502
    assert "stream began with an error" in error_of(answer)["message"]
    answer, _ = answer_of(stream + b": wait\n\ndata: {}\n\ndata: [DONE]\n\n")
    assert answer.body == b": wait\n\ndata: {}\n\ndata: [DONE]\n\n"
