"""Asking a node: all it says, within limits of time, size and place."""

import asyncio
import gzip
import json
import threading

import pytest
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from backend_registry import BackendStatus, Registry
from backend_registry.health import open_session
from backend_registry.hub.node_api import NodeApi
from backend_registry.testing import make_backend, make_model
from tests.hub.nodes.asking import TOKEN, ask, refused, root, set_for, settings
from tests.node.running import ENVIRON, VIEWER, RunningNode, guarded
from tests.web.running import RunningApp, eventually

ENTRY = {"id": "b1", "name": "b1", "kind": "vllm", "status": "available"}


class OddNode(RunningApp):
    """A server that answers `GET /backends` with what the test says, and keeps what it was asked."""

    def __init__(self, answer):
        self.asked = []

        async def handler(request):
            self.asked.append(request)
            result = answer(request)
            return await result if asyncio.iscoroutine(result) else result

        super().__init__(lambda: [Route("/{path:path}", handler)])


def says(content, **headers):
    return lambda _: Response(json.dumps(content), media_type="application/json", headers=headers)


# --- what it says ----------------------------------------------------------------------------------------------------


def test_a_node_is_asked_for_every_page_of_its_backends():
    registry = Registry()
    registry.apply([make_backend(f"b{number:04}") for number in range(450)])
    with RunningNode(registry) as node:
        found = ask(set_for(node))
    assert [entry.id for entry in found] == [f"b{number:04}" for number in range(450)]


def test_an_entry_holds_what_the_node_shows():
    registry = Registry()
    model = make_model("m", context_length=8192, supports_tools=True)
    registry.apply([make_backend("a/b", "http://gpu:1", models=(model,), weight=7, features=("x",), instance_id="i")])
    registry.update_status("a/b", BackendStatus.UNHEALTHY, error="no answer")
    with RunningNode(registry) as node:
        (entry,) = ask(set_for(node))
        (shown,) = node.entries()
    said = json.loads(entry.model_dump_json())
    assert said == {name: shown[name] for name in said}
    assert (entry.status, entry.weight, entry.models[0].supports_tools) == ("unavailable", 7, True)


def test_of_a_node_with_more_backends_than_may_be_reported_the_first_are_taken():
    registry = Registry()
    registry.apply([make_backend(f"b{number:04}") for number in range(2050)])
    with RunningNode(registry) as node:
        found = ask(set_for(node))
    assert (len(found), found[-1].id) == (2000, "b1999")


def test_a_page_that_is_longer_than_was_asked_for_is_cut_as_well():
    with OddNode(says([ENTRY] * 2500)) as node:
        assert len(ask(set_for(node))) == 2000


def test_which_credential_variables_are_set_is_passed_on_with_nothing_else():
    said = {"OPENAI_API_KEY": True, "OTHER_KEY": False}
    with OddNode(says([{**ENTRY, "credentials": said}, {**ENTRY, "id": "older"}])) as node:
        assert [entry.credentials for entry in ask(set_for(node))] == [said, {}]
    leaky = {**ENTRY, "credentials": {"OPENAI_API_KEY": "hunter22"}}
    with OddNode(says([leaky])) as node, refused(502, "node_answer_unusable"):
        ask(set_for(node))


def test_fields_of_another_version_are_left_out_and_missing_ones_have_defaults():
    with OddNode(says([{**ENTRY, "news": {"a": 1}}])) as node:
        (entry,) = ask(set_for(node))
    assert "news" not in entry.model_dump()
    assert (entry.weight, entry.operations, entry.intent) == (1, (), "enabled")


def test_what_looks_like_a_credential_is_taken_out_whatever_the_node_says():
    leaky = {
        **ENTRY,
        "name": "sk-abcdefghijkl",
        "base_url": "http://me:hunter22@gpu/?key=hunter22",
        "status_reason": "401 for api_key=hunter22",
        "last_error": "Bearer hunter22",
        "features": ["token=hunter22"],
        "instance_id": "http://me:hunter22@x",
        "source": "http://me:hunter22@x",
        "metadata": {"password": "hunter22"},
        "models": [{"id": "m", "name": "password=hunter22"}],
        "credentials": {"sk-abcdefghijkl": True, "api_key=hunter22": False},
    }
    with OddNode(says([leaky])) as node:
        (entry,) = ask(set_for(node))
    assert "hunter22" not in entry.model_dump_json()
    assert "abcdefghijkl" not in entry.model_dump_json()


