"""Which backends a request may go to, by what it holds: demanded as far as somebody is known to meet it."""

import json

import pytest

from backend_registry import Capability, Model
from backend_registry.gateway.demands import NOT_FIRM, FactsOfModels
from backend_registry.gateway.wanted import Wanted, read_wanted
from backend_registry.testing import FakeBackend, make_backend, make_registry
from tests.gateway.running import error_of, question

NOTHING = Capability(0)
CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
TOOL = {"type": "function", "function": {"name": "f"}}
IMAGE_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
INPUT_IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}

WANTS = {
    "nothing": ({}, NOTHING),
    "tools": ({"tools": [TOOL]}, Capability.TOOLS),
    "no tools": ({"tools": []}, NOTHING),
    "blank tools": ({"tools": None}, NOTHING),
    "json object": ({"response_format": {"type": "json_object"}}, Capability.JSON_MODE),
    "json schema": ({"response_format": {"type": "json_schema", "json_schema": {}}}, Capability.JSON_MODE),
    "text": ({"response_format": {"type": "text"}}, NOTHING),
    "odd format": ({"response_format": {"type": 3}}, NOTHING),
    "format of a response": ({"text": {"format": {"type": "json_schema"}}}, Capability.JSON_MODE),
    "text of a response": ({"text": {"format": {"type": "text"}}}, NOTHING),
    "verbosity of a response": ({"text": {"verbosity": "low"}}, NOTHING),
    "image": ({"messages": [{"role": "user", "content": [IMAGE_PART]}]}, Capability.VISION),
    "image address": ({"messages": [{"content": [{"type": "image_url", "image_url": "http://x"}]}]}, Capability.VISION),
    "image of a response": ({"input": [{"role": "user", "content": [INPUT_IMAGE]}]}, Capability.VISION),
    "image by its id": ({"input": [{"content": [{"type": "input_image", "file_id": "f"}]}]}, Capability.VISION),
    "talk of images": ({"messages": [{"role": "user", "content": 'what is "image_url"?'}]}, NOTHING),
    "tool about images": (
        {"tools": [{"function": {"parameters": {"properties": {"image_url": {}}}}}], "messages": [{"content": "x"}, 3]},
        Capability.TOOLS,
    ),
    "nothing that looks like messages": ({"messages": {"image_url": 1}}, NOTHING),
    "everything": (
        {"tools": [TOOL], "response_format": {"type": "json_object"}, "messages": [{"content": [IMAGE_PART]}]},
        Capability.TOOLS | Capability.JSON_MODE | Capability.VISION,
    ),
}


@pytest.mark.parametrize("case", WANTS)
def test_capabilities_are_read_from_the_body(case):
    fields, require = WANTS[case]
    assert read_wanted(json.dumps({"model": "m", **fields}).encode(), generates=True).require == require


def tokens(**fields):
    return read_wanted(json.dumps({"model": "m", **fields}).encode(), generates=True).tokens


def test_tokens_are_a_quarter_of_the_bytes_and_what_may_be_generated():
    empty = tokens(prompt="")
    assert tokens(prompt="x" * 4000) == empty + 1000
    for limit in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
        assert 500 <= tokens(prompt="", **{limit: 500}) - empty < 510
    assert tokens(prompt="", max_tokens=True) - empty < 10
    assert tokens(prompt="", max_tokens="many") - empty < 10


def test_the_bytes_of_images_are_not_text():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100_000}}
    assert tokens(messages=[{"role": "user", "content": [image]}]) < 100


def test_of_a_batch_of_prompts_the_length_is_not_known():
    assert tokens(prompt=["x" * 4000]) == 0


def answered_by(gateway, times=6, **fields):
    answers = [gateway.chat(**fields) for _ in range(times)]
    assert {answer.status for answer in answers} == {200}
    return {answer.headers["x-backend-id"] for answer in answers}


def pair_of(fleet, one, two, **settings):
    # Of so little weight that it is never the first choice.
    fields = {"b": {"weight": 1}}
    return fleet(FakeBackend("a", models=[one]), FakeBackend("b", models=[two]), fields=fields, **settings)


