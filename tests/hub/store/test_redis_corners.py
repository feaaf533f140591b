"""What seldom happens between a hub and Redis, each on its own."""

import asyncio

import pytest

from backend_registry.hub.store import FENCE_S, StoreUnavailableError, memory, redis
from backend_registry.hub.store.memory import MemoryStore
from backend_registry.hub.store.redis import RedisStore
from backend_registry.hub.store.redis_nodes import Written
from tests.hub.store.tools import NOW_MS, Node, Told, backend, opened, outcome, settled, until_taken

A, B = backend("a"), backend("b")


async def send(store, message):
    return await store.report(message, now_ms=NOW_MS)


def test_a_redis_that_has_become_a_replica_is_left_for_the_primary(server):
    there = server()

    async def work():
        async with opened(RedisStore(there.url)) as store:
            node = Node("n1", A)
            await send(store, node.full())
            await store._link.send("REPLICAOF", "127.0.0.1", "1")
            assert await outcome(send(store, node.delta(B))) == "unavailable"
            assert await outcome(send(store, Node("n2", A).full())) == "unavailable"
            assert store.records.keys() == {"n1"}
            async with asyncio.timeout(20):
                while store._link.failing:  # noqa: ASYNC110 -- what is waited for has no event
                    await asyncio.sleep(0.01)
            await store._link.send("REPLICAOF", "NO", "ONE")
            await until_taken(store, node.full())
            assert store.records["n1"].entries == node.entries

    asyncio.run(work())


def test_a_key_of_another_kind_costs_its_own_node_and_no_other(redis_url, caplog):
    async def work():
        async with opened(RedisStore(redis_url), run=False) as store:
            node, other = Node("n1", A), Node("n2", A)
            await send(store, node.full())
            await send(store, other.full())
            await store._link.send("SET", store._keys.node + "n1", "no hash")
            answers = await asyncio.gather(*(outcome(send(store, message)) for message in (node.delta(B), other.delta(B))))
            assert answers[0] == "unavailable"
            assert answers[1].result == "applied"
            assert await outcome(send(store, Node("n1", A).beat())) == "unavailable"
            assert store.degraded == "what other hubs wrote is being read" or not store.degraded
            assert (await send(store, other.beat())).result == "refreshed"

    asyncio.run(work())
    assert "Redis refuses a command (ResponseError)" in caplog.text


def test_a_report_whose_sender_has_gone_is_one_state_all_the_same(redis_url):
    async def work():
        async with opened(RedisStore(redis_url)) as store, opened(RedisStore(redis_url)) as other:
            node = Node("n1", A)
            await send(store, node.full())
            for _ in range(20):
                sending = asyncio.create_task(send(store, node.delta(backend("a", weight=node.revision + 1))))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                sending.cancel()
                await asyncio.wait([sending])
                await until_taken(store, node.full())
            await settled(lambda: dict(store.records) == dict(other.records))
            assert store.records["n1"].entries == node.entries
            store.told.assert_in_order()

    asyncio.run(work())


def test_more_than_can_wait_is_refused_and_not_kept(server, monkeypatch):
    there = server()
    monkeypatch.setattr("backend_registry.hub.store.redis_link._WAITING_MOST", 2)

    async def work():
        async with opened(RedisStore(there.url), run=False) as store:
            there.pause()
            calls = [asyncio.create_task(outcome(send(store, Node(f"n{number}", A).full()))) for number in range(9)]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            there.go_on()
            answers = await asyncio.gather(*calls)
            assert answers.count("unavailable") >= 5
            assert len(store.records) == sum(answer != "unavailable" for answer in answers)

    asyncio.run(work())


