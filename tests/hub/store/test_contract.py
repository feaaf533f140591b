"""What every store promises, whichever it is."""

import asyncio

import msgspec
import pytest

from backend_registry.hub.store import FENCE_S
from backend_registry.protocol import RefusedReportError, digest_of
from tests.hub.store.tools import NOW_MS, Node, backend, opened

A, B, C = backend("a"), backend("b"), backend("c", metadata={"rack": "é"}, operations=("chat",))
A_DOWN = backend("a", status="unavailable", status_reason="timed out")


def contract(make_store):
    """Run a test's coroutine with a store of each kind."""

    def run(test):
        async def work():
            async with opened(make_store()) as store:
                await test(store)

        asyncio.run(work())

    return run


@pytest.fixture
def with_store(make_store):
    return contract(make_store)


async def send(store, message):
    return await store.report(message, now_ms=NOW_MS)


async def refused(store, message):
    with pytest.raises(RefusedReportError) as refusal:
        await send(store, message)
    return refusal.value.code


def test_a_taken_report_is_the_nodes_record_and_was_told_when_report_returns(with_store):
    async def work(store):
        node = Node("n1", A, B)
        verdict = await send(store, node.full(url="http://10.0.0.9:8484"))
        assert verdict.result == "applied"
        assert store.records["n1"] is verdict.record
        assert verdict.record.url == "http://10.0.0.9:8484"
        assert [(told.before, told.after, told.verdict) for told in store.told] == [(None, verdict.record, verdict)]
        second = await send(store, node.delta(A_DOWN, C, deletes=["b"]))
        assert store.records["n1"].entries == {"a": A_DOWN, "c": C}
        assert store.records["n1"].digest == digest_of([A_DOWN, C])
        assert (store.told[1].before, store.told[1].after, store.told[1].verdict) == (verdict.record, second.record, second)
        assert len(store.told) == 2

    with_store(work)


def test_a_beat_and_a_repeated_message_change_nothing_and_tell_nobody(with_store):
    async def work(store):
        node = Node("n1", A)
        first = node.full()
        await send(store, first)
        record = store.records["n1"]
        assert (await send(store, node.beat())).result == "refreshed"
        assert (await send(store, first)).result == "refreshed"
        await send(store, node.delta(B))
        assert (await send(store, first)).result == "duplicate"
        assert len(store.told) == 2
        assert store.told[0].after is record

    with_store(work)


def test_a_refused_report_changes_nothing(with_store):
    async def work(store):
        node = Node("n1", A)
        assert await refused(store, node.beat()) == "resync_required"
        assert dict(store.records) == {}
        await send(store, node.full())
        record = store.records["n1"]
        node.delta(B)  # lost on its way
        assert await refused(store, node.delta(C)) == "resync_required"
        assert await refused(store, msgspec.structs.replace(node.full(), digest="0" * 32)) == "digest_mismatch"
        assert await refused(store, Node("n1", A, instance="two").full()) == "identity_conflict"
        assert store.records["n1"] is record
        assert len(store.told) == 1

    with_store(work)


def test_unchanged_backends_stay_the_very_objects_they_were(with_store):
    async def work(store):
        node = Node("n1", A, B)
        await send(store, node.full())
        before = store.records["n1"].entries
        await send(store, node.delta(A_DOWN))
        assert store.records["n1"].entries["b"] is before["b"]

    with_store(work)


def test_reports_of_one_node_at_the_same_moment_are_judged_one_after_the_other(with_store):
    async def work(store):
        node = Node("n1", A)
        await send(store, node.full())
        messages = [node.delta(backend("a", weight=weight)) for weight in range(2, 30)]
        answers = await asyncio.gather(*(send(store, message) for message in messages), return_exceptions=True)
        assert not [answer for answer in answers if not isinstance(answer, RefusedReportError | tuple)]
        store.told.assert_in_order()
        record = store.records["n1"]
        assert record.digest == digest_of(record.entries.values())
        last = await send(store, node.full())
        assert last.result in {"applied", "refreshed"}
        assert store.records["n1"].entries == node.entries

    with_store(work)


