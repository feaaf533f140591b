"""Which software answers: shapes of real servers, impostors, and answers that must do no harm."""

import asyncio

import pytest
from aiohttp import web

from backend_registry.discovery import Fleet, ScanSource, detect_type
from backend_registry.testing import FakeBackend
from tests.discovery.tools import changed, following, ids, run, speaking


def models(owner):
    return {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": owner}]}


OLLAMA = {"/api/tags": {"models": [{"name": "llama3:8b"}]}, "/v1/models": models("library")}
LMSTUDIO = {
    "/api/tags": {"error": "Unexpected endpoint or method. (GET /api/tags)"},
    "/api/v0/models": {"object": "list", "data": [{"id": "m", "state": "loaded"}]},
    "/v1/models": models("organization_owner"),
}
# Its server answers Ollama's question as well, with both shapes at once.
LLAMACPP = {
    "/api/tags": {"models": [{"name": "m"}], **models("llamacpp")},
    "/v1/models": {"models": [{"name": "m"}], **models("llamacpp")},
    "/health": {"status": "ok"},
}
LLAMACPP_RENAMED = {"/v1/models": models("us"), "/props": {"default_generation_settings": {}, "total_slots": 1}}
VLLM = {"/version": {"version": "0.11.0"}, "/v1/models": models("vllm")}
EXO = {"/v1/models": models("exo")}
EXO_EMPTY = {"/v1/models": {"object": "list", "data": []}, "/node_id": "node-7"}
EXO_OBJECT = {"/v1/models": {"object": "list", "data": []}, "/node_id": {"node_id": "node-7"}}


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        (OLLAMA, "ollama"),
        ({"/api/tags": {"models": []}}, "ollama"),
        (LMSTUDIO, "lmstudio"),
        (LLAMACPP, "llamacpp"),
        (LLAMACPP_RENAMED, "llamacpp"),
        (VLLM, "vllm"),
        (EXO, "exo"),
        (EXO_EMPTY, "exo"),
        (EXO_OBJECT, "exo"),
        ({"/v1/models": models("somebody")}, "generic"),
        ({"/v1/models": {"data": [*models("vllm")["data"], *models("llamacpp")["data"]]}}, "generic"),
        ({"/v1/models": {"data": [7, {}]}, "/node_id": ""}, "generic"),
        ({"/v1/models": ["m"], "/props": "no"}, "generic"),
        ({"/v1/models": models(["a", {}])}, "generic"),
        ({"/v1/models": {"object": "list", "data": []}}, None),
        ({"/health": {"status": "ok"}, "/": {"hello": "world"}, "/version": {"version": "1"}}, None),
        ({"/api/tags": {"models": "none"}, "/api/v0/models": {"data": {}}}, None),
        ({"/v1/models": models("backend_registry")}, None),
    ],
)
def test_it_is_known_by_what_it_says(answers, kind):
    async def work(session):
        async with speaking(answers) as server:
            assert await detect_type(session, server.url) == kind
            assert len(server.seen) <= 6

    run(work)


@pytest.mark.parametrize(("kind", "found"), [("ollama", "ollama"), ("openai", "generic")])
def test_a_fake_backend_is_taken_for_what_it_plays(kind, found):
    async def work(session):
        with FakeBackend(kind=kind) as fake:
            assert await detect_type(session, fake.url) == found

    run(work)


def test_nobody_there_is_nothing():
    async def work(session):
        async with speaking({}) as server:
            url = server.url
        assert await detect_type(session, url) is None

    run(work)


async def not_json(_):
    return web.Response(text="<html>")


async def deep(_):
    return web.Response(text="[" * 100_000)


async def huge(_):
    return web.Response(body=b'{"models": []}'.ljust(2_000_000))


async def away(request):
    raise web.HTTPFound(f"http://{request.host}/elsewhere")


async def hang(_):
    await asyncio.Event().wait()


@pytest.mark.parametrize(("answer", "kind"), [(not_json, "generic"), (deep, "generic"), (huge, "generic"), (away, None)])
def test_odd_answers_do_no_harm_and_redirects_are_not_followed(answer, kind):
    async def work(session):
        async with speaking({"/api/tags": answer, "/v1/models": answer, "/elsewhere": OLLAMA["/api/tags"]}) as server:
            assert await detect_type(session, server.url) == kind
            assert "/elsewhere" not in {request.path for request in server.seen}

    run(work)


def test_one_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr("backend_registry.discovery.detect._TIMEOUT_S", 0.05)

    async def work(session):
        async with speaking({"/api/tags": hang}) as server:
            assert await detect_type(session, server.url) is None
            assert len(server.seen) == 1

    run(work)


def test_all_of_it_has_an_end_too(monkeypatch):
    monkeypatch.setattr("backend_registry.discovery.detect._TOTAL_S", 0.05)

    async def work(session):
        async with speaking({"/api/tags": hang}) as server:
            assert await detect_type(session, server.url) is None

    run(work)


def test_no_credential_is_sent():
    async def work(session):
        async with speaking(VLLM) as server:
            await detect_type(session, server.url)
            assert not [request for request in server.seen if "authorization" in request.headers]

    run(work)


# --- scanning ----------------------------------------------------------------------------------------------------------


def test_what_listens_is_found_by_type_and_what_is_excluded_is_not_asked(registry):
    async def work(session):
        async with speaking(OLLAMA) as ollama, speaking(VLLM) as vllm, speaking(OLLAMA) as own, speaking({}) as other:
            ports = [ollama.port, vllm.port, own.port, other.port]
            scan = ScanSource(session, ports=ports, exclude_ports=[own.port])
            async with following(Fleet(registry), scan):
                await changed(registry, lambda: len(registry) == 2)
            assert ids(registry) == {f"ollama-{ollama.port}", f"vllm-{vllm.port}"}
            assert own.seen == []
            (found,) = (backend for backend in registry if backend.backend_type == "ollama")
            assert (found.url, found.record.discovery_source) == (ollama.url, "scan")

    run(work)


def test_a_server_that_comes_later_is_found_and_one_that_goes_stays_until_another_kind_takes_its_place(registry):
    async def work(session):
        async with speaking({}) as first, speaking({}) as second:
            fleet = Fleet(registry)
            async with following(fleet, ScanSource(session, ports=[first.port, second.port], interval_s=0.01)):
                first.answers = OLLAMA
                await changed(registry, lambda: ids(registry) == {f"ollama-{first.port}"})
                first.answers, second.answers = {}, VLLM
                await changed(registry, lambda: ids(registry) == {f"ollama-{first.port}", f"vllm-{second.port}"})
                first.answers = EXO
                await changed(registry, lambda: ids(registry) == {f"exo-{first.port}", f"vllm-{second.port}"})

    run(work)
