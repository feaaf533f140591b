import contextlib

import pytest
from google.protobuf import json_format

from backend_registry import Backend, BackendType, ProbeResult, Registry
from backend_registry._web import RpcBackend
from backend_registry.node import node_routes
from backend_registry.node.connect import ListBackendsRequest, ListBackendsResponse, rpc_routes
from tests.hub.rpc.schema import CALLS, MESSAGES, fields
from tests.node.running import ADMIN, bearer, guarded
from tests.web.running import RunningApp

PATH = "/backend_registry.v1.BackendService/ListBackends"


def listed(node, headers=None, **fields_asked):
    """The answer, as the reader of Protocol Buffers understands it."""
    asked = json_format.MessageToDict(MESSAGES["ListBackendsRequest"](**fields_asked))
    answer = node.ask("POST", PATH, asked, headers)
    assert answer.status == 200, answer.body
    return json_format.Parse(answer.body, MESSAGES["ListBackendsResponse"]())


@contextlib.contextmanager
def serving(auth=None):
    registry = Registry()
    with RunningApp(lambda: [*node_routes(registry, auth=auth), *rpc_routes(registry, auth=auth)]) as running:
        running.registry = registry
        yield running


@pytest.fixture
def node():
    with serving() as running:
        yield running


@pytest.fixture
def filled(node):
    vllm = Backend(
        "b", "http://10.0.0.1:8000", name="big", backend_type=BackendType.VLLM, models=["m"], weight=7, priority=-3,
        operations=["chat_completions"], features=["batching"], transports=["http", "sse"], instance_id="i-1",
    )  # fmt: skip
    node.registry.add_backend(vllm)
    node.registry.add_backend(Backend("a", "http://10.0.0.2:8000", operations=["embeddings"]))
    node.registry.record_probe(vllm, ProbeResult(ok=True))
    node.registry.disable("a")
    return node


def test_the_messages_are_those_of_the_proto_file():
    assert CALLS[PATH.removeprefix("/")] == ("ListBackendsRequest", "ListBackendsResponse")
    for message, name in (
        (ListBackendsRequest, "ListBackendsRequest"),
        (ListBackendsResponse, "ListBackendsResponse"),
        (RpcBackend, "BackendInfo"),
    ):
        assert list(message.model_fields) == fields(name)


def test_a_backend_is_told_as_the_list_tells_it(filled):
    answer = listed(filled)
    assert (answer.total_count, [backend.id for backend in answer.backends]) == (2, ["a", "b"])
    first, second = answer.backends
    assert json_format.MessageToDict(second, preserving_proto_field_name=True) == {
        "id": "b",
        "name": "big",
        "kind": "vllm",
        "operations": ["chat_completions"],
        "features": ["batching"],
        "transports": ["http", "sse"],
        "weight": 7,
        "priority": -3,
        "base_url": "http://10.0.0.1:8000",
        "status": "BACKEND_STATUS_AVAILABLE",
        "instance_id": "i-1",
        "models": ["m"],
    }
    assert first.status == 2
    assert first.status_reason == filled.ask("GET", "/backends").json[0]["status_reason"]


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"kind": "vllm"}, ["b"]),
        ({"operation": "embeddings"}, ["a"]),
        ({"transport": "sse"}, ["b"]),
        ({"status": 1}, ["b"]),
        ({"status": "BACKEND_STATUS_UNAVAILABLE"}, ["a"]),
        ({"limit": 1}, ["a"]),
        ({"limit": 1, "offset": 1}, ["b"]),
    ],
)
def test_filters_and_pages_are_those_of_the_list(filled, asked, ids):
    answer = listed(filled, **asked)
    assert [backend.id for backend in answer.backends] == ids
    assert answer.total_count == (2 if set(asked) & {"limit", "offset"} else 1)


def test_an_enum_may_be_given_by_its_number(filled):
    assert [backend["id"] for backend in filled.ask("POST", PATH, {"status": 1}).json["backends"]] == ["b"]


@pytest.mark.parametrize("asked", [{"kind": "none"}, {"limit": 1001}, {"status": 9}, {"limit": -1}])
def test_a_question_that_the_list_would_refuse_is_an_invalid_argument(filled, asked):
    answer = filled.ask("POST", PATH, asked)
    assert (answer.status, answer.json["code"]) == (400, "invalid_argument")


def test_it_takes_the_same_token_as_the_list():
    with serving(guarded()) as node:
        assert node.ask("POST", PATH, {}).json["code"] == "unauthenticated"
        assert listed(node, bearer(ADMIN)).total_count == 0
