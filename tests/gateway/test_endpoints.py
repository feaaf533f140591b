"""Every path of OpenAI's interface that is passed on, and the list of models."""

import json

import pytest

from backend_registry import Model
from backend_registry.testing import FakeBackend
from tests.gateway.running import error_of, question

JSON_ENDPOINTS = {
    "/v1/chat/completions": ({"messages": [{"role": "user", "content": "hello"}]}, b'"hello"'),
    "/v1/completions": ({"prompt": "hello"}, b'"hello"'),
    "/v1/responses": ({"input": "hello"}, b'"hello"'),
    "/v1/embeddings": ({"input": ["hello"]}, b'"embedding"'),
    "/v1/rerank": ({"query": "hello", "documents": ["hello", "x"]}, b'"relevance_score"'),
    "/v1/audio/speech": ({"input": "hello"}, b"hello"),
}
EVERY_BYTE = bytes(range(256)) * 4


def form(*fields, boundary="--b o u n d"):
    """A multipart form, and the headers that go with it; a field is a name and its bytes."""
    parts = [
        b'--%b\r\ncontent-disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
        % (boundary.encode(), name.encode(), b'; filename="a.wav"\r\ncontent-type: audio/wav' if name == "file" else b"", value)
        for name, value in fields
    ]
    body = b"".join((*parts, f"--{boundary}--\r\n".encode()))
    return {"body": body, "headers": {"content-type": f'multipart/form-data; boundary="{boundary}"'}}


@pytest.mark.parametrize("path", JSON_ENDPOINTS)
def test_json_endpoint_passes_both_ways_unchanged(fleet, path):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake)
    fields, expected = JSON_ENDPOINTS[path]
    sent = json.dumps({"model": "m", **fields}, indent=1).encode()
    answer = gateway.ask(path=path, body=sent)
    assert answer.status == 200
    assert expected in answer.body
    assert (fake.requests[-1].path, fake.requests[-1].body) == (path, sent)
    assert answer.headers["x-backend-id"] == "a"


def test_spoken_bytes_pass_as_they_are(fleet):
    answer = fleet(FakeBackend("a", models=["m"])).ask(path="/v1/audio/speech", body={"model": "m", "input": "hello"})
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.body == bytes(range(256)) + b"hello"


@pytest.mark.parametrize("path", ["/v1/audio/transcriptions", "/v1/audio/translations"])
@pytest.mark.parametrize("first", ["model", "file"])
def test_form_is_routed_by_its_model_field_and_passed_on_unchanged(fleet, path, first):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake)
    fields = [("model", b"m"), ("file", b"\r\n----b o u n" + EVERY_BYTE), ("language", b"en")]
    fields += [("x", b"\r\n----b o"), ("y", b"")]
    sent = form(*(fields if first == "model" else reversed(fields)))
    answer = gateway.ask(path=path, **sent)
    assert json.loads(answer.body) == {"text": f"m heard {len(fields[1][1])} bytes"}
    assert fake.requests[-1].body == sent["body"]


def test_large_bodies_pass(fleet):
    fake = FakeBackend("a", models=["m"])
    sent = form(("file", EVERY_BYTE * 3000), ("model", b"m"))
    answer = fleet(fake).ask(path="/v1/audio/transcriptions", **sent)
    assert b"3072000 bytes" in answer.body
    assert fake.requests[-1].body == sent["body"]


def test_name_that_looks_like_a_boundary_is_read_all_the_same(fleet):
    gateway = fleet(FakeBackend("a", models=["m"]))
    answer = gateway.ask(path="/v1/audio/transcriptions", **form(("model", b"m\r\n----b x"), ("file", b"x")))
    assert error_of(answer)["message"].startswith(repr("Model 'm\r\n----b x' not found")[1:-1])


BAD_FORMS = {
    "no model": (form(("file", b"x")), "model", "is missing"),
    "empty model": (form(("model", b"")), "model", "is missing"),
    "two models": (form(("model", b"m"), ("model", b"n")), "model", "more than once"),
    "model is no text": (form(("model", b"\xff")), "model", "not text"),
    "cut short": ({**form(("model", b"m")), "body": form(("model", b"m"))["body"][:-8]}, None, "not the multipart form"),
    "other boundary": (
        {**form(("model", b"m")), "body": form(("model", b"m"), boundary="other")["body"]},
        None,
        "not the multipart",
    ),
    "json": ({"body": question()}, None, "must be a form"),
    "no boundary": ({"body": b"", "headers": {"content-type": "multipart/form-data"}}, None, "must be a form"),
}


