"""A Redis that is killed, stopped, emptied, slow or cut off: reads go on, nothing acknowledged is lost, all waits end."""

import asyncio
import logging

import pytest

from backend_registry.hub.store import StoreUnavailableError
from backend_registry.hub.store.redis import RedisStore
from backend_registry.hub.store.redis_link import COMMAND_S
from tests.hub.store.servers import Proxy
from tests.hub.store.tools import NOW_MS, Node, Told, backend, opened, outcome, settled, until_taken

A, B = backend("a"), backend("b")
LIMIT_S = 3 * COMMAND_S
"""What a call may take at most, with room for a loaded machine."""


async def send(store, message):
    return await store.report(message, now_ms=NOW_MS)


async def down(*stores):
    await settled(lambda: all(store.degraded == "Redis cannot be reached" for store in stores))


async def up(*stores):
    await settled(lambda: not any(store.degraded for store in stores))


def run(test):
    asyncio.run(test())


def test_without_a_redis_there_is_no_store_to_begin_with(server):
    there = server()
    there.stop()

    async def work():
        store = RedisStore(there.url)
        with pytest.raises(StoreUnavailableError, match="cannot be reached"):
            await store.open(Told())
        await store.close()

    run(work)


def test_with_redis_down_reports_are_refused_and_reads_go_on(server, caplog):
    there = server(keeps=True)
    caplog.set_level(logging.INFO, "backend_registry.hub")

    async def work():
        async with opened(RedisStore(there.url)) as store:
            node = Node("n1", A)
            await send(store, node.full())
            made = await store.wish("n1", {"a": "draining"}, reason="", now_ms=NOW_MS)
            there.kill()
            await down(store)
            for call in (
                send(store, node.beat()),
                send(store, Node("n2", A).full()),
                store.delete("n1"),
                store.allow("n1"),
                store.forget(store.records["n1"]),
                store.wish("n1", {"a": "enabled"}, reason="", now_ms=NOW_MS),
                store.ages(),
            ):
                with pytest.raises(StoreUnavailableError) as refusal:
                    await call
                assert refusal.value.retry_after_s > 0
            assert store.records.keys() == {"n1"}
            assert store.wishes_of("n1") == made
            assert len(store.told) == 1
            there.start()
            await up(store)
            assert (await send(store, node.beat())).result == "refreshed"
            assert len(store.told) == 1

    run(work)
    messages = [record.getMessage() for record in caplog.records]
    assert sum("cannot be reached" in message for message in messages) == 1
    assert sum("can be reached again" in message for message in messages) == 1


def test_nothing_acknowledged_is_lost_by_kills_of_a_redis_that_keeps_it(server):
    there = server(keeps=True)

    async def live(node, store, acknowledged, stop):
        await until_taken(store, node.full())
        while not stop.is_set():
            verdict = await until_taken(store, node.delta(backend("a", weight=node.revision)))
            acknowledged[node.facts["node_id"]] = verdict.record
            await asyncio.sleep(0.001)

    async def work():
        acknowledged, stop = {}, asyncio.Event()
        async with opened(RedisStore(there.url)) as one, opened(RedisStore(there.url)) as two:
            nodes = [Node(f"n{number}", A, B) for number in range(8)]
            lives = [
                asyncio.create_task(live(node, (one, two)[place % 2], acknowledged, stop)) for place, node in enumerate(nodes)
            ]
            for _ in range(3):
                counted = sum(node.revision for node in nodes) + 100
                await settled(lambda least=counted: sum(node.revision for node in nodes) > least)
                there.kill()
                await down(one, two)
                there.start()
                await up(one, two)
            stop.set()
            await asyncio.gather(*lives)
            await settled(lambda: dict(one.records) == dict(two.records))
            for store in (one, two):
                store.told.assert_in_order()
                assert dict(store.records) == acknowledged
        async with opened(RedisStore(there.url)) as later:
            assert dict(later.records) == acknowledged

    run(work)


def test_a_redis_that_starts_empty_is_filled_again_by_the_hubs_that_still_know(server):
    there = server()

    async def work():
        async with opened(RedisStore(there.url)) as one, opened(RedisStore(there.url)) as two:
            nodes = [Node(f"n{number}", A, B) for number in range(300)]
            await asyncio.gather(*(send(one, node.full()) for node in nodes))
            made = await one.wish("n1", {"a": "draining"}, reason="", now_ms=NOW_MS)
            await one.delete("n0")
            await settled(lambda: dict(one.records) == dict(two.records) and two.wishes_of("n1") == made)
            known, told = dict(one.records), len(one.told) + len(two.told)
            there.kill()
            await down(one, two)
            there.start()
            await up(one, two)
            assert dict(one.records) == dict(two.records) == known
            assert len(one.told) + len(two.told) == told
            async with opened(RedisStore(there.url)) as later:
                assert dict(later.records) == known
                assert later.records["n0"].presence == "deleted"
                assert later.wishes_of("n1") == made
            # A node that beats in the state that was known needs to send nothing again.
            assert (await send(two, nodes[5].beat())).result == "refreshed"
            # What they have written back is one state: both go on from it.
            await send(one, nodes[5].delta(backend("a", weight=9)))
            await settled(lambda: dict(one.records) == dict(two.records))

    run(work)


