"""The further nodes of the demonstration and their clients: real parts, looked at one by one."""

import asyncio
import contextlib
import itertools
import random

import aiohttp
import pytest

from backend_registry import Registry
from backend_registry.config import HubConfig, parse_fleet
from backend_registry.health import open_session
from backend_registry.hub import Hub, open_store
from backend_registry.node import Stopping
from backend_registry.serve.demo import demo_servers
from backend_registry.serve.demo.fleet import OFFERS
from backend_registry.serve.demo.nodes import opened_node
from backend_registry.serve.demo.traffic import Question, Tide, ask_gateway, ask_node, talk
from backend_registry.testing import FakeBackend

CHAT = Question("m", "chat_completions")
CONFIG = parse_fleet("health.interval_s = 0.2\nreport.beat_s = 0.2\n")


async def eventually(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 -- what is waited for has no event
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def opened_hub(tmp_path):
    clock = asyncio.get_running_loop().time
    hub = Hub(
        open_store("memory", state_dir=tmp_path),
        HubConfig(suspect_s=1.5, unreachable_s=3.0),
        rng=random.Random(0),
        clock=clock,
        now_ms=lambda: round(clock() * 1000),
    )
    await hub.open()
    running = asyncio.create_task(hub.run())
    try:
        yield hub
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await hub.close()


@contextlib.asynccontextmanager
async def running_node(hub, server):
    async with (
        open_session(connect_timeout_s=5) as session,
        opened_node("n", [server.backend()], CONFIG, session, hub.report) as node,
    ):
        running = asyncio.create_task(node.run())
        try:
            await eventually(lambda: "n" in hub.view and hub.view.entries_of("n")["a"].status == "available")
            yield node
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


def test_a_node_finds_out_what_fails_and_the_hub_knows_why(tmp_path):
    async def run():
        async with opened_hub(tmp_path) as hub:
            with FakeBackend("a") as server:
                async with running_node(hub, server):
                    await asyncio.to_thread(server.fail, "refuse")
                    await eventually(lambda: hub.view.entries_of("n")["a"].status_reason == "connection refused")
                    await asyncio.to_thread(server.recover)
                    await eventually(lambda: hub.view.entries_of("n")["a"].status == "available")

    asyncio.run(run())


def test_a_node_that_is_cut_off_is_suspected_and_comes_back(tmp_path):
    async def run():
        async with opened_hub(tmp_path) as hub:
            with FakeBackend("a") as server:
                async with running_node(hub, server) as node:
                    node.uplink.cut = True
                    await eventually(lambda: hub.liveness.standing("n").value == "suspect")
                    node.uplink.cut = False
                    await eventually(lambda: hub.liveness.standing("n").value == "live")

    asyncio.run(run())


def test_a_node_can_be_asked_itself_where_it_says_and_does_what_the_hub_wants(tmp_path):
    async def run():
        async with opened_hub(tmp_path) as hub:
            with FakeBackend("a") as server:
                async with running_node(hub, server), aiohttp.ClientSession() as client:
                    url = hub.store.records["n"].url
                    assert url.startswith("http://127.0.0.1:")
                    await hub.wish("n", {"a": "draining"}, actor="test", reason="why not")
                    await eventually(lambda: hub.view.entries_of("n")["a"].intent == "draining")
                    async with client.get(f"{url}/backends") as answer:
                        (entry,) = await answer.json()
                    assert (entry["id"], entry["intent"]) == ("a", "draining")

    asyncio.run(run())


def test_a_node_that_is_told_to_stop_says_goodbye_and_listens_no_more(tmp_path):
    async def run():
        async with opened_hub(tmp_path) as hub:
            with FakeBackend("a") as server:
                async with running_node(hub, server) as node:
                    url = hub.store.records["n"].url
                    node.stop()
                    await eventually(lambda: hub.liveness.standing("n").value == "departed")
                async with aiohttp.ClientSession() as client:
                    with pytest.raises(aiohttp.ClientConnectionError):
                        await client.get(f"{url}/healthz")

    asyncio.run(run())


# --- the cluster -------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def opened_demo(offers):
    """The jobs of a demonstration without a hub, what runs of them, what stops them, and the servers."""
    with demo_servers(offers) as demo:
        gateway = demo.servers["chat-small", "fra-1"]
        readiness = Stopping()
        async with demo.opened(CONFIG, gateway.url, None, readiness, random.Random(0)) as jobs:
            running = [asyncio.create_task(job) for job in jobs]
            try:
                yield running, readiness, gateway
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)