@pytest.mark.parametrize("case", BAD_FORMS)
def test_form_that_cannot_be_routed_is_refused_with_the_field(fleet, case):
    fake = FakeBackend("a", models=["m"])
    sent, param, says = BAD_FORMS[case]
    answer = fleet(fake).ask(path="/v1/audio/transcriptions", **sent)
    error = error_of(answer)
    assert (answer.status, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert says in error["message"]
    assert not fake.requests


@pytest.mark.parametrize(
    ("kind", "path"), [("anthropic", "/v1/chat/completions"), ("google", "/v1beta/openai/chat/completions")]
)
def test_clouds_are_asked_at_their_own_addresses_with_their_keys(fleet, monkeypatch, kind, path):
    monkeypatch.setenv("CLOUD_KEY", "secret")
    fake = FakeBackend("cloud", kind=kind, models=["m"], api_key="secret")
    gateway = fleet(fake, fields={"cloud": {"credential_env": "CLOUD_KEY"}})
    assert gateway.chat().status == 200
    assert fake.requests[-1].path == path
    assert fake.requests[-1].headers["authorization"] == "Bearer secret"


def test_what_is_not_to_be_passed_on_finds_no_way(fleet):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake)
    assert gateway.ask("GET", "/v1/chat/completions").status == 405
    assert gateway.ask("POST", "/v1/files", body=question()).status == 404
    assert gateway.ask("DELETE", "/v1/models/m").status == 405
    assert not fake.requests


def test_error_of_our_own_is_500_and_in_the_log(fleet, caplog):
    def breaks(_):
        raise RuntimeError("secret")

    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake, probe_soon=breaks)
    fake.fail("status", status=404)
    answer = gateway.chat()
    assert (answer.status, error_of(answer)["code"]) == (500, "internal_error")
    assert b"secret" not in answer.body
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "unexpected error, answered with 500"
    ]


# --- GET /v1/models ----------------------------------------------------------------------------------------------------


def listed(gateway, path="/v1/models"):
    return json.loads(gateway.ask("GET", path).body)


def test_models_of_all_backends_are_listed_once_each(fleet):
    gateway = fleet(FakeBackend("a", models=["x", "m"]), FakeBackend("b", models=["m", "y"]))
    listing = listed(gateway)
    assert listing["object"] == "list"
    assert [entry["id"] for entry in listing["data"]] == ["m", "x", "y"]
    assert {entry["object"] for entry in listing["data"]} == {"model"}
    gateway.registry.remove_backend("b")
    assert [entry["id"] for entry in listed(gateway)["data"]] == ["m", "x"]


def test_listed_model_says_what_any_backend_is_known_to_do_and_how_many_there_are(fleet):
    seeing = FakeBackend("a", models=[Model("m", context_length=8192, supports_vision=True)])
    calling = FakeBackend("b", models=[Model("m", context_length=32_768, supports_tools=True)])
    gateway = fleet(seeing, calling, FakeBackend("c", models=["m"]))
    gateway.registry.drain("c")
    assert listed(gateway)["data"] == [
        {
            "id": "m",
            "object": "model",
            "created": 0,
            "owned_by": "backend_registry",
            "context_length": 32_768,
            "supports_vision": True,
            "supports_tools": True,
            "supports_json_mode": False,
            "available": 2,
        }
    ]


def test_aliases_are_listed_beside_their_models_if_those_are_served(fleet):
    gateway = fleet(FakeBackend("a", models=["m"]), aliases={"gpt-4": "m", "lost": "nobody-has-it"})
    assert [(entry["id"], entry.get("alias_of")) for entry in listed(gateway)["data"]] == [("gpt-4", "m"), ("m", None)]


def test_one_model_is_found_by_its_id_or_alias_slashes_and_all(fleet):
    gateway = fleet(FakeBackend("a", models=["org/model:8b"]), aliases={"short": "org/model:8b"})
    assert listed(gateway, "/v1/models/org/model:8b")["id"] == "org/model:8b"
    assert listed(gateway, "/v1/models/org%2Fmodel:8b")["available"] == 1
    assert listed(gateway, "/v1/models/short")["alias_of"] == "org/model:8b"
    answer = gateway.ask("GET", "/v1/models/other")
    assert (answer.status, error_of(answer)["code"]) == (404, "model_not_found")
