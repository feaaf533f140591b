"""How reports come in."""

import gzip
import json
import socket

import msgspec
import pytest

from backend_registry.hub.store.shared import StoreUnavailableError
from backend_registry.protocol import Ack
from tests.hub.door.running import SECRET, bearer, node, report_path
from tests.hub.service.cluster import SharedMemory
from tests.node.running import problem_of
from tests.web.running import eventually


def refused(answer, status, code):
    """The problem document of a refusal."""
    document = problem_of(answer)
    assert (answer.status, document["code"]) == (status, code)
    return document


# --- reports that are taken in -----------------------------------------------------------------------------------------


def test_a_report_is_taken_in_and_acknowledged(door):
    reporter = node()
    answer = door.post(reporter.full())
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    ack = msgspec.json.decode(answer.body, type=Ack)
    assert (ack.result, ack.revision, ack.hub) == ("applied", 1, door.hub.identity)
    assert msgspec.json.decode(door.post(reporter.beat()).body, type=Ack).result == "refreshed"
    assert set(door.in_loop(lambda: door.hub.view.entries_of("n1"))) == {"a", "b"}


@pytest.mark.parametrize("encoding", ["gzip", "identity", "GZip"])
def test_a_report_may_be_packed(door, encoding):
    body = msgspec.json.encode(node().full())
    raw = gzip.compress(body) if encoding.lower() == "gzip" else body
    assert door.post(node().full(), {"content-encoding": encoding}, raw=raw).status == 200


def test_a_report_may_come_in_pieces(door):
    body = msgspec.json.encode(node().full())
    head = f"POST {report_path('n1')} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    with door.connect() as connection:
        connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode())
        for at in range(0, len(body), 200):
            connection.sendall(body[at : at + 200])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    with door.connect() as connection:
        connection.sendall(f"{head}transfer-encoding: chunked\r\n\r\n".encode())
        for at in range(0, len(body), 300):
            piece = body[at : at + 300]
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_the_media_type_is_json_however_it_is_spelled(door, media_type):
    assert door.post(node().full(), {"content-type": media_type}).status == 200


def test_a_node_id_may_be_percent_encoded(door):
    reporter = node("a:b")
    assert door.post(reporter.full(), node_id="a%3Ab").status == 200


# --- reports that are not ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused_with_what_is_taken(door, method):
    answer = door.ask(method, report_path("n1"))
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    if method != "HEAD":
        refused(answer, 405, "method_not_allowed")


@pytest.mark.parametrize(
    "path", ["/v1/nodes/n1", "/v1/nodes/n1/reports", "/v1/nodes/report", "/v1/nodes//report", "/v1/nodes/a/b/report", "/x"]
)
def test_other_paths_are_passed_on(door, path):
    assert door.ask("POST", path, body={}).body == b"elsewhere"


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/json2"])
def test_other_media_types_are_refused(door, media_type):
    refused(door.post(node().full(), {"content-type": media_type}), 415, "not_json")
    assert door.counts() == {"not_json": 1}


def test_other_encodings_are_refused(door):
    refused(door.post(node().full(), {"content-encoding": "br"}), 415, "unsupported_encoding")


def test_a_report_for_another_node_than_the_path_says_is_refused(door):
    document = refused(door.post(node("n1").full(), node_id="n2"), 403, "wrong_node")
    assert "node_id" in document["detail"]
    assert door.in_loop(lambda: list(door.hub.view.nodes())) == []


def test_a_report_that_says_that_it_is_too_large_is_not_read(door):
    head = f"POST {report_path('n1')} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    with door.connect() as connection:
        connection.sendall(f"{head}content-length: 2097153\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")


def test_a_report_that_is_too_large_without_saying_so_is_refused(door):
    head = f"POST {report_path('n1')} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    with door.connect() as connection:
        connection.sendall(f"{head}transfer-encoding: chunked\r\n\r\n".encode())
        piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        for _ in range(33):
            connection.sendall(piece)
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")
    assert door.counts() == {"too_large": 1}


def test_a_bomb_is_refused(door):
    bomb = gzip.compress(b" " * 5_000_000)
    refused(door.post(node().full(), {"content-encoding": "gzip"}, raw=bomb), 413, "too_large")


@pytest.mark.parametrize(("raw", "status", "code"), [(b"{", 400, "not_json"), (b"", 400, "not_json"), (b"{}", 422, "invalid")])
def test_what_is_no_report_is_refused(door, raw, status, code):
    refused(door.post(node().full(), raw=raw), status, code)


