"""Model lists as they should not be: nothing in them may break a check."""

import pytest

from backend_registry import Model, Residency
from backend_registry.health import (
    AnthropicProber,
    GoogleProber,
    LlamaCppProber,
    LMStudioProber,
    OllamaProber,
    OpenAIProber,
    UnreadableAnswerError,
    VLLMProber,
)
from tests.health.canned import probe

GENERATES = {"supportedGenerationMethods": ["generateContent"]}

PROBERS = {
    "openai": (OpenAIProber, "/v1/models", "data", "id", {}),
    "vllm": (VLLMProber, "/v1/models", "data", "id", {}),
    "llamacpp": (LlamaCppProber, "/v1/models", "data", "id", {}),
    "lmstudio": (LMStudioProber, "/api/v0/models", "data", "id", {}),
    "ollama": (OllamaProber, "/api/tags", "models", "name", {}),
    "anthropic": (AnthropicProber, "/v1/models", "data", "id", {}),
    "google": (GoogleProber, "/v1beta/models", "models", "name", GENERATES),
}


@pytest.fixture(params=PROBERS)
def lists(request):
    """Check a backend of each type, whose list is given; what else it is asked it has no answer to."""
    prober, path, key, name, more = PROBERS[request.param]

    def check(names=None, *, document=None, others=None, **fields):
        entries = [{name: each, **more} if each is not None else None for each in names or ()]
        answers = {"/health": b"", path: {key: entries} if document is None else document, **(others or {})}
        return probe(prober(), answers, **fields)

    return check


@pytest.mark.parametrize(
    "document", [[], {}, {"data": None, "models": None}, {"data": {"id": "m"}, "models": {}}, "text", b"3"]
)
def test_what_is_no_list_is_unreadable(lists, document):
    with pytest.raises(UnreadableAnswerError, match=r"no list '(data|models)'"):
        lists(document=document, others={"/v1/models": document})


def test_entries_that_are_no_models_are_left_out_and_counted(lists):
    result = lists(["m", "", 3, None, "m2", "x" * 300, "a\nb", ["m"], {"id": "m"}, 1.5, True])
    assert [model.id for model in result.models] == ["m", "m2"]
    assert result.note.startswith("8 listed models left out")


def test_a_model_that_is_listed_twice_counts_once(lists):
    result = lists(["m", "m2", "m"])
    assert [model.id for model in result.models] == ["m", "m2"]
    assert result.note is None


def test_more_models_than_a_backend_may_have_are_left_out_and_counted(lists):
    result = lists([f"m{number}" for number in range(1030)])
    assert (len(result.models), result.note) == (1024, "6 listed models left out")


def test_of_an_endless_list_only_so_much_is_looked_at(lists):
    # All of it would keep the event loop busy for seconds, each entry being compared with what is known.
    result = lists([*([""] * 4096), "m"])
    assert (result.models, result.note) == ((), "4096 listed models left out; lists no models")


def test_an_empty_list_says_so_and_names_no_models(lists):
    result = lists([])
    assert (result.ok, result.models, result.note) == (True, (), "lists no models")


def test_what_the_operator_wrote_stays(lists):
    own = Model("m", name="Mine", context_length=99, supports_vision=True, max_output_tokens=7)
    assert lists(["m", "m2"], models=[own]).models == (own, Model("m2"))


ODD = [0, -1, 2**31, 1.5, True, "4096", None, [], {}]


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    ("prober", "path", "key", "entry"),
    [
        (OpenAIProber, "/v1/models", "data", lambda odd: {"id": "m", "max_model_len": odd, "context_length": odd}),
        (VLLMProber, "/v1/models", "data", lambda odd: {"id": "m", "max_model_len": odd}),
        (LlamaCppProber, "/v1/models", "data", lambda odd: {"id": "m", "meta": {"n_ctx": odd}, "status": odd}),
        (
            LMStudioProber,
            "/api/v0/models",
            "data",
            lambda odd: {"id": "m", "max_context_length": odd, "type": "llm", "state": odd, "capabilities": odd or []},
        ),
        (
            AnthropicProber,
            "/v1/models",
            "data",
            lambda odd: {"id": "m", "max_input_tokens": odd, "max_tokens": odd, "capabilities": odd},
        ),
        (
            GoogleProber,
            "/v1beta/models",
            "models",
            lambda odd: {"name": "models/m", "inputTokenLimit": odd, "outputTokenLimit": odd, **GENERATES},
        ),
    ],
)
def test_facts_that_make_no_sense_are_ignored(prober, path, key, entry, value):
    result = probe(prober(), {"/health": b"", path: {key: [entry(value)]}})
    assert result.models == (Model("m"),)


@pytest.mark.parametrize("said", [5, {"generateContent": 1}, None, "generateContent", []])
def test_google_models_with_odd_methods_are_not_for_text(said):
    result = probe(GoogleProber(), {"/v1beta/models": {"models": [{"name": "models/m", "supportedGenerationMethods": said}]}})
    assert (result.models, result.note) == ((), "lists no models")


@pytest.mark.parametrize(
    "others",
    [
        {"/props": 404, "/slots": 501},
        {"/props": b"<html>", "/slots": b"["},
        {"/props": [], "/slots": {}},
        {"/props": {"default_generation_settings": None, "modalities": [], "chat_template_caps": "all"}, "/slots": None},
        {"/props": {"default_generation_settings": {"n_ctx": "many"}}, "/slots": "none"},
    ],
)
def test_llamacpp_details_that_are_missing_or_odd_are_no_failure(others):
    result = probe(LlamaCppProber(), {"/health": b"", "/v1/models": {"data": [{"id": "m"}]}, **others})
    assert (result.ok, result.models, result.load) == (True, (Model("m"),), None)
    assert result.residency == {"m": Residency.IDLE}
