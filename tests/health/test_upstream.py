"""Where requests go, and what they carry."""

import pytest

from backend_registry.health import credential_headers, gateway_credentials, gateway_endpoint
from backend_registry.testing import FakeBackend, make_backend
from tests.testing.talk import ask, chat_body

CHAT = "/v1/chat/completions"


def record(kind, url="http://up.invalid:1", **fields):
    return make_backend(url=url, backend_type=kind, **fields).record


@pytest.mark.parametrize("kind", ["openai", "ollama", "vllm", "llamacpp", "lmstudio", "exo", "generic", "anthropic"])
def test_openai_requests_go_where_openai_has_them(kind):
    assert str(gateway_endpoint(record(kind), CHAT)) == "http://up.invalid:1/v1/chat/completions"
    assert (
        str(gateway_endpoint(record(kind, "https://up.invalid/proxy/v1/"), CHAT))
        == "https://up.invalid/proxy/v1/chat/completions"
    )


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1beta", "/v1beta/openai/"])
def test_openai_requests_to_google_go_where_google_has_them(suffix):
    url = gateway_endpoint(record("google", f"https://up.invalid{suffix}"), CHAT)
    assert str(url) == "https://up.invalid/v1beta/openai/chat/completions"


def test_only_google_loses_a_part_of_its_path():
    assert str(gateway_endpoint(record("generic", "http://up.invalid/openai"), CHAT)).startswith("http://up.invalid/openai/v1/")


def test_probes_carry_the_key_as_each_vendor_wants_it(monkeypatch):
    monkeypatch.setenv("THE_KEY", " k\n")
    assert credential_headers(record("vllm", credential_env="THE_KEY")) == {"authorization": "Bearer k"}
    assert credential_headers(record("google", credential_env="THE_KEY")) == {"x-goog-api-key": "k"}
    anthropic = {"anthropic-version": "2023-06-01", "x-api-key": "k"}
    assert credential_headers(record("anthropic", credential_env=["THE_KEY", "OTHER"])) == anthropic


@pytest.mark.parametrize("kind", ["openai", "anthropic", "google"])
def test_requests_carry_it_as_a_bearer_token(kind, monkeypatch):
    fields = {"credential_env": "THE_KEY"}
    monkeypatch.setenv("THE_KEY", "k1")
    assert gateway_credentials(record(kind, **fields)) == {"authorization": "Bearer k1"}
    monkeypatch.setenv("THE_KEY", "k2")
    assert gateway_credentials(record(kind, **fields)) == {"authorization": "Bearer k2"}


@pytest.mark.parametrize("fields", [{}, {"credential_env": "THE_KEY"}])
def test_where_there_is_no_key_nothing_is_said_about_it(fields, monkeypatch):
    monkeypatch.setenv("THE_KEY", " ")
    assert gateway_credentials(record("openai", **fields)) == {}
    assert credential_headers(record("openai", **fields)) == {}
    assert credential_headers(record("google", **fields)) == {}
    assert credential_headers(record("anthropic", **fields)) == {"anthropic-version": "2023-06-01"}


@pytest.mark.parametrize("kind", ["openai", "anthropic", "google", "ollama"])
def test_a_chat_reaches_a_server_of_each_kind(kind, monkeypatch):
    monkeypatch.setenv("THE_KEY", "k1")
    with FakeBackend(kind=kind, api_key="k1") as fake:
        described = fake.backend(credential_env="THE_KEY").record
        url = gateway_endpoint(described, CHAT)
        answer = ask(fake.url, "POST", url.path, chat_body(), gateway_credentials(described))
        assert answer.json()["choices"][0]["message"]["content"] == "hello there"
