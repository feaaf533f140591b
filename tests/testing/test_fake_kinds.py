"""What each kind of fake says in an interface of its own."""

from typing import get_args

import pytest

from backend_registry import BackendType, Model, ReportedLoad, Residency
from backend_registry.testing import FakeBackend
from backend_registry.testing.api import Kind
from tests.testing.talk import ask, chat


def test_there_is_one_for_every_type():
    assert set(get_args(Kind)) == set(BackendType)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_describes_itself_and_answers_a_chat_but_where_it_has_none(kind):
    with FakeBackend("a", kind=kind) as fake:
        assert fake.backend().backend_type is BackendType(kind)
        assert chat(fake.url).status == (404 if kind == "google" else 200)


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/completions", "/v1/responses", "/v1/messages"])
def test_anthropic_has_nothing_but_the_chat(path):
    with FakeBackend(kind="anthropic") as fake:
        assert ask(fake.url, "POST", path, {"model": "llama3:8b"}).status == 404


def test_ollama_lists_as_running_what_is_not_on_disk():
    with FakeBackend(kind="ollama", models=["a", "b", "c"]) as fake:
        fake.residency.update(a=Residency.ON_DISK, b=Residency.LOADING)
        assert [entry["name"] for entry in ask(fake.url, "GET", "/api/ps").json()["models"]] == ["b", "c"]
        assert len(ask(fake.url, "GET", "/api/tags").json()["models"]) == 3


def test_lmstudio_tells_the_state_of_each_model():
    models = [Model("a", supports_vision=True), Model("b", supports_tools=True), Model("c", context_length=9)]
    with FakeBackend(kind="lmstudio", models=models) as fake:
        fake.residency.update(a=Residency.ON_DISK, b=Residency.LOADING)
        listed = ask(fake.url, "GET", "/api/v0/models").json()["data"]
        assert [entry["state"] for entry in listed] == ["not-loaded", "loading", "loaded"]
        assert [entry["type"] for entry in listed] == ["vlm", "llm", "llm"]
        assert [entry.get("capabilities") for entry in listed] == [None, ["tool_use"], None]
        assert listed[2]["max_context_length"] == 9


def test_llamacpp_answers_nothing_but_that_it_loads_while_it_does():
    with FakeBackend(kind="llamacpp", models=["m"]) as fake:
        assert ask(fake.url, "GET", "/health").json() == {"status": "ok"}
        fake.residency["m"] = Residency.LOADING
        for path in ("/health", "/props", "/slots"):
            answer = ask(fake.url, "GET", path)
            assert (answer.status, answer.json()["error"]["message"]) == (503, "Loading model")
        assert chat(fake.url, model="m").status == 503
        assert ask(fake.url, "GET", "/v1/models").status == 200
        fake.residency.clear()
        assert chat(fake.url, model="m").status == 200


def test_llamacpp_tells_its_properties_and_slots():
    with FakeBackend(kind="llamacpp", models=[Model("m", context_length=99, supports_tools=True)]) as fake:
        fake.load = ReportedLoad(running=3, waiting=0)
        props = ask(fake.url, "GET", "/props").json()
        assert (props["default_generation_settings"]["n_ctx"], props["chat_template_caps"]["supports_tools"]) == (99, True)
        assert [slot["is_processing"] for slot in ask(fake.url, "GET", "/slots").json()] == [True, True, True, False]
        fake.models = []
        assert ask(fake.url, "GET", "/props").status == ask(fake.url, "GET", "/slots").status == 200


def test_vllm_tells_its_figures():
    with FakeBackend(kind="vllm", models=["m"]) as fake:
        fake.load = ReportedLoad(running=3, waiting=7)
        assert fake.load == (3, 7)
        lines = ask(fake.url, "GET", "/metrics").body.decode().splitlines()
        assert 'vllm:num_requests_running{engine="0",model_name="m"} 3.0' in lines
        assert 'vllm:num_requests_waiting{engine="0",model_name="m"} 7.0' in lines


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_anthropic_lists_in_pages(limit):
    with FakeBackend(kind="anthropic", models=["a", "b", "c"]) as fake:
        found, after, more = [], "", True
        while more:
            page = ask(fake.url, "GET", f"/v1/models?limit={limit}&after_id={after}").json()
            found += [entry["id"] for entry in page["data"]]
            after, more = page["last_id"], page["has_more"]
        assert found == ["a", "b", "c"]
        assert ask(fake.url, "GET", f"/v1/models?after_id={after}").json()["first_id"] is None
        assert ask(fake.url, "GET", "/v1/models?limit=1001").status == 400


def test_google_lists_in_pages_and_has_models_that_make_no_text():
    with FakeBackend(kind="google", models=["a", "b"]) as fake:
        page = ask(fake.url, "GET", "/v1beta/models?pageSize=2").json()
        assert [entry["name"] for entry in page["models"]] == ["models/a", "models/b"]
        page = ask(fake.url, "GET", f"/v1beta/models?pageToken={page['nextPageToken']}").json()
        assert [entry["supportedGenerationMethods"] for entry in page["models"]] == [["embedContent"]]
        assert "nextPageToken" not in page


@pytest.mark.parametrize(
    ("kind", "path", "header", "status"),
    [
        ("anthropic", "/v1/models", "x-api-key", 401),
        ("google", "/v1beta/models", "x-goog-api-key", 400),
        ("google", "/v1beta/openai/models", "authorization", 401),
        ("lmstudio", "/api/v0/models", "authorization", 401),
    ],
)
def test_a_key_comes_in_the_header_that_the_vendor_wants(kind, path, header, status):
    with FakeBackend(kind=kind, api_key="k") as fake:
        value = "Bearer k" if header == "authorization" else "k"
        assert ask(fake.url, "GET", path).status == status
        assert ask(fake.url, "GET", f"{path}?key=k").status == status
        assert ask(fake.url, "GET", path, headers={header: value}).status == 200


@pytest.mark.parametrize(
    ("kind", "path"), [("lmstudio", "/api/v0/models"), ("google", "/v1beta/models"), ("vllm", "/v1/models")]
)
def test_a_wrong_list_is_wrong_in_every_interface(kind, path):
    with FakeBackend(kind=kind) as fake:
        fake.fail("models", models=["ghost"])
        assert b"ghost" in ask(fake.url, "GET", path).body
