"""Model lists as they should not be: nothing in them may break a check."""

import asyncio

import pytest

from backend_registry import Model
from backend_registry.health import OllamaProber, OpenAIProber, ProbeFailedError, UnreadableAnswerError
from backend_registry.testing import make_backend


class Canned:
    """An upstream that answers from memory."""

    def __init__(self, listing, shown=None):
        self.listing = listing
        self.shown = shown
        self.asked = []

    async def get(self, path):
        return self.listing

    async def post(self, path, question):
        self.asked.append(question["model"])
        if isinstance(self.shown, Exception):
            raise self.shown
        return self.shown


def probe(prober, upstream, **fields):
    return asyncio.run(prober.probe(upstream, make_backend(**fields).record))


def openai_list(*entries):
    return {"data": list(entries)}


@pytest.mark.parametrize("document", [None, [], {}, {"data": None}, {"data": {"id": "m"}}, "text", 3])
def test_what_is_no_list_is_noted(document):
    result = probe(OpenAIProber(), Canned(document))
    assert (result.ok, result.models, result.note) == (True, None, "model list not understood: no list 'data'")


def test_entries_that_are_no_models_are_left_out_and_counted():
    listing = openai_list({"id": "m"}, {"id": ""}, {"id": 3}, {}, None, "m2", {"id": "x" * 300}, {"id": "a\nb"})
    result = probe(OpenAIProber(), Canned(listing))
    assert result.models == (Model("m"),)
    assert result.note == "5 listed models left out"


def test_more_models_than_a_backend_may_have_are_left_out_and_counted():
    listing = openai_list(*({"id": f"m{number}"} for number in range(1030)), {"id": "m0"})
    result = probe(OpenAIProber(), Canned(listing))
    assert (len(result.models), result.note) == (1024, "6 listed models left out")


@pytest.mark.parametrize("length", [0, -1, 2**31, 1.5, True, "4096", None, []])
def test_context_length_that_makes_no_sense_is_ignored(length):
    result = probe(OpenAIProber(), Canned(openai_list({"id": "m", "max_model_len": length})))
    assert result.models == (Model("m"),)


@pytest.mark.parametrize(
    "shown",
    [
        None,
        [],
        {},
        {"capabilities": "vision", "model_info": []},
        {"model_info": {"x": 1, "llama.context_length": -1}},
        UnreadableAnswerError("not JSON"),
        ProbeFailedError("HTTP 500"),
    ],
)
def test_ollama_details_that_make_no_sense_are_ignored(shown):
    result = probe(OllamaProber(), Canned({"models": [{"name": "m", "digest": "d"}]}, shown))
    assert (result.ok, result.models) == (True, (Model("m"),))


def test_ollama_entries_without_a_name_are_left_out():
    result = probe(OllamaProber(), Canned({"models": [{}, {"name": 3}, None, {"name": "m"}]}, {"capabilities": ["tools"]}))
    assert result.models == (Model("m", supports_tools=True),)
    assert result.note == "2 listed models left out"


def test_what_is_remembered_of_ollama_models_is_bounded(monkeypatch):
    monkeypatch.setattr("backend_registry.health.ollama._REMEMBERED_MOST", 3)
    prober = OllamaProber()
    for digest in range(10):
        probe(prober, Canned({"models": [{"name": "m", "digest": str(digest)}]}, {}))
        assert len(prober._facts) <= 3


def test_same_digest_on_another_server_is_not_asked_for_again():
    prober = OllamaProber()
    listing = {"models": [{"name": "m", "digest": "d"}]}
    probe(prober, Canned(listing, {"capabilities": ["vision"]}), id="one")
    other = Canned(listing)
    assert probe(prober, other, id="other").models == (Model("m", supports_vision=True),)
    assert not other.asked