# --- with which token ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{"node_token_env": "VIEWER_TOKEN"}, {"own": "VIEWER_TOKEN"}])
def test_the_nodes_viewer_token_lets_the_hub_in(how):
    with RunningNode(auth=guarded()) as node:
        own = {"token_env": how["own"]} if "own" in how else {}
        common = {"node_token_env": how["node_token_env"]} if "node_token_env" in how else {"node_token_env": "OTHER"}
        config = settings(node_urls={"n1": {"url": root(node), **own}}, **common)
        assert ask(config, environ={**ENVIRON, "VIEWER_TOKEN": f"{VIEWER}\n"}) == []


def test_a_token_that_the_node_does_not_know_is_the_hubs_problem_to_tell_of():
    with RunningNode(auth=guarded()) as node, refused(502, "node_refused", "401", "token_env"):
        ask(set_for(node, token_env="TOKEN"), environ={"TOKEN": TOKEN})


@pytest.mark.parametrize("environ", [{}, {"TOKEN": "  "}, {"TOKEN": "a\r\nX-Evil: 1"}, {"TOKEN": "schlüssel"}])
def test_without_the_token_that_was_named_the_node_is_not_asked(environ):
    with OddNode(says([ENTRY])) as node:
        with refused(409, "node_token_missing", "TOKEN"):
            ask(set_for(node, token_env="TOKEN"), environ=environ)
        assert node.asked == []


def test_an_answer_that_repeats_the_token_tells_nobody():
    with OddNode(lambda request: PlainTextResponse(request.headers["authorization"], 500)) as node:
        with refused(502, "node_answer_unusable", "500"):
            ask(set_for(node, token_env="TOKEN"), environ={"TOKEN": TOKEN})
        assert node.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


# --- answers that are none -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        *("{", "", "null", "{}", "[1]", '[{"id": ""}]', '[{"id": "b1"}]', "[" * 100_000, '[{"id": "\\ud800"}]'),
        json.dumps([{**ENTRY, "weight": "much"}]),
        json.dumps([{**ENTRY, "status": "perhaps"}]),
        json.dumps([{**ENTRY, "base_url": "http://[::1"}]),
        "NaN",
        b"\xff\xfe",
        gzip.compress(json.dumps([ENTRY]).encode()),
    ],
)
def test_what_is_no_list_of_backends_is_refused(content):
    odd = OddNode(lambda _: Response(content, media_type="application/json"))
    with odd as node, refused(502, "node_answer_unusable", "not the list"):
        ask(set_for(node))


@pytest.mark.parametrize("status", [204, 206, 404, 418, 500, 503])
def test_only_an_answer_with_status_200_counts(status):
    odd = OddNode(lambda _: Response(None if status == 204 else b"[]", status))
    with odd as node, refused(502, "node_answer_unusable", str(status)):
        ask(set_for(node))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status):
    with OddNode(says([ENTRY])) as elsewhere, OddNode(lambda _: RedirectResponse(root(elsewhere), status)) as node:
        with refused(502, "node_answer_unusable", "redirects"):
            ask(set_for(node, token_env="TOKEN"), environ={"TOKEN": TOKEN})
        assert elsewhere.asked == []


def test_a_link_to_the_next_page_leads_to_the_node_itself_only():
    with OddNode(says([ENTRY])) as elsewhere:

        def paged(request):
            link = {} if "cursor" in request.query_params else {"link": f'<{root(elsewhere)}/secrets?cursor=abc>; rel="next"'}
            return Response(json.dumps([ENTRY]), headers=link)

        with OddNode(paged) as node:
            assert len(ask(set_for(node))) == 2
            assert elsewhere.asked == []
            assert [request.url.path for request in node.asked] == ["/backends", "/backends"]
            assert node.asked[1].query_params["cursor"] == "abc"


def test_pages_without_an_end_come_to_one():
    link = {"link": '</backends?cursor=abc>; rel="next"'}
    with OddNode(says([ENTRY] * 200, **link)) as node:
        assert len(ask(set_for(node))) == 2000
        assert len(node.asked) == 10
    with OddNode(says([], **link)) as node:
        assert ask(set_for(node)) == []
        assert len(node.asked) == 1