def test_what_redis_has_lost_of_its_last_writes_is_written_back_over_what_it_still_has(server):
    there = server(keeps=True)

    async def work():
        async with opened(RedisStore(there.url)) as one, opened(RedisStore(there.url)) as two:
            changed, removed, restarted = Node("n1", A), Node("n2", A), Node("n3", A)
            for node in (changed, removed, restarted):
                await send(one, node.full())
            there.kill()
            await down(one, two)
            saved = {file: file.read_bytes() for file in there.directory.rglob("*") if file.is_file()}
            there.start()
            await up(one, two)
            await until_taken(one, changed.delta(B))
            await one.delete("n2")
            await until_taken(two, Node("n3", B, epoch=restarted.facts["epoch"] + 5, instance="two").full())
            await settled(lambda: dict(one.records) == dict(two.records))
            known = dict(one.records)
            there.kill()
            await down(one, two)
            for file, data in saved.items():
                file.write_bytes(data)
            there.start()
            await up(one, two)
            await settled(lambda: dict(one.records) == dict(two.records))
            assert dict(one.records) == known
        async with opened(RedisStore(there.url)) as later:
            assert dict(later.records) == known
            assert later.records["n2"].presence == "deleted"

    run(work)


def test_a_report_between_the_loss_and_the_writing_back_loses_nothing(server):
    """A hub that does not follow, so that nothing but the report itself brings it to agree with the emptied Redis."""
    there = server()

    async def work():
        async with opened(RedisStore(there.url), run=False) as store:
            node = Node("n1", A, B)
            await send(store, node.full())
            made = await store.wish("n1", {"b": "draining"}, reason="", now_ms=NOW_MS)
            await store._link.send("FLUSHALL")
            await send(store, node.delta(backend("a", weight=2)))
            assert store.records["n1"].entries == node.entries
            assert store.wishes_of("n1") == made
            async with opened(RedisStore(there.url), run=False) as later:
                assert dict(later.records) == dict(store.records)
                assert later.wishes_of("n1") == made
            await store._link.send("FLUSHALL")
            assert (await send(store, node.beat())).result == "refreshed"
            async with opened(RedisStore(there.url), run=False) as later:
                assert dict(later.records) == dict(store.records)

    run(work)


# --- stopped, slow, cut off --------------------------------------------------------------------------------------------


def test_a_stopped_redis_holds_nobody_up_for_long(server):
    there = server()

    async def work():
        async with opened(RedisStore(there.url)) as store:
            nodes = [Node(f"n{number}", A) for number in range(50)]
            await asyncio.gather(*(send(store, node.full()) for node in nodes))
            there.pause()
            try:
                async with asyncio.timeout(LIMIT_S):
                    answers = await asyncio.gather(*(outcome(send(store, node.delta(B))) for node in nodes))
                assert set(answers) == {"unavailable"}
                assert store.degraded == "Redis cannot be reached"
                assert len(store.records) == 50
            finally:
                there.go_on()
            await up(store)
            for node in nodes:
                assert (await until_taken(store, node.full())).result in {"applied", "refreshed"}
                assert store.records[node.facts["node_id"]].entries == node.entries
            store.told.assert_in_order()

    run(work)


def test_a_command_has_a_time_limit_of_its_own(server):
    """Nothing else runs here that would notice."""
    there = server()

    async def work():
        async with opened(RedisStore(there.url), run=False) as store:
            there.pause()
            try:
                async with asyncio.timeout(LIMIT_S):
                    assert await outcome(send(store, Node("n1", A).full())) == "unavailable"
            finally:
                there.go_on()

    run(work)


def test_a_redis_that_has_forgotten_the_scripts_is_told_them_again(server):
    there = server()

    async def work():
        async with opened(RedisStore(there.url), run=False) as store:
            await store._link.send("SCRIPT", "FLUSH")
            node = Node("n1", A)
            answers = await asyncio.gather(send(store, node.full()), send(store, Node("n2", A).full()))
            assert [answer.result for answer in answers] == ["applied", "applied"]
            await store._link.send("SCRIPT", "FLUSH")
            assert (await send(store, node.beat())).result == "refreshed"

    run(work)


