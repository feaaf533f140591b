"""Several hubs on one Redis: any of them takes any report, and all of them come to the same."""

import asyncio
import random

import pytest

from backend_registry.hub.store import FENCE_S, StoreUnavailableError, open_store
from backend_registry.hub.store.redis import RedisStore
from backend_registry.protocol import RefusedReportError, digest_of
from tests.hub.store.tools import NOW_MS, Node, backend, opened, settled

A, B = backend("a"), backend("b")


async def send(store, message):
    return await store.report(message, now_ms=NOW_MS)


def agree(*stores):
    first = stores[0]
    return all(
        dict(store.records) == dict(first.records)
        and all(store.wishes_of(node_id) == first.wishes_of(node_id) for node_id in first.records)
        for store in stores[1:]
    )


def with_hubs(redis_url, number, test, *, run=True, clock=None):
    async def work():
        facts = {} if clock is None else {"clock": clock}
        stores = [RedisStore(redis_url, **facts) for _ in range(number)]
        async with opened(stores[0], run=run):
            if number == 1:
                await test(stores[0])
            elif number == 2:
                async with opened(stores[1], run=run):
                    await test(*stores)
            else:
                async with opened(stores[1], run=run), opened(stores[2], run=run):
                    await test(*stores)

    asyncio.run(work())


# --- one hub hears of another ------------------------------------------------------------------------------------------


def test_what_one_hub_takes_in_the_others_have_at_once(redis_url):
    async def work(one, two, three):
        node = Node("n1", A, B)
        await send(one, node.full(url="http://10.0.0.9:8484"))
        await settled(lambda: "n1" in two.records and "n1" in three.records)
        await send(two, node.delta(backend("a", weight=5), deletes=["b"]))
        await settled(lambda: agree(one, two, three))
        assert one.records["n1"].entries == {"a": backend("a", weight=5)}
        assert (await send(three, node.beat())).result == "refreshed"
        await three.delete("n1")
        await settled(lambda: one.records["n1"].presence == two.records["n1"].presence == "deleted")
        for store in (one, two, three):
            store.told.assert_in_order()
            assert len(store.told) == 3

    with_hubs(redis_url, 3, work)


def test_a_change_by_another_hub_is_told_without_a_verdict_and_keeps_unchanged_objects(redis_url):
    async def work(one, two):
        node = Node("n1", A, B)
        await send(one, node.full())
        await settled(lambda: "n1" in two.records)
        before = two.records["n1"].entries["b"]
        await send(one, node.delta(backend("a", weight=5)))
        await settled(lambda: len(two.told) == 2)
        assert [change.verdict for change in two.told] == [None, None]
        assert two.records["n1"].entries["b"] is before
        assert all(change.verdict is not None for change in one.told)

    with_hubs(redis_url, 2, work)


def test_a_large_report_reaches_the_others_too(redis_url):
    async def work(one, two):
        node = Node("n1", *(backend(f"b{number}") for number in range(2000)))
        await send(one, node.full())
        await settled(lambda: agree(one, two))
        await send(two, node.delta(deletes=[f"b{number}" for number in range(1999)]))
        await settled(lambda: agree(one, two))
        assert len(one.records["n1"].entries) == 1

    with_hubs(redis_url, 2, work)


def test_wishes_are_handed_out_by_every_hub_and_done_at_every_hub(redis_url):
    async def work(one, two):
        node = Node("n1", A, B)
        await send(one, node.full())
        made = await two.wish("n1", {"a": "draining", "b": "disabled"}, reason="why", now_ms=NOW_MS)
        await settled(lambda: one.wishes_of("n1") == made)
        await send(one, node.delta(backend("a", generation=made[0].generation)))
        await settled(lambda: two.wishes_of("n1") == made[1:])
        assert two.told[-1].done == made[:1]
        assert one.told[-1].done == made[:1]

    with_hubs(redis_url, 2, work)


# --- a hub that has not heard yet --------------------------------------------------------------------------------------


def test_a_hub_that_has_not_heard_of_a_change_judges_by_what_redis_has(redis_url):
    """Nobody follows the stream here: every hub has only what it wrote or had to read."""

    async def work(one, two):
        node = Node("n1", A)
        await send(one, node.full())
        assert "n1" not in two.records
        assert (await send(two, node.beat())).result == "refreshed"
        await send(one, node.delta(B))
        assert (await send(two, node.beat())).result == "refreshed"
        await send(two, node.delta(deletes=["a"]))
        await send(one, node.delta(backend("a", weight=3)))
        assert one.records["n1"].digest == digest_of(node.entries.values())
        await two.delete("n1")
        with pytest.raises(RefusedReportError) as refusal:
            await send(one, node.beat())
        assert refusal.value.code == "node_deleted"
        assert await one.allow("n1")
        await send(two, node.full())
        assert two.records["n1"].presence == "present"
        one.told.assert_in_order()
        two.told.assert_in_order()

    with_hubs(redis_url, 2, work, run=False)