def test_clients_hang_up_when_the_process_is_told_to_stop():
    async def run():
        offers = [offer for offer in OFFERS if offer.name == "chat-small"]
        async with opened_demo(offers) as (running, readiness, gateway):
            await eventually(lambda: any(request.path == "/v1/chat/completions" for request in gateway.requests))
            assert not any(task.done() for task in running)
            readiness.stop()
            await eventually(lambda: any(task.done() for task in running))
            await eventually(lambda: gateway.in_flight == 0)
            # Without a hub there is nobody to be told of other nodes: the clients, and the weather, which goes on.
            assert [task.done() for task in running].count(False) == 1
            assert len(running) == 2

    asyncio.run(run())


# --- clients -----------------------------------------------------------------------------------------------------------


async def asked(server, question, status=None):
    """The registry, after one question to it."""
    registry = Registry()
    registry.add_backend(server.backend(models=["m"], operations=[question.operation]))
    registry.update_status(server.id, "healthy")
    if status is not None:
        await asyncio.to_thread(server.fail, "status", status=status, times=1)
    async with aiohttp.ClientSession() as session:
        await ask_node(session, registry)(question, "why?")
    return registry


@pytest.mark.parametrize("operation", ["chat_completions", "embeddings", "rerank", "audio_speech"])
def test_clients_of_a_node_ask_a_backend_what_it_is_for(operation):
    with FakeBackend("a", models=["m"]) as server:
        registry = asyncio.run(asked(server, Question("m", operation)))
        assert [request.path for request in server.requests] == [Question("m", operation).path]
    backend = registry.get_backend("a")
    assert (backend.total_requests, backend.pending_requests) == (1, 0)
    assert backend.tally.ema_us is not None


def test_a_refused_question_counts_and_is_no_time_of_an_answer():
    with FakeBackend("a", models=["m"]) as server:
        backend = asyncio.run(asked(server, CHAT, 500)).get_backend("a")
    assert (backend.total_requests, backend.pending_requests, backend.tally.ema_us) == (1, 0, None)


def test_a_dead_backend_or_none_at_all_ends_no_client():
    async def run():
        with FakeBackend("a", models=["m"]) as server:
            backend = server.backend()
        registry = Registry()
        async with aiohttp.ClientSession() as session:
            await ask_node(session, registry)(CHAT, "why?")
            registry.add_backend(backend)
            registry.update_status("a", "healthy")
            await ask_node(session, registry)(CHAT, "why?")
            await ask_gateway(session, backend.url)(CHAT, "why?")
        return backend

    assert asyncio.run(run()).total_requests == 1


def test_clients_hang_up_when_they_are_cancelled():
    async def run():
        with FakeBackend("a", models=["m"]) as server:
            await asyncio.to_thread(server.fail, "hang")
            async with aiohttp.ClientSession() as session:
                talking = asyncio.create_task(talk(ask_gateway(session, server.url), [CHAT], Tide(0.001), random.Random(0)))
                await eventually(lambda: server.in_flight == 8)
                talking.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await talking
                await eventually(lambda: server.in_flight == 0)

    asyncio.run(run())


def test_clients_ask_at_most_eight_at_once_and_what_came_meanwhile_is_never_asked():
    async def run():
        asked, enough, answered = [], asyncio.Event(), asyncio.Event()
        turns = itertools.count()

        async def ask(question, topic):
            asked.append(question)
            await answered.wait()

        async def sleep(_):
            if next(turns) == 100:
                enough.set()
                await asyncio.Event().wait()
            await asyncio.sleep(0)

        talking = asyncio.create_task(talk(ask, [CHAT], Tide(1.0), random.Random(0), sleep))
        await enough.wait()
        assert len(asked) == 8
        answered.set()
        for _ in range(300):
            await asyncio.sleep(0)
        talking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await talking
        assert len(asked) == 8

    asyncio.run(run())


def test_clients_come_in_waves():
    tide, rng = Tide(1.0, period_s=100.0), random.Random(0)
    high, low = (sum(tide.gap_s(at_s, rng) for _ in range(2000)) for at_s in (25, 75))
    assert 7 < low / high < 11
    assert Tide(1.0, phase=0.5).gap_s(0, random.Random(1)) == pytest.approx(Tide(1.0).gap_s(0, random.Random(1)))