def test_a_stopped_redis_is_noticed_by_a_hub_that_nobody_reports_to(server):
    there = server()

    async def work():
        async with opened(RedisStore(there.url)) as store:
            there.pause()
            await down(store)
            there.go_on()
            await up(store)

    run(work)


def test_a_slow_redis_is_slow_and_a_too_slow_one_is_down(server):
    there = server()

    async def work():
        async with Proxy(there.port) as proxy, opened(RedisStore(proxy.url)) as store:
            nodes = [Node(f"n{number}", A) for number in range(20)]
            proxy.delay_s = 0.1
            async with asyncio.timeout(20):
                await asyncio.gather(*(send(store, node.full()) for node in nodes))
            proxy.delay_s = COMMAND_S + 1
            async with asyncio.timeout(LIMIT_S):
                assert await outcome(send(store, nodes[0].beat())) == "unavailable"
            proxy.delay_s = 0.0
            await up(store)
            assert (await until_taken(store, nodes[0].beat())).result == "refreshed"

    run(work)


def test_a_hub_that_is_cut_off_keeps_the_last_view_and_takes_up_what_it_missed(server):
    there = server()

    async def work():
        async with Proxy(there.port) as proxy, opened(RedisStore(proxy.url)) as cut, opened(RedisStore(there.url)) as other:
            stays, changes, goes = Node("n1", A), Node("n2", A), Node("n3", A)
            for node in (stays, changes, goes):
                await send(cut, node.full())
            await settled(lambda: len(other.records) == 3)
            proxy.cut()
            await down(cut)
            await send(other, changes.delta(B))
            await other.delete("n3")
            await send(other, Node("n4", A).full())
            assert cut.records["n2"].entries == {"a": A}
            assert await outcome(send(cut, stays.beat())) == "unavailable"
            proxy.heal()
            await up(cut)
            assert dict(cut.records) == dict(other.records)
            cut.told.assert_in_order()
            assert (await send(cut, changes.beat())).result == "refreshed"

    run(work)


def test_a_link_that_swallows_everything_is_noticed(server):
    there = server()

    async def work():
        async with Proxy(there.port) as proxy, opened(RedisStore(proxy.url)) as store:
            node = Node("n1", A)
            await send(store, node.full())
            proxy.swallow = True
            async with asyncio.timeout(LIMIT_S):
                assert await outcome(send(store, node.beat())) == "unavailable"
            proxy.swallow = False
            proxy.cut()
            proxy.heal()
            await up(store)
            assert (await until_taken(store, node.beat())).result == "refreshed"

    run(work)


def test_a_connection_that_is_lost_after_the_script_was_sent_leaves_one_state(server):
    """The write has happened and the answer is lost: the node is told to try again, which changes nothing."""
    there = server()

    async def work():
        async with Proxy(there.port) as proxy, opened(RedisStore(proxy.url)) as store, opened(RedisStore(there.url)) as other:
            node = Node("n1", A)
            await send(store, node.full())
            await settled(lambda: "n1" in other.records)
            lost = []

            def is_write(piece):
                if b"n1" in piece and not lost:
                    lost.append(piece)
                    return True
                return False

            proxy.drop_after = is_write
            message = node.delta(B)
            assert await outcome(send(store, message)) == "unavailable"
            assert lost
            await settled(lambda: other.records["n1"].revision == 2)
            verdict = await until_taken(store, message)
            assert verdict.result == "refreshed"
            await up(store)
            assert dict(store.records) == dict(other.records)
            assert store.records["n1"].entries == node.entries
            assert [change.after.revision for change in store.told] == [1, 2]

    run(work)


def test_while_redis_is_down_a_report_is_refused_at_once(server):
    there = server()

    async def work():
        async with opened(RedisStore(there.url)) as store:
            there.kill()
            await down(store)
            call = send(store, Node("n1", A).full())
            with pytest.raises(StoreUnavailableError):
                call.send(None)  # without suspending, so without asking

    run(work)


def test_whoever_waits_when_the_store_is_closed_is_told(server):
    there = server()

    async def work():
        store = RedisStore(there.url)
        await store.open(Told())
        there.pause()
        waiting = asyncio.create_task(outcome(send(store, Node("n1", A).full())))
        await asyncio.sleep(0)
        async with asyncio.timeout(LIMIT_S):
            await store.close()
            assert await waiting == "unavailable"
        there.go_on()
        assert await outcome(send(store, Node("n1", A).full())) == "unavailable"

    run(work)
