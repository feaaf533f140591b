import pytest

from backend_registry import BackendType
from backend_registry.testing import FakeBackend, make_model
from tests.testing.talk import ask, chat


@pytest.fixture(scope="module")
def fake():
    llava = make_model("llava", context_length=8_192, supports_vision=True)
    with FakeBackend("o1", kind="ollama", models=["llama3:8b", llava]) as running:
        yield running


@pytest.mark.parametrize("path", ["/api/tags", "/api/ps"])
def test_the_lists_name_every_model(fake, path):
    listed = ask(fake.url, "GET", path).json()["models"]
    assert [entry["name"] for entry in listed] == ["llama3:8b", "llava"]
    assert len({entry["digest"] for entry in listed}) == 2


def test_what_runs_is_resident(fake):
    assert ask(fake.url, "GET", "/api/ps").json()["models"][1]["context_length"] == 8_192
    assert "size_vram" not in ask(fake.url, "GET", "/api/tags").json()["models"][0]


@pytest.mark.parametrize("field", ["model", "name"])
def test_show_tells_capabilities_and_context_length(fake, field):
    shown = ask(fake.url, "POST", "/api/show", {field: "llava"}).json()
    assert shown["capabilities"] == ["completion", "vision"]
    assert shown["model_info"]["llama.context_length"] == 8_192
    assert ask(fake.url, "POST", "/api/show", {field: "nobody"}).status == 404


def test_it_says_who_it_is(fake):
    assert ask(fake.url, "GET", "/").body == b"Ollama is running"
    assert ask(fake.url, "GET", "/api/version").json()["version"]
    assert ask(fake.url, "GET", "/health").status == 404


def test_it_speaks_openai_as_well(fake):
    assert chat(fake.url, "hello", "llava").json()["choices"][0]["message"]["content"] == "hello"
    assert fake.backend().backend_type is BackendType.OLLAMA