def test_a_refusal_says_which_field_and_repeats_nothing(door):
    report = msgspec.to_builtins(node().full())
    report["upserts"][1]["weight"] = "hunter2"
    answer = door.post(node().full(), raw=json.dumps(report).encode())
    (error,) = refused(answer, 422, "invalid")["errors"]
    assert error["field"] == "upserts[1].weight"
    assert b"hunter2" not in answer.body


def test_a_refusal_says_what_to_do_next(door):
    document = refused(door.post(node().beat()), 409, "resync_required")
    assert document["want"] == "full"
    assert document["next_report_ms"] >= 0
    reporter = node()
    door.post(reporter.full())
    stale = refused(door.post(reporter.full(epoch=reporter.epoch - 1)), 409, "stale_epoch")
    assert stale["epoch"] == reporter.epoch


def test_refusals_are_counted_once_and_told_once_a_minute(door):
    for _ in range(3):
        door.post(node().full(), raw=b"{}")
    door.post(node("n2").full(), raw=b"{}", node_id="n2")
    assert door.counts() == {"invalid": 4}
    assert door.refusals() == [("n1", "invalid"), ("n2", "invalid")]


def test_a_store_that_is_away_says_when_to_try_again(start):
    door = start(SharedMemory())
    door.store.error = StoreUnavailableError("no", retry_after_s=3.2)
    answer = door.post(node().full())
    refused(answer, 503, "store_unavailable")
    assert answer.headers["retry-after"] == "4"


# --- tokens ------------------------------------------------------------------------------------------------------------


def test_with_its_token_a_node_may_report(guarded):
    assert guarded.post(node().full(), bearer("n1")).status == 200


@pytest.mark.parametrize("header", [None, "Bearer nothing", f"Bearer {SECRET}", "Basic bjE6eA=="])
def test_without_its_token_it_may_not(guarded, header):
    answer = guarded.post(node().full(), {"authorization": header})
    refused(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer realm=")
    assert ("invalid_token" in answer.headers["www-authenticate"]) is (header is not None)
    assert guarded.counts() == {"unauthorized": 1}
    assert guarded.refusals() == [(None, "unauthorized")]


def test_with_the_token_of_another_node_it_may_not(guarded):
    refused(guarded.post(node().full(), bearer("n2")), 403, "wrong_node")
    assert guarded.in_loop(lambda: list(guarded.hub.view.nodes())) == []


def test_a_token_is_asked_for_before_the_body_is_read(guarded):
    head = f"POST {report_path('n1')} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    with guarded.connect() as connection:
        connection.sendall(f"{head}content-length: 1000\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 401")


def test_with_tokens_a_hub_answers_under_any_name_and_behind_a_proxy(guarded):
    headers = {"host": "hub.example", "x-forwarded-for": "10.0.0.9", **bearer("n1")}
    assert guarded.post(node().full(), headers).status == 200


# --- without tokens ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"host": "rebound.example"}, "foreign_host"),
        ({"origin": "https://rebound.example"}, "cross_site"),
        ({"sec-fetch-site": "cross-site"}, "cross_site"),
        ({"x-forwarded-for": "10.0.0.9"}, "proxied"),
        ({"forwarded": "for=10.0.0.9"}, "proxied"),
    ],
)
def test_without_tokens_nothing_comes_in_through_a_browser_or_a_proxy(door, headers, code):
    refused(door.post(node().full(), headers), 403, code)
    assert door.counts() == {"forbidden": 1}
    assert door.in_loop(lambda: list(door.hub.view.nodes())) == []


# --- clients that are slow or leave ------------------------------------------------------------------------------------


def begun(door, path=None):
    """A connection with a report of which half has been sent."""
    body = msgspec.json.encode(node().full())
    connection = door.connect()
    head = f"POST {path or report_path('n1')} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body[:100])
    return connection, body[100:]


def test_a_body_that_does_not_come_ends_with_408_and_the_connection(start):
    door = start(patience_s=0.2)
    connection, _ = begun(door)
    with connection:
        answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"connection: close" in answer
        assert b"slow_body" in answer + connection.recv(65536)
        assert connection.recv(1) == b""
    assert door.counts() == {"slow_body": 1}


def test_a_body_that_comes_in_time_is_taken_in(start):
    door = start(patience_s=10)
    connection, rest = begun(door)
    with connection:
        other, more = begun(door)
        with other:
            for slow, piece in ((other, more), (connection, rest)):
                slow.sendall(piece)
                assert slow.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_node_that_hangs_up_leaves_nothing_behind(door):
    for _ in range(5):
        connection, _ = begun(door)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    eventually(lambda: door.in_loop(lambda: not door._server.server_state.tasks), "all requests have ended")
    assert door.counts() == {}
    assert door.post(node().full()).status == 200