def test_an_answer_without_an_end_is_left_when_it_is_too_large():
    sent = []

    async def endless():
        while True:
            sent.append(65_536)
            yield b" " * 65_536
            await asyncio.sleep(0)

    # Patient, so that it is the size that ends it.
    with OddNode(lambda _: StreamingResponse(endless())) as node, refused(502, "node_answer_unusable", "larger"):
        ask(set_for(node), limit_s=30)
    # Beside what was taken in, no more than sockets hold.
    assert 8_000_000 < sum(sent) < 32_000_000


def test_many_pages_are_together_bounded_as_well():
    entry = {**ENTRY, "status_reason": "x" * 3_000_000}
    with OddNode(says([entry], link='</backends?cursor=abc>; rel="next"')) as node:
        with refused(502, "node_answer_unusable", "larger"):
            ask(set_for(node), limit_s=30)
        assert len(node.asked) == 3


# --- no answer -------------------------------------------------------------------------------------------------------


class Held:
    """A handler that answers only when it is let."""

    def __init__(self, first=b""):
        self.waiting = threading.Event()
        self.left = threading.Event()
        self._first = first

    async def __call__(self, _):
        return StreamingResponse(self._body()) if self._first else await self._hold()

    async def _hold(self):
        self.waiting.set()
        try:
            await asyncio.sleep(3600)
        finally:
            self.left.set()

    async def _body(self):
        yield self._first
        await self._hold()


@pytest.mark.parametrize("first", [b"", b"[", b'[{"id": "b1"'])
def test_a_node_that_takes_too_long_is_given_up(first):
    held = Held(first)
    with OddNode(held) as node:
        with refused(504, "node_timeout", "0.3 s"):
            ask(set_for(node), limit_s=0.3)
        assert held.waiting.is_set()
        node.in_loop(lambda: [task.cancel() for task in asyncio.all_tasks() if "run_asgi" in repr(task)])


def test_the_limit_is_for_all_pages_together():
    async def paged(request):
        if len(node.asked) == 3:
            await asyncio.sleep(3600)
        return Response(json.dumps([ENTRY]), headers={"link": '</backends?cursor=abc>; rel="next"'})

    with OddNode(paged) as node:
        with refused(504, "node_timeout"):
            ask(set_for(node), limit_s=1)
        assert len(node.asked) == 3
        node.in_loop(lambda: [task.cancel() for task in asyncio.all_tasks() if "run_asgi" in repr(task)])


def test_a_node_that_is_not_there_is_a_problem_of_the_node():
    with OddNode(says([])) as node:
        config = set_for(node)
    with refused(502, "node_unreachable", "connection refused", "runs"):
        ask(config)


def test_a_name_that_nobody_knows_is_a_problem_of_the_node():
    with refused(502, "node_unreachable", "host name not found"):
        ask(settings(node_urls={"n1": {"url": "http://nowhere.invalid:1"}}))


def test_no_more_than_sixteen_nodes_are_asked_at_once():
    most = now = 0

    async def counting(_):
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return Response("[]")

    async def asking():
        async with open_session(connect_timeout_s=5) as session:
            api = NodeApi(session, set_for(node), {}, limit_s=30)
            await asyncio.gather(*(api.backends_of("n1", None) for _ in range(50)))

    with OddNode(counting) as node:
        asyncio.run(asking())
        assert (most, len(node.asked)) == (16, 50)


def test_who_no_longer_waits_for_the_answer_ends_the_question():
    held = Held()

    async def asking():
        async with open_session(connect_timeout_s=5) as session:
            api = NodeApi(session, set_for(node), {}, limit_s=30)
            question = asyncio.create_task(api.backends_of("n1", None))
            await asyncio.to_thread(held.waiting.wait, 20)
            question.cancel()
            with pytest.raises(asyncio.CancelledError):
                await question

    with OddNode(held) as node:
        asyncio.run(asking())
        eventually(lambda: not node._server.server_state.connections, "the connection is closed")
        node.in_loop(lambda: [task.cancel() for task in asyncio.all_tasks() if "run_asgi" in repr(task)])
