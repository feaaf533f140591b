import base64
import gzip
import struct

import pytest
from google.protobuf.json_format import MessageToDict
from google.rpc.error_details_pb2 import ErrorInfo

from backend_registry._web import Int64, Message, RpcError, UInt64, problem, rpc_route
from tests.web.running import RunningApp

PATH = "/some.v1.Service/Method"


class Asked(Message):
    some_text: str = ""
    big: UInt64 = 0
    negative: Int64 = 0


class Answered(Message):
    some_text: str
    big: UInt64
    maybe: str | None = None


async def echo(request, asked):
    if asked.some_text == "refuse":
        facts = {"epoch": 7, "long": "x" * 300, "umlaut": "ü"}
        raise RpcError("aborted", "try another", "stale_epoch", facts, retry_after_s=2.0)
    return Answered(some_text=asked.some_text, big=asked.big)


def only_friends(request):
    return None if "authorization" in request.headers else problem(401, "a token is needed", code="unauthorized")


@pytest.fixture(scope="module")
def server():
    with RunningApp(lambda: [rpc_route(PATH, Asked, echo, refusal=only_friends, body_limit=1000)]) as running:
        yield running


def call(server, message=None, headers=None, **options):
    return server.ask("POST", PATH, message, {"authorization": "Bearer x", **(headers or {})}, **options)


def error_of(answer):
    """Code, message and details of an error; the details as its `google.rpc.ErrorInfo` in binary form says."""
    assert answer.headers["content-type"] == "application/json"
    (detail,) = answer.json["details"]
    assert detail["type"] == "google.rpc.ErrorInfo"
    assert "=" not in detail["value"]
    info = ErrorInfo.FromString(base64.b64decode(detail["value"] + "=" * (-len(detail["value"]) % 4)))
    assert MessageToDict(info) == {name: value for name, value in detail["debug"].items() if value}
    return answer.status, answer.json["code"], info.reason, dict(info.metadata)


def test_a_message_is_answered_with_a_message_in_the_json_form_of_protocol_buffers(server):
    answer = call(server, {"someText": "hello", "big": str(2**64 - 1)})
    assert (answer.status, answer.json) == (200, {"someText": "hello", "big": "18446744073709551615"})
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "message", [{"some_text": "a", "big": 5}, {"someText": "a", "big": "5", "new": 1, "negative": None}], ids=["proto", "newer"]
)
def test_fields_are_taken_by_their_proto_names_and_what_is_unknown_or_null_is_left_alone(server, message):
    assert call(server, message).json == {"someText": "a", "big": "5"}


def test_a_packed_message_is_unpacked(server):
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert call(server, raw=gzip.compress(b'{"someText": "packed"}'), headers=headers).json["someText"] == "packed"
    # None at all is the message with nothing in it, and is never packed.
    assert call(server, raw=b"", headers=headers).json["code"] == "invalid_argument"


def test_an_error_has_the_status_of_its_code_and_facts_that_any_client_can_read(server):
    answer = call(server, {"someText": "refuse"})
    facts = {"epoch": "7", "long": "x" * 300, "umlaut": "ü"}
    assert error_of(answer) == (409, "aborted", "STALE_EPOCH", facts)
    assert answer.json["message"] == "try another"
    assert answer.headers["retry-after"] == "2"


def test_who_may_not_call_is_told_so_as_a_connect_error_before_the_message_is_read(server):
    answer = server.ask("POST", PATH, raw=b"{" * 5000, headers={"content-type": "application/json"})
    assert error_of(answer) == (401, "unauthenticated", "UNAUTHORIZED", {})


def test_a_wrong_field_is_named_and_its_value_is_not(server):
    answer = call(server, {"big": "a secret"})
    status, code, reason, facts = error_of(answer)
    assert (status, code, reason) == (400, "invalid_argument", "INVALID")
    assert list(facts) == ["big"]
    assert b"secret" not in answer.body


@pytest.mark.parametrize(
    ("raw", "headers", "expected"),
    [
        (b"{", {}, (400, "invalid_argument", "NOT_JSON")),
        (b'"' + b"x" * 2000 + b'"', {}, (429, "resource_exhausted", "TOO_LARGE")),
        (b"{}", {"content-encoding": "br"}, (501, "unimplemented", "UNSUPPORTED_ENCODING")),
        (b"{}", {"content-encoding": "gzip"}, (400, "invalid_argument", "NOT_GZIP")),
        (gzip.compress(b" " * 1_000_000)[:1000], {"content-encoding": "gzip"}, (429, "resource_exhausted", "TOO_LARGE")),
        (b"{}", {"connect-protocol-version": "2"}, (400, "invalid_argument", "UNSUPPORTED_VERSION")),
    ],
    ids=["not JSON", "too large", "other encoding", "not packed", "bomb", "other version"],
)
def test_what_cannot_be_read_is_refused_by_its_code(server, raw, headers, expected):
    answer = call(server, raw=raw, headers={"content-type": "application/json", **headers})
    assert error_of(answer)[:3] == expected


@pytest.mark.parametrize("media_type", ["application/proto", "application/connect+json", "application/grpc", None])
def test_another_form_of_message_is_415_with_the_one_that_is_taken(server, media_type):
    answer = call(server, raw=struct.pack("B", 10), headers={"content-type": media_type})
    assert (answer.status, answer.headers["accept-post"], answer.body) == (415, "application/json", b"")


def test_a_get_is_405(server):
    assert server.ask("GET", PATH).status == 405