def test_a_message_does_not_wait_long_for_earlier_ones_of_its_node(server, monkeypatch):
    there = server()
    monkeypatch.setattr(redis, "TURN_S", 0.01)

    async def work():
        async with opened(RedisStore(there.url), run=False) as store:
            there.pause()
            first = asyncio.create_task(outcome(send(store, Node("n1", A).full())))
            await asyncio.sleep(0)
            with pytest.raises(StoreUnavailableError, match="earlier messages"):
                await send(store, Node("n1", A).full())
            there.go_on()
            assert (await first).result == "applied"

    asyncio.run(work())


def test_a_node_that_others_write_to_all_the_time_is_given_up_for_now(redis_url, monkeypatch):
    async def work():
        async with opened(RedisStore(redis_url), run=False) as store:
            node = Node("n1", A)
            await send(store, node.full())

            async def otherwise(*_, **__):
                return Written.OTHERWISE

            monkeypatch.setattr(store._nodes, "write", otherwise)
            for call in (send(store, node.delta(B)), store.delete("n1")):
                with pytest.raises(StoreUnavailableError, match="all the time"):
                    await call
            monkeypatch.undo()

            async def never(*_):
                return False

            monkeypatch.setattr(store._nodes, "_agree", never)
            with pytest.raises(StoreUnavailableError, match="all the time"):
                await store.allow("n1")

    asyncio.run(work())


def test_a_change_that_cannot_be_understood_does_not_end_the_following(redis_url, caplog):
    async def work():
        async with opened(RedisStore(redis_url)) as store, opened(RedisStore(redis_url)) as other:
            await send(store, Node("n1", A).full())
            keys = store._keys
            count = await store._link.send("INCR", keys.count)
            await store._link.send("XADD", keys.changes, "*", "n", count, "change", b"\xff")
            await send(store, Node("n2", A).full())
            await settled(lambda: "n2" in other.records)

    asyncio.run(work())
    assert "do all hubs run the same version?" in caplog.text


# --- fences ------------------------------------------------------------------------------------------------------------


def test_old_fences_are_looked_for_by_themselves(redis_url, clock, monkeypatch):
    monkeypatch.setattr(memory, "SWEEP_S", 0.01)
    monkeypatch.setattr(redis, "SWEEP_S", 0.01)

    async def work():
        for store in (MemoryStore(clock=clock), RedisStore(redis_url, clock=clock)):
            async with opened(store):
                await send(store, Node("n1", A).full())
                await store.delete("n1")
                clock.advance(FENCE_S + 1)
                await settled(lambda store=store: not store.records)

    asyncio.run(work())


def test_a_fence_that_has_become_a_node_again_is_not_dropped(redis_url, clock):
    async def work():
        stores = [RedisStore(redis_url, clock=clock) for _ in range(2)]
        async with opened(stores[0], run=False) as one, opened(stores[1], run=False) as two:
            node = Node("n1", A)
            await send(one, node.full())
            await one.forget(one.records["n1"])
            await send(two, node.full())
            clock.advance(FENCE_S + 1)
            await one.drop_old_fences()
            assert one.records["n1"].presence == "present"

    asyncio.run(work())


def test_an_old_fence_that_redis_has_lost_is_not_written_back(redis_url, clock):
    async def work():
        async with opened(RedisStore(redis_url, clock=clock), run=False) as store:
            await send(store, Node("n1", A).full())
            await store.delete("n1")
            keys = store._keys
            await store._link.send("DEL", keys.node + "n1", keys.nodes, keys.fences)
            clock.advance(FENCE_S + 1)
            await store.drop_old_fences()
            assert dict(store.records) == {}
            assert await store._link.send("EXISTS", keys.node + "n1") == 0

    asyncio.run(work())


def test_fences_wait_for_a_redis_that_is_down(server, clock):
    there = server()

    async def work():
        store = RedisStore(there.url, clock=clock)
        store.told = Told()
        await store.open(store.told)
        await send(store, Node("n1", A).full())
        await store.delete("n1")
        there.kill()
        clock.advance(FENCE_S + 1)
        await store.drop_old_fences()
        assert "n1" in store.records
        await store.close()

    asyncio.run(work())