def test_a_write_by_another_hub_between_judging_and_writing_is_not_overwritten(redis_url, monkeypatch):
    async def work(one, two):
        node = Node("n1", A)
        await send(one, node.full())
        await send(two, node.beat())
        late = node.delta(backend("a", weight=2))
        asked = []
        script = one._link.script

        async def after_another(text, keys, *arguments):
            if not asked:
                asked.append(text)
                await two.delete("n1")
            return await script(text, keys, *arguments)

        monkeypatch.setattr(one._link, "script", after_another)
        with pytest.raises(RefusedReportError) as refusal:
            await send(one, late)
        assert refusal.value.code == "node_deleted"
        assert asked
        assert one.records["n1"].presence == "deleted"
        assert agree(one, two)

    with_hubs(redis_url, 2, work, run=False)


def test_an_answer_that_comes_after_the_next_change_does_not_bring_the_old_state_back(redis_url, monkeypatch):
    async def work(one, two):
        node = Node("n1", A)
        await send(one, node.full())
        await settled(lambda: "n1" in two.records)
        first, second = node.delta(B), node.delta(backend("a", weight=2))
        script, held_back = one._link.script, []

        async def late(text, keys, *arguments):
            answer = await script(text, keys, *arguments)
            if not held_back:
                held_back.append(answer)
                await send(two, second)
                await settled(lambda: one.records["n1"].revision == 3)
            return answer

        monkeypatch.setattr(one._link, "script", late)
        verdict = await send(one, first)
        assert held_back == [1]
        assert one.records["n1"].entries == node.entries
        assert [change.after.revision for change in one.told] == [1, 2, 3]
        # The stream told of this hub's own report before the answer did; it was told as what it is.
        assert one.told[1].verdict is verdict
        one.told.assert_in_order()

    with_hubs(redis_url, 2, work)


def test_a_beat_for_a_state_that_another_hub_has_replaced_is_judged_by_the_new_one(redis_url):
    async def work(one, two):
        node = Node("n1", A)
        await send(one, node.full())
        await send(two, node.beat())
        await two.delete("n1")
        with pytest.raises(RefusedReportError):
            await send(one, node.beat())

    with_hubs(redis_url, 2, work, run=False)


def test_a_node_is_not_forgotten_if_another_hub_has_heard_it(redis_url):
    async def work(one, two):
        node = Node("n1", A)
        await send(one, node.full())
        await one.ages()
        await asyncio.sleep(0.005)  # Redis's clock has milliseconds
        await send(two, node.beat())
        assert await one.forget(one.records["n1"]) is False
        assert one.records["n1"].presence == "present"
        await one.ages()
        assert await one.forget(one.records["n1"]) is True
        assert one.records["n1"].presence == "forgotten"
        assert (await one.ages()) == {}

    with_hubs(redis_url, 2, work, run=False)


def test_ages_are_those_of_all_hubs(redis_url):
    async def work(one, two):
        await asyncio.gather(send(one, Node("n1", A).full()), send(two, Node("n2", A).full()))
        assert (await one.ages()).keys() == (await two.ages()).keys() == {"n1", "n2"}

    with_hubs(redis_url, 2, work, run=False)


# --- everything at once ------------------------------------------------------------------------------------------------


def test_hubs_that_are_written_to_at_the_same_time_come_to_the_same(redis_url):
    """Nodes change hubs with every message, operators act at any hub, and nothing that was acknowledged is lost."""
    rng = random.Random(11)

    async def live(node, stores):
        await send(rng.choice(stores), node.full())
        for step in range(25):
            store = rng.choice(stores)
            choice = rng.random()
            if choice < 0.1:
                await store.wish(node.facts["node_id"], {"a": "draining"}, reason="", now_ms=NOW_MS)
            elif choice < 0.3:
                await send(store, node.beat())
            else:
                await send(store, node.delta(backend("a", weight=step), backend(f"b{step % 4}", weight=step)))
            await asyncio.sleep(rng.choice((0, 0, 0.001)))

    async def work(*stores):
        nodes = [Node(f"n{number}", A) for number in range(12)]
        await asyncio.gather(*(live(node, stores) for node in nodes))
        await settled(lambda: agree(*stores))
        for store in stores:
            store.told.assert_in_order()
            for node in nodes:
                record = store.records[node.facts["node_id"]]
                assert (record.revision, record.entries) == (node.revision, node.entries)

    with_hubs(redis_url, 3, work)


# --- the stream --------------------------------------------------------------------------------------------------------


