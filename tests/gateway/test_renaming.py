"""Aliases and fallback chains: which model is asked in the end, and with which bytes."""

import json

import pytest

from backend_registry import Model
from backend_registry.testing import FakeBackend
from tests.gateway.running import error_of, question
from tests.gateway.test_endpoints import form


def model_seen(fake):
    return fake.requests[-1].json()["model"]


def test_alias_is_replaced_and_all_other_bytes_are_kept(fleet):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake, aliases={"gpt-4": "m"})
    sent = b'{"messages":[ {"role":"user", "content":"the \\"model\\": \\"gpt-4\\""} ], "model" : "gpt-4","x":[1e400, 1.0]}'
    answer = gateway.ask(body=sent)
    assert answer.status == 200
    assert fake.requests[-1].body == sent.replace(b'], "model" : "gpt-4"', b'],"model":"m"')
    assert json.loads(answer.body)["model"] == "m"
    assert "x-fallback-model" not in answer.headers


def test_alias_in_a_form_is_replaced_in_its_place(fleet):
    fake = FakeBackend("a", models=["a model"])
    gateway = fleet(fake, aliases={"whisper-1": "a model"})
    fields = [("file", b"whisper-1"), ("model", b"whisper-1"), ("prompt", b"whisper-1")]
    answer = gateway.ask(path="/v1/audio/transcriptions", **form(*fields))
    assert json.loads(answer.body) == {"text": "a model heard 9 bytes"}
    assert fake.requests[-1].body == form(fields[0], ("model", b"a model"), fields[2])["body"]


def test_fallback_is_asked_when_no_backend_of_the_model_may_be_picked(fleet):
    one, two = FakeBackend("a", models=["m"]), FakeBackend("b", models=["n"])
    gateway = fleet(one, two, fallbacks={"m": ["n"]})
    gateway.registry.drain("a")
    answer = gateway.chat("m")
    assert (answer.status, answer.headers["x-backend-id"], answer.headers["x-fallback-model"]) == (200, "b", "n")
    assert answer.headers["x-route-reason"] == "fallback"
    assert json.loads(answer.body)["model"] == model_seen(two) == "n"


def test_fallback_is_asked_when_every_attempt_with_the_model_has_failed(fleet):
    bad = [FakeBackend(name, models=["m"]) for name in "abc"]
    good = FakeBackend("d", models=["n"])
    gateway = fleet(*bad, good, fallbacks={"m": ["nobody-has-it", "n"]}, attempts=2)
    for fake in bad:
        fake.fail("status", status=500)
    answer = gateway.chat("m", stream=True)
    assert (answer.headers["x-attempts"], answer.headers["x-fallback-model"]) == ("3", "n")
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert sum(len(fake.requests) for fake in bad) == 2


def test_alias_leads_to_a_chain_and_model_without_backends_falls_back(fleet):
    gateway = fleet(FakeBackend("a", models=["n"]), aliases={"gpt-4": "m"}, fallbacks={"m": ["n"]})
    assert gateway.chat("gpt-4").headers["x-fallback-model"] == "n"
    assert gateway.chat("m").headers["x-fallback-model"] == "n"


def test_fallbacks_are_not_followed_any_further(fleet):
    gateway = fleet(FakeBackend("a", models=["o"]), fallbacks={"m": ["n"], "n": ["o"]})
    assert gateway.chat("m").status == 404


def test_when_the_whole_chain_fails_all_are_named(fleet):
    one, two = FakeBackend("a", models=["m"]), FakeBackend("b", models=["n"])
    gateway = fleet(one, two, fallbacks={"m": ["n"]})
    one.fail("status", status=429, retry_after=30)
    two.fail("status", status=503, retry_after=20)
    answer = gateway.chat("m")
    assert (answer.status, answer.headers["retry-after"]) == (503, "20")
    assert error_of(answer)["message"].endswith("(a: HTTP 429; b: HTTP 503)")
    gateway.registry.drain("a")
    answer = gateway.chat("m")
    assert answer.status == 503
    assert error_of(answer)["reasons"] == {"a": "draining", "b": "ejected"}
    assert "'m' or 'n'" in error_of(answer)["message"]


def test_all_models_of_a_chain_share_one_deadline(fleet):
    one, two = FakeBackend("a", models=["m"]), FakeBackend("b", models=["n"])
    gateway = fleet(one, two, fallbacks={"m": ["n"]}, total_timeout_s=0.3)
    one.fail("hang")
    answer = gateway.chat("m")
    assert (answer.status, error_of(answer)["code"]) == (504, "gateway_timeout")
    assert not two.requests


def test_unknown_model_is_404_at_once_and_aliases_are_named_too(fleet):
    gateway = fleet(FakeBackend("a", models=["m"]), aliases={"gpt-4": "m", "lost": "x"}, queue_s=60)
    answer = gateway.chat("gpt-9")
    assert (answer.status, error_of(answer)["message"]) == (404, "Model 'gpt-9' not found. Available: gpt-4, m")


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def with_image(model="m"):
    return question(model, said=[{"type": "text", "text": "what is it"}, IMAGE])


@pytest.mark.parametrize("known", [True, False])
def test_fallback_inherits_what_the_model_was_held_to(fleet, known):
    one = FakeBackend("a", models=[Model("m", supports_vision=known)])
    gateway = fleet(one, FakeBackend("b", models=["n"]), fallbacks={"m": ["n"]})
    gateway.registry.drain("a")
    answer = gateway.ask(body=with_image())
    if known:
        assert answer.status == 503
        assert error_of(answer)["reasons"] == {"a": "draining", "b": "lacks_capability"}
    else:
        assert (answer.status, answer.headers["x-fallback-model"]) == (200, "n")


def test_fallback_inherits_the_length_that_the_model_was_held_to(fleet):
    one = FakeBackend("a", models=[Model("m", context_length=100_000)])
    gateway = fleet(one, FakeBackend("b", models=["n"]), fallbacks={"m": ["n"]})
    gateway.registry.drain("a")
    answer = gateway.chat("m", said="x" * 40_000)
    assert error_of(answer)["reasons"] == {"a": "draining", "b": "context_too_small"}
    assert gateway.chat("m").headers["x-fallback-model"] == "n"
