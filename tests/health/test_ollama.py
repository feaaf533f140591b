"""Ollama: what it has on disk and in memory, and what it tells of each model when asked once."""

import pytest

from backend_registry import Model, Residency
from backend_registry.health import OllamaProber, ProbeFailedError, UnreadableAnswerError
from backend_registry.testing import FakeBackend
from tests.health.canned import NO_ANSWER, OLLAMA_PS, OLLAMA_SHOW, OLLAMA_TAGS, Canned, probe


def paths(fake):
    return [request.path for request in fake.requests]


def test_what_ollama_tells_becomes_models_and_residency():
    upstream = Canned({"/api/tags": OLLAMA_TAGS, "/api/ps": OLLAMA_PS, "/api/show": OLLAMA_SHOW})
    result = probe(OllamaProber(), upstream)
    seen = {"context_length": 4096, "supports_vision": True}
    assert result.models == (Model("llava:13b", **seen), Model("qwen3:8b", **seen))
    assert result.residency == {"llava:13b": Residency.ON_DISK, "qwen3:8b": Residency.IDLE}
    assert (result.ok, result.note, result.load) == (True, None, None)
    assert upstream.asked == ["/api/tags", "/api/ps", ("/api/show", "llava:13b"), ("/api/show", "qwen3:8b")]


def test_a_model_is_shown_once_and_residency_is_asked_each_time(registry, check):
    models = [Model("llava", context_length=8192, supports_vision=True), Model("qwen", supports_tools=True)]
    with FakeBackend(kind="ollama", models=models) as fake:
        fake.residency["llava"] = Residency.ON_DISK
        check(fake.backend(models=()), times=3)
        assert registry.get_backend(fake.id).models == tuple(models)
        assert registry.get_backend(fake.id).residency == {"llava": Residency.ON_DISK, "qwen": Residency.IDLE}
        assert sorted(paths(fake)) == ["/api/ps"] * 3 + ["/api/show"] * 2 + ["/api/tags"] * 3


def test_a_model_with_a_new_digest_is_shown_again(registry, checking):
    with FakeBackend(kind="ollama", models=[Model("m", context_length=1000)]) as fake:
        registry.add_backend(fake.backend(models=()))

        async def work(checker):
            (backend,) = registry
            await checker.check(backend)
            fake.models = [Model("m", context_length=2000)]
            await checker.check(backend)
            return backend.models[0].context_length

        assert checking(work) == 2000


def test_models_are_shown_a_few_at_a_time(registry, checking):
    with FakeBackend(kind="ollama", models=[f"m{number}" for number in range(9)]) as fake:
        registry.add_backend(fake.backend(models=()))
        fake.fail("hang", only="/api/show")

        async def work(checker):
            return await checker.check(registry.get_backend(fake.id))

        assert checking(work, timeout_s=0.5).ok
        assert paths(fake).count("/api/show") == 4


def test_one_that_cannot_be_shown_does_not_keep_the_others_from_it():
    tags = {"models": [{"name": f"m{number}", "digest": "d"} for number in range(6)]}

    class Partly(Canned):
        async def post(self, path, question):
            if question["model"] == "m0":
                raise ProbeFailedError("HTTP 500")
            return await super().post(path, question)

    result = probe(OllamaProber(), Partly({"/api/tags": tags, "/api/show": {"capabilities": ["tools"]}}))
    assert [model.supports_tools for model in result.models] == [False, True, True, True, True, True]


def test_one_that_lists_but_shows_nothing_is_healthy_with_what_it_lists(registry, check):
    with FakeBackend(kind="ollama", models=[f"m{number}" for number in range(9)]) as fake:
        fake.fail("status", status=500, only="/api/show")
        assert check(fake.backend(models=())).ok
        assert len(registry.get_backend(fake.id).models) == 9
        assert paths(fake).count("/api/show") == 4


@pytest.mark.parametrize(
    "shown",
    [
        [],
        {},
        {"capabilities": "vision", "model_info": []},
        {"model_info": {"x": 1, "llama.context_length": -1}},
        b"null",
        UnreadableAnswerError("not JSON"),
        ProbeFailedError("HTTP 500"),
    ],
)
def test_details_that_make_no_sense_are_ignored(shown):
    result = probe(OllamaProber(), {"/api/tags": {"models": [{"name": "m", "digest": "d"}]}, "/api/show": shown})
    assert (result.ok, result.models) == (True, (Model("m"),))


@pytest.mark.parametrize("running", [404, NO_ANSWER, b"<html>", [], {}, {"models": {"m": 1}}])
def test_one_that_does_not_tell_what_runs_leaves_residency_as_it_was_known(running):
    result = probe(OllamaProber(), {"/api/tags": OLLAMA_TAGS, "/api/ps": running, "/api/show": OLLAMA_SHOW})
    assert (result.ok, result.residency) == (True, None)


@pytest.mark.parametrize("entry", [None, 3, {}, {"name": None}, {"name": ["m"]}, {"name": "other"}])
def test_odd_entries_of_what_runs_are_no_models(entry):
    answers = {"/api/tags": {"models": [{"name": "m"}]}, "/api/ps": {"models": [entry]}, "/api/show": {}}
    assert probe(OllamaProber(), answers).residency == {"m": Residency.ON_DISK}


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr("backend_registry.health.ollama._REMEMBERED_MOST", 3)
    prober = OllamaProber()
    for digest in range(10):
        probe(prober, {"/api/tags": {"models": [{"name": "m", "digest": str(digest)}]}, "/api/show": {}})
        assert len(prober._facts) <= 3


def test_same_digest_on_another_server_is_not_asked_for_again():
    prober = OllamaProber()
    listing = {"/api/tags": {"models": [{"name": "m", "digest": "d"}]}}
    probe(prober, {**listing, "/api/show": {"capabilities": ["vision"]}}, id="one")
    other = Canned(listing)
    assert probe(prober, other, id="other").models == (Model("m", supports_vision=True),)
    assert ("/api/show", "m") not in other.asked