def test_a_hub_whose_place_in_the_stream_is_gone_compares_everything(redis_url):
    async def work(one, two):
        following = asyncio.create_task(two.run())
        first, second = Node("n1", A), Node("n2", A)
        await send(one, first.full())
        await settled(lambda: "n1" in two.records)
        following.cancel()
        await asyncio.wait([following])
        await send(one, second.full())
        for step in range(5):
            await send(one, first.delta(backend("a", weight=step)))
        await one._link.send("XTRIM", one._keys.changes, "MAXLEN", "1")
        following = asyncio.create_task(two.run())
        await send(one, first.delta(B))
        await settled(lambda: agree(one, two))
        following.cancel()
        await asyncio.wait([following])
        two.told.assert_in_order()

    with_hubs(redis_url, 2, work, run=False)


def test_keys_that_somebody_has_removed_are_written_again_though_no_connection_was_lost(redis_url):
    async def work(one, two):
        node = Node("n1", A, B)
        await send(one, node.full())
        made = await one.wish("n1", {"a": "draining"}, reason="", now_ms=NOW_MS)
        await send(one, Node("n2", A).full())
        await one.delete("n2")
        await settled(lambda: agree(one, two))
        keys = one._keys
        await one._link.send(
            "DEL", keys.changes, keys.count, keys.nodes, keys.leases, keys.fences, keys.node + "n1", keys.node + "n2"
        )
        async with asyncio.timeout(20):
            while await one._link.send("SMEMBERS", keys.nodes) != {b"n1", b"n2"}:  # noqa: ASYNC110 -- it happens in Redis
                await asyncio.sleep(0.01)
        third = RedisStore(redis_url)
        async with opened(third):
            assert agree(one, third)
            assert third.records["n2"].presence == "deleted"
            assert third.wishes_of("n1") == made

    with_hubs(redis_url, 2, work)


# --- fences ------------------------------------------------------------------------------------------------------------


def test_fences_are_dropped_by_all_hubs_after_a_week(redis_url, clock):
    async def work(one, two):
        node = Node("n1", A)
        await send(one, node.full())
        await one.delete("n1")
        await settled(lambda: agree(one, two))
        clock.advance(FENCE_S - 1)
        await one.drop_old_fences()
        assert "n1" in one.records
        clock.advance(2)
        await one.drop_old_fences()
        assert "n1" not in one.records
        await settled(lambda: "n1" not in two.records)
        assert two.told[-1].after is None
        assert await one._link.send("EXISTS", one._keys.node + "n1") == 0
        assert await one._link.send("SMEMBERS", one._keys.nodes) == set()

    with_hubs(redis_url, 2, work, clock=clock)


def test_the_age_of_a_fence_goes_with_it_to_a_hub_that_starts_later(redis_url, clock):
    async def work(one):
        await send(one, Node("n1", A).full())
        await one.delete("n1")
        day_ms = 86_400_000
        at = float(await one._link.send("ZSCORE", one._keys.fences, "n1"))
        await one._link.send("ZADD", one._keys.fences, str(at - day_ms), "n1")
        async with opened(RedisStore(redis_url, clock=clock)) as two:
            assert 86_400 <= two._holding.fence_age_s("n1") < 86_500

    with_hubs(redis_url, 1, work, clock=clock)


# --- what cannot be understood -----------------------------------------------------------------------------------------


def test_what_another_version_wrote_is_left_alone_and_said(redis_url, caplog):
    async def work(one, two):
        node, other = Node("n1", A), Node("n2", A)
        await send(one, node.full())
        await send(one, other.full())
        await one._link.send(
            "HSET", one._keys.node + "n1", "e:a", b'{"id":"a","kind":"vllm","name":"a","news":1}', "mark", "9.x"
        )
        with pytest.raises(StoreUnavailableError, match="left alone"):
            await send(two, node.beat())
        async with opened(RedisStore(redis_url)) as three:
            assert three.records.keys() == {"n2"}
        assert "do all hubs run the same version?" in caplog.text
        assert (await send(two, other.beat())).result == "refreshed"

    with_hubs(redis_url, 2, work, run=False)


def test_two_clusters_with_prefixes_of_their_own_share_a_redis(shared_server, tmp_path):
    async def work():
        urls = [f"{shared_server.url}?prefix={name}" for name in ("team-a", "{team-b}")]
        stores = [open_store(url, state_dir=tmp_path) for url in urls]
        async with opened(stores[0]) as one, opened(stores[1]) as two:
            await send(one, Node("n1", A).full())
            await send(two, Node("n2", A).full())
            assert one.records.keys() == {"n1"}
            assert two.records.keys() == {"n2"}
            assert one._keys.node == "{team-a}:node:"
            assert two._keys.node == "{team-b}:node:"

    asyncio.run(work())
