"""Servers that no fake backend imitates: answers written byte by byte."""

import pytest

from tests.gateway.running import error_of

UNFRAMED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENT = b'data: {"choices": []}\n\n'
DONE = b"data: [DONE]\n\n"


def test_stream_that_is_ended_by_hanging_up_is_whole_if_it_says_so(answer_of):
    answer, backend = answer_of(UNFRAMED + EVENT + DONE)
    assert answer.body == EVENT + DONE
    assert backend.tally.failed_requests == 0


def test_stream_that_is_ended_by_hanging_up_without_saying_so_is_broken(answer_of):
    answer, backend = answer_of(UNFRAMED + EVENT)
    assert answer.body.startswith(EVENT + b'data: {"error":')
    assert backend.tally.failed_requests == 1


def test_half_an_event_is_not_glued_to_the_error(answer_of):
    answer, _ = answer_of(UNFRAMED + EVENT + b'data: {"cho')
    assert answer.body.startswith(EVENT + b'data: {"error":')


def test_properly_ended_stream_may_lack_its_last_blank_line(answer_of):
    body = EVENT + b"data: [DONE]\n"
    answer, backend = answer_of(CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
    assert answer.body == body
    assert backend.tally.failed_requests == 0


@pytest.mark.parametrize(
    ("bytes_sent", "reason"),
    [
        (CHUNKED + b"0\r\n\r\n", "stream ended before its first event"),
        (
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            "redirects, which is not followed",
        ),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "not an HTTP answer"),
        (b"", "connection closed before the answer"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", "answer broke off"),
    ],
)
def test_answer_that_cannot_be_used_is_a_bad_gateway_with_the_reason(answer_of, bytes_sent, reason):
    answer, backend = answer_of(bytes_sent)
    assert answer.status == 502
    assert error_of(answer)["message"] == f"every backend that was tried failed (a: {reason})"
    assert backend.tally.failed_requests == 1


def test_only_known_headers_of_the_backend_pass(answer_of):
    answer, _ = answer_of(
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\nset-cookie: a=b\r\n"
        b"server: inner\r\nx-request-id: r1\r\n\r\n{}"
    )
    assert answer.headers["x-request-id"] == "r1"
    assert not {"set-cookie"} & answer.headers.keys()
    assert answer.headers.get("server") != "inner"