def test_many_nodes_at_the_same_moment_are_all_taken_in(with_store):
    async def work(store):
        nodes = [Node(f"n{number}", A, B) for number in range(300)]
        await asyncio.gather(*(send(store, node.full()) for node in nodes))
        answers = await asyncio.gather(*(send(store, node.beat()) for node in nodes))
        assert {answer.result for answer in answers} == {"refreshed"}
        assert len(store.records) == 300
        assert len(store.told) == 300

    with_store(work)


# --- bye, delete, allow, forget ----------------------------------------------------------------------------------------


def test_a_node_that_says_bye_keeps_its_backends(with_store):
    async def work(store):
        node = Node("n1", A)
        await send(store, node.full())
        await send(store, node.bye())
        assert store.records["n1"].presence == "departed"
        assert store.records["n1"].entries == {"a": A}

    with_store(work)


def test_a_deleted_node_is_a_fence_until_it_starts_again(with_store):
    async def work(store):
        node = Node("n1", A)
        await send(store, node.full())
        await store.wish("n1", {"a": "draining"}, reason="", now_ms=NOW_MS)
        before = store.records["n1"]
        assert await store.delete("n1") == before
        fence = store.records["n1"]
        assert (fence.presence, dict(fence.entries), fence.digest) == ("deleted", {}, before.digest)
        assert store.wishes_of("n1") == ()
        assert [told.after for told in store.told.of("n1")] == [before, fence]
        assert await refused(store, node.beat()) == "node_deleted"
        assert (await store.delete("n1")).presence == "deleted"
        assert len(store.told) == 2
        again = Node("n1", B, epoch=fence.epoch + 1, instance="two")
        await send(store, again.full())
        assert store.records["n1"].entries == {"b": B}

    with_store(work)


def test_a_node_that_was_never_there_can_neither_be_deleted_nor_allowed_nor_wished_about(with_store):
    async def work(store):
        assert await store.delete("n1") is None
        assert await store.allow("n1") is False
        with pytest.raises(KeyError):
            await store.wish("n1", {"a": "draining"}, reason="", now_ms=NOW_MS)
        assert dict(store.records) == {}

    with_store(work)


def test_an_allowed_node_comes_back_with_the_epoch_it_has(with_store):
    async def work(store):
        node = Node("n1", A)
        await send(store, node.full())
        assert await store.allow("n1") is False
        await store.delete("n1")
        assert await store.allow("n1") is True
        assert store.records["n1"].presence == "forgotten"
        assert await refused(store, node.beat()) == "resync_required"
        await send(store, node.full())
        assert store.records["n1"].entries == {"a": A}

    with_store(work)


def test_a_silent_node_is_forgotten_only_as_it_was_when_it_fell_silent(with_store):
    async def work(store):
        node = Node("n1", A)
        old = (await send(store, node.full())).record
        await send(store, node.delta(B))
        assert await store.forget(old) is False
        assert store.records["n1"].presence == "present"
        assert await store.forget(store.records["n1"]) is True
        assert store.records["n1"].presence == "forgotten"
        assert await store.forget(store.records["n1"]) is False
        assert (await send(store, node.full())).result == "applied"
        assert store.records["n1"].entries == node.entries

    with_store(work)


def test_a_fence_keeps_what_was_under_way_out(with_store):
    async def work(store):
        node = Node("n1", A)
        late = node.full()
        await send(store, late)
        await send(store, node.delta(B))
        await store.forget(store.records["n1"])
        assert (await send(store, late)).result == "duplicate"
        assert store.records["n1"].presence == "forgotten"

    with_store(work)


# --- wishes ------------------------------------------------------------------------------------------------------------


def test_a_wish_is_there_until_the_node_has_dealt_with_it(with_store):
    async def work(store):
        node = Node("n1", A, B)
        await send(store, node.full())
        made = await store.wish("n1", {"a": "draining", "b": "disabled"}, reason="maintenance", now_ms=NOW_MS)
        assert [(wish.id, wish.intent, wish.reason) for wish in made] == [
            ("a", "draining", "maintenance"),
            ("b", "disabled", "maintenance"),
        ]
        assert NOW_MS <= made[0].generation < made[1].generation
        assert store.wishes_of("n1") == made
        assert len(store.told) == 1
        await send(store, node.delta(backend("a", intent="draining", generation=made[0].generation)))
        assert store.wishes_of("n1") == made[1:]
        assert store.told[-1].done == made[:1]
        await send(store, node.delta(backend("b", intent="disabled", generation=made[1].generation)))
        assert store.wishes_of("n1") == ()

    with_store(work)