def test_capability_is_demanded_when_a_backend_is_known_to_have_it(fleet):
    gateway = pair_of(fleet, "m", Model("m", supports_tools=True))
    assert answered_by(gateway, tools=[TOOL]) == {"b"}
    assert answered_by(gateway) == {"a"}
    gateway.registry.drain("b")
    answer = gateway.chat(tools=[TOOL])
    assert answer.status == 503
    assert error_of(answer)["reasons"] == {"a": "lacks_capability", "b": "draining"}


def test_capability_that_no_backend_is_known_to_have_is_not_demanded(fleet):
    gateway = pair_of(fleet, "m", "m")
    assert answered_by(gateway, tools=[TOOL]) == {"a"}


def test_of_several_capabilities_as_many_are_demanded_as_one_backend_has(fleet):
    gateway = pair_of(fleet, Model("m", supports_vision=True), Model("m", supports_tools=True, supports_json_mode=True))
    everything, _ = WANTS["everything"]
    assert answered_by(gateway, **everything) == {"b"}


def test_what_all_backends_can_do_needs_no_demand(fleet):
    gateway = pair_of(fleet, Model("m", supports_tools=True), Model("m", supports_tools=True, supports_vision=True))
    assert answered_by(gateway, tools=[TOOL]) == {"a"}


def test_long_request_goes_where_it_is_known_to_fit(fleet):
    gateway = pair_of(fleet, Model("m", context_length=8192), Model("m", context_length=32_768))
    assert answered_by(gateway, said="x" * 40_000) == {"b"}
    assert answered_by(gateway, max_tokens=10_000) == {"b"}
    assert answered_by(gateway, said="x" * 4_000) == {"a"}


def test_request_too_long_for_all_is_left_to_the_backends(fleet):
    gateway = pair_of(fleet, Model("m", context_length=8192), "m")
    assert answered_by(gateway, said="x" * 400_000) == {"a"}


def test_lengths_of_clients_do_not_fill_the_registrys_memory():
    registry = make_registry(
        [
            make_backend("a", models=[Model("m", context_length=8192)]),
            make_backend("b", models=[Model("m", context_length=32_768)]),
        ]
    )
    facts = FactsOfModels(registry).of("m", "chat_completions")
    # The registry remembers an answer for each demand, so there are few, whatever the clients send.
    asked = [facts.demanded(Wanted("m", tokens=tokens), NOT_FIRM)[0] for tokens in range(8_193, 32_768, 100)]
    assert all(demands == {"min_context": 32_768} for demands in asked)


def test_operation_decides_where_backends_name_theirs(fleet):
    chats, embeds = FakeBackend("chats", models=["m"]), FakeBackend("embeds", models=["m"])
    gateway = fleet(
        chats, embeds, fields={"chats": {"operations": ["chat_completions"]}, "embeds": {"operations": ["embeddings"]}}
    )
    assert answered_by(gateway) == {"chats"}
    assert gateway.ask(path="/v1/embeddings", body={"model": "m", "input": "x"}).headers["x-backend-id"] == "embeds"
    answer = gateway.ask(path="/v1/rerank", body={"model": "m", "query": "x", "documents": []})
    assert answer.status == 400
    assert error_of(answer) == {
        "message": "no backend offers rerank for model 'm'",
        "type": "invalid_request_error",
        "param": "model",
        "code": "operation_not_supported",
    }


def test_facts_are_followed_as_they_change(fleet):
    gateway = pair_of(fleet, "m", "m")
    assert answered_by(gateway, tools=[TOOL]) == {"a"}
    gateway.registry.update_models("b", [Model("m", supports_tools=True)])
    assert answered_by(gateway, tools=[TOOL]) == {"b"}


def test_body_of_another_endpoint_is_not_searched_for_demands():
    body = json.dumps({**question(), "tools": [TOOL], "max_tokens": 10}).encode()
    wanted = read_wanted(body, generates=False)
    assert (wanted.require, wanted.tokens) == (NOTHING, 0)
