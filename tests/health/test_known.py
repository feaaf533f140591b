"""What is assumed of well-known models, and who knows better."""

import pytest

from backend_registry import Model
from backend_registry.health import OpenAIProber
from backend_registry.health.known import assumed
from tests.health.canned import probe

GPT_4O = Model("gpt-4o", "", 128_000, True, True, True, 16_384)
NOTE = "limits and capabilities of 1 well-known models are assumed"


def listing(*entries):
    return {"/v1/models": {"object": "list", "data": list(entries)}}


@pytest.mark.parametrize(
    "model_id",
    ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-latest", "claude-3-5-haiku-20241022", "gemini-2.0-flash-001", "gpt-3.5-turbo-0125"],
)
def test_a_version_of_a_well_known_model_is_known(model_id):
    assert assumed(model_id).id == model_id
    assert assumed(model_id).context_length > 4096


@pytest.mark.parametrize(
    "model_id",
    [
        "gpt-4o-audio-preview",
        "gpt-4o-mini-transcribe",
        "gpt-4-32k",
        "gpt-3.5-turbo-instruct",
        "claude-sonnet-4-7",
        "gemini-2.5-flash-preview-tts",
        "openai/gpt-4o",
        "llama3:8b",
        "gpt-4o\n",
        "-latest",
        "",
    ],
)
def test_what_only_begins_like_one_is_not(model_id):
    assert assumed(model_id) is None


def test_a_model_of_which_only_the_name_is_told_gets_what_is_assumed_and_the_note_says_so():
    result = probe(OpenAIProber(), listing({"id": "gpt-4o"}, {"id": "mine"}))
    assert result.models == (GPT_4O, Model("mine"))
    assert result.note == NOTE


def test_the_next_check_says_the_same():
    result = probe(OpenAIProber(), listing({"id": "gpt-4o"}, {"id": "gpt-4o"}), models=[GPT_4O])
    assert (result.models, result.note) == ((GPT_4O,), NOTE)


def test_a_model_that_the_operator_only_named_gets_what_is_assumed():
    named = Model("gpt-4o", name="The one we pay for")
    result = probe(OpenAIProber(), listing({"id": "gpt-4o"}), models=[named])
    assert (result.models[0].context_length, result.models[0].name) == (128_000, "The one we pay for")


def test_what_the_operator_wrote_goes_before_what_is_assumed():
    own = Model("gpt-4o", context_length=10_000)
    result = probe(OpenAIProber(), listing({"id": "gpt-4o"}), models=[own])
    assert (result.models, result.note) == ((own,), None)


@pytest.mark.parametrize("field", ["max_model_len", "context_length", "context_window"])
def test_what_the_server_states_goes_before_both(field):
    own = Model("mine", context_length=10_000, supports_tools=True)
    result = probe(OpenAIProber(), listing({"id": "gpt-4o", field: 64_000}, {"id": "mine", field: 32_000}), models=[own])
    assert [model.context_length for model in result.models] == [64_000, 32_000]
    assert all(model.supports_tools for model in result.models)
    assert result.note == NOTE