def test_a_later_wish_about_a_backend_takes_the_place_of_the_earlier_one_whatever_the_clock_says(with_store):
    async def work(store):
        await send(store, Node("n1", A, B).full())
        first = await store.wish("n1", {"a": "draining", "b": "draining"}, reason="", now_ms=NOW_MS)
        second = await store.wish("n1", {"a": "enabled"}, reason="", now_ms=NOW_MS - 3_600_000)
        assert second[0].generation > first[1].generation
        assert store.wishes_of("n1") == (first[1], second[0])

    with_store(work)


def test_a_wish_is_later_than_what_the_node_has_dealt_with_already(with_store):
    async def work(store):
        await send(store, Node("n1", backend("a", generation=NOW_MS + 99)).full())
        (wish,) = await store.wish("n1", {"a": "draining"}, reason="", now_ms=NOW_MS)
        assert wish.generation == NOW_MS + 100

    with_store(work)


def test_a_generation_that_no_hub_can_have_given_out_is_not_counted_on_from(with_store):
    async def work(store):
        await send(store, Node("n1", backend("a", generation=2**53 - 1)).full())
        (wish,) = await store.wish("n1", {"a": "draining"}, reason="", now_ms=NOW_MS)
        assert wish.generation == NOW_MS

    with_store(work)


def test_a_wish_about_one_unknown_backend_is_no_wish_at_all(with_store):
    async def work(store):
        await send(store, Node("n1", A).full())
        with pytest.raises(KeyError):
            await store.wish("n1", {"a": "draining", "gone": "draining"}, reason="", now_ms=NOW_MS)
        assert store.wishes_of("n1") == ()

    with_store(work)


def test_a_wish_outlives_a_node_that_is_forgotten_and_comes_back(with_store):
    async def work(store):
        node = Node("n1", A)
        await send(store, node.full())
        made = await store.wish("n1", {"a": "draining"}, reason="", now_ms=NOW_MS)
        await store.forget(store.records["n1"])
        await send(store, node.full())
        assert store.wishes_of("n1") == made

    with_store(work)


# --- the rest ----------------------------------------------------------------------------------------------------------


def test_a_store_that_is_well_is_not_degraded(with_store):
    async def work(store):
        assert store.degraded == ""
        assert store.kind in {"memory", "sqlite", "redis"}

    with_store(work)


def test_ages_are_told_only_where_there_may_be_other_hubs(with_store):
    async def work(store):
        await send(store, Node("n1", A).full())
        ages = await store.ages()
        if store.kind == "redis":
            assert ages.keys() == {"n1"}
            assert 0 <= ages["n1"] < 60
        else:
            assert ages is None

    with_store(work)


def test_what_a_store_keeps_is_there_at_the_next_start_and_told_as_not_heard(make_store):
    async def work():
        async with opened(make_store()) as first:
            node, other = Node("n1", A, C), Node("n2", B)
            await send(first, node.full(url="http://10.0.0.9:8484"))
            await send(first, other.full())
            made = await first.wish("n1", {"a": "draining"}, reason="é", now_ms=NOW_MS)
            await first.delete("n2")
            kept = dict(first.records)
        async with opened(make_store()) as second:
            if second.kind == "memory":
                assert dict(second.records) == {}
                return
            assert dict(second.records) == kept
            assert second.wishes_of("n1") == made
            assert {(told.before, told.verdict) for told in second.told} == {(None, None)}
            assert {told.after.node_id for told in second.told} == {"n1", "n2"}
            assert (await send(second, node.beat())).result == "refreshed"
            assert await refused(second, other.beat()) == "node_deleted"

    asyncio.run(work())


def test_equal_backends_of_many_nodes_share_their_parts_after_loading(make_store):
    async def work():
        async with opened(make_store()) as first:
            if first.kind == "memory":
                return
            for name in ("n1", "n2"):
                await send(first, Node(name, C).full())
        async with opened(make_store()) as second:
            one, two = (second.records[name].entries["c"] for name in ("n1", "n2"))
            assert one.operations is two.operations
            assert one.kind is two.kind

    asyncio.run(work())


def test_fences_are_kept_for_a_week():
    assert FENCE_S == 604_800
