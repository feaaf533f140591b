"""Anthropic and Google: asked for what they have, with a key in their own header, and for nothing that is paid for."""

import pytest

from backend_registry import Model
from backend_registry.health import AnthropicProber, GoogleProber, ProbeFailedError
from backend_registry.testing import FakeBackend
from tests.health.canned import ANTHROPIC_MODELS, GOOGLE_MODELS, Canned, error, probe

SONNET = Model("claude-sonnet-4-20250514", "", 200_000, supports_vision=True, supports_tools=True, max_output_tokens=64_000)
FLASH = Model(
    "gemini-2.5-flash",
    context_length=1_048_576,
    supports_vision=True,
    supports_tools=True,
    supports_json_mode=True,
    max_output_tokens=65_536,
)
ASSUMED = "limits and capabilities of 1 well-known models are assumed"


def test_what_anthropic_tells_goes_before_what_is_assumed():
    result = probe(AnthropicProber(), {"/v1/models": ANTHROPIC_MODELS})
    tomorrow = Model("claude-of-tomorrow", context_length=1_000_000, supports_vision=True, max_output_tokens=64_000)
    assert result.models == (SONNET, tomorrow)
    assert result.note == ASSUMED


def test_anthropic_is_sent_its_own_headers_and_asked_for_the_largest_page(registry, check, monkeypatch):
    monkeypatch.setenv("THE_KEY", "k1\n")
    with FakeBackend(kind="anthropic", models=[f"m{number}" for number in range(300)], api_key="k1") as fake:
        assert check(fake.backend(models=(), credential_env="THE_KEY")).ok
        assert len(registry.get_backend(fake.id).models) == 300
        (request,) = fake.requests
        assert (request.path, request.query) == ("/v1/models", "limit=1000")
        assert (request.headers["x-api-key"], request.headers["anthropic-version"]) == ("k1", "2023-06-01")
        assert "authorization" not in request.headers


def test_anthropic_with_more_than_a_page_of_models_says_so():
    result = probe(AnthropicProber(), {"/v1/models": {"data": [{"id": "m"}], "has_more": True}})
    assert (result.models, result.note) == ((Model("m"),), "has more than 1000 models")


def test_what_google_tells_goes_before_what_is_assumed():
    result = probe(GoogleProber(), {"/v1beta/models": GOOGLE_MODELS})
    gemma = Model("gemma-3-27b-it", context_length=131_072, max_output_tokens=8192)
    assert result.models == (FLASH, gemma)
    assert result.note == ASSUMED


@pytest.mark.parametrize("suffix", ["", "/v1beta", "/v1beta/", "/v1beta/openai", "/v1beta/openai/", "/v1"])
def test_google_is_found_under_every_url_that_its_documentation_gives(check, monkeypatch, suffix):
    monkeypatch.setenv("THE_KEY", "k1")
    with FakeBackend(kind="google", api_key="k1") as fake:
        assert check(fake.backend(credential_env="THE_KEY").replace(url=fake.url + suffix)).ok
        (request,) = fake.requests
        assert (request.path, request.query) == ("/v1beta/models", "pageSize=1000")
        assert request.headers["x-goog-api-key"] == "k1"
        assert "authorization" not in request.headers


def test_google_pages_are_followed_to_their_end(registry, check, monkeypatch):
    monkeypatch.setattr("backend_registry.health.google._PAGE", 2)
    with FakeBackend(kind="google", models=["m1", "m2", "m3"]) as fake:
        assert check(fake.backend(models=())).note is None
        assert [model.id for model in registry.get_backend(fake.id).models] == ["m1", "m2", "m3"]
        assert [request.query for request in fake.requests] == ["pageSize=2", "pageSize=2&pageToken=2"]


def test_google_pages_without_end_are_cut_and_said():
    model = {"name": "models/m", "supportedGenerationMethods": ["generateContent"]}
    upstream = Canned({"/v1beta/models": {"models": [model], "nextPageToken": "again"}})
    result = probe(GoogleProber(), upstream)
    assert (result.models, result.note) == ((Model("m"),), "has more than 5 pages of models")
    assert len(upstream.asked) == 5


@pytest.mark.parametrize("token", [None, "", 7, []])
def test_an_odd_page_token_is_the_end(token):
    upstream = Canned({"/v1beta/models": {**GOOGLE_MODELS, "nextPageToken": token}})
    probe(GoogleProber(), upstream)
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(("kind", "status"), [("anthropic", 401), ("google", 400), ("openai", 401)])
def test_a_key_that_is_refused_is_said(check, monkeypatch, kind, status):
    monkeypatch.setenv("THE_KEY", "wrong")
    with FakeBackend(kind=kind, api_key="right") as fake:
        result = check(fake.backend(credential_env="THE_KEY"))
    assert (result.ok, result.error) == (False, f"credential rejected (HTTP {status})")


def test_another_400_of_google_is_no_word_about_the_key():
    with pytest.raises(ProbeFailedError, match=r"^HTTP 400$"):
        probe(GoogleProber(), {"/v1beta/models": error(400, {"error": {"status": "FAILED_PRECONDITION"}})})
