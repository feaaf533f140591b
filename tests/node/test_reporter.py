"""The reporter and a hub: whatever goes wrong between the two, they come to know the same, and nobody is pestered."""

import asyncio
import itertools
import random

import pytest

from backend_registry import Backend, Registry
from backend_registry.discovery import Fleet
from backend_registry.node import reporter as module
from backend_registry.node.epoch import EpochFile
from backend_registry.node.hub_link import LocalHubLink
from backend_registry.node.wishes import Wishes
from backend_registry.protocol import RefusedReportError, Wish
from tests.node.small_hub import (
    NOW_MS,
    SmallHub,
    after,
    cutting,
    refusing,
    registry_of,
    reporter_to,
    reporting_to,
    running,
    saying,
    small_hub,
)


class Counting:
    """A link to a hub in this process that notes when it was used, and may fail first."""

    def __init__(self, hub, *failures):
        self.hub = hub
        self.failures = list(failures)
        self.times = []

    async def send(self, report):
        self.times.append(asyncio.get_running_loop().time())
        if self.failures and (failure := self.failures.pop(0)) is not None:
            self.hub.happened.set()
            raise failure
        return self.hub.report(report)

    @property
    def gaps(self):
        return [later - earlier for earlier, later in itertools.pairwise(self.times)]


def local(hub, *failures):
    link = Counting(hub, *failures)
    return link, LocalHubLink(link.send)


@pytest.fixture
def quick(monkeypatch):
    """Shorter pauses than it is to have, where they are not what is looked at."""
    for name, seconds in {"_GAP_S": 0.02, "_RETRY_LEAST_S": 0.02, "_LOOK_EVERY_S": 0.05}.items():
        monkeypatch.setattr(module, name, seconds)


async def waiting(seconds):
    """Let real time pass in which something must not happen."""
    await asyncio.sleep(seconds)


# --- what is told ------------------------------------------------------------------------------------------------------


def test_everything_is_told_first_and_then_what_has_changed(quick):
    async def main():
        registry = registry_of("a", "b", "c")
        async with small_hub() as hub, reporting_to(hub, registry):
            await hub.until_it_knows(registry)
            registry.drain("b")
            await hub.until_it_knows(registry)
            registry.remove_backend("a")
            registry.add_backend(Backend("d", "http://d:1"))
            await hub.until_it_knows(registry)
            return hub

    hub = asyncio.run(main())
    assert hub.kinds == ["full", "delta", "delta", "bye"]
    assert [entry.id for entry in hub.reports[1].upserts] == ["b"]
    assert (hub.reports[2].deletes, [entry.id for entry in hub.reports[2].upserts]) == (("a",), ["d"])
    assert hub.records["n1"].presence == "departed"


def test_changes_that_come_together_are_told_together():
    async def main():
        registry = registry_of(*(f"b{number}" for number in range(20)))
        hub = SmallHub()
        async with running(reporter_to(local(hub)[1], registry)):
            await hub.until_it_knows(registry)
            for backend in list(registry):
                registry.drain(backend.id)
            await hub.until_it_knows(registry)
            return hub

    hub = asyncio.run(main())
    assert hub.kinds == ["full", "delta", "bye"]


def test_a_change_waits_a_moment_for_others(quick):
    async def main():
        registry = registry_of("a", "b")
        hub = SmallHub()
        async with running(reporter_to(local(hub)[1], registry, debounce_ms=1000)):
            await hub.until_it_knows(registry)
            registry.drain("a")
            await asyncio.sleep(0.2)
            registry.drain("b")
            await hub.until_it_knows(registry)
        return hub

    assert asyncio.run(main()).kinds == ["full", "delta", "bye"]


def test_a_registry_that_never_rests_is_told_of_with_pauses():
    async def main():
        registry = registry_of("a")
        hub = SmallHub()
        link, way = local(hub)
        async with running(reporter_to(way, registry)):
            await hub.until_it_knows(registry)
            while len(link.times) < 5:
                registry.drain("a")
                await asyncio.sleep(0.005)
                registry.enable("a")
                await asyncio.sleep(0.005)
        return link

    link = asyncio.run(main())
    # The last one is the goodbye.
    assert min(link.gaps[:-1]) >= 0.249


def test_load_goes_with_every_message_and_makes_none():
    async def main():
        registry = Registry()
        registry.apply([Backend("a", "http://a:1", models=["m"])])
        async with small_hub() as hub, reporting_to(hub, registry):
            await hub.until_it_knows(registry)
            assert hub.loads == {"a": (0, 0, 0)}
            leases = [registry.acquire("m") for _ in range(3)]
            await waiting(0.4)
            assert hub.kinds == ["full"]
            registry.add_backend(Backend("b", "http://b:1"))
            await hub.until_it_knows(registry)
            assert hub.loads == {"a": (3, 0, 0), "b": (0, 0, 0)}
            for lease in leases:
                lease.finish()

    asyncio.run(main())


def test_a_sign_of_life_comes_when_the_hub_wants_it():
    async def main():
        registry = registry_of("a")
        async with small_hub() as hub:
            hub.next_report_ms = 260
            async with reporting_to(hub, registry):
                await hub.until(lambda: hub.kinds.count("beat") >= 3)
                hub.next_report_ms = 60_000
                await hub.until(lambda: len(hub.results) > 4)
                seen = len(hub.kinds)
                await waiting(0.6)
                assert len(hub.kinds) == seen
            return hub

    assert set(asyncio.run(main()).results) == {"applied", "refreshed"}


def test_a_hub_that_names_no_time_gets_a_sign_of_life_each_beat():
    async def main():
        hub = SmallHub()
        hub.next_report_ms = 0
        async with running(reporter_to(local(hub)[1], registry_of("a"), beat_s=0.3)):
            await hub.until(lambda: hub.kinds.count("beat") >= 2)

    asyncio.run(main())


def test_a_time_beyond_the_lease_is_not_waited_for():
    async def main():
        hub = SmallHub()
        hub.next_report_ms = 3_600_000
        link, way = local(hub)
        reporter = reporter_to(way, registry_of("a"))
        async with running(reporter):
            await hub.until(lambda: reporter.heard_ago_s() is not None)
            return reporter._beat_at - link.times[0]

    assert asyncio.run(main()) <= 61


def test_everything_is_told_now_and_then_also_when_nothing_seems_to_be_wrong(monkeypatch):
    monkeypatch.setattr(module, "_FULL_EVERY_S", 0.3)

    async def main():
        hub = SmallHub()
        async with running(reporter_to(local(hub)[1], registry_of("a"))):
            await hub.until(lambda: hub.kinds.count("full") >= 3)
        return hub

    assert set(asyncio.run(main()).results[:3]) <= {"applied", "refreshed"}


def test_what_ends_by_time_is_noticed_without_a_change_of_the_registry(quick):
    async def main():
        registry = registry_of("a", "b")
        registry._cool_down(registry.get_backend("a"), 0.4)
        hub = SmallHub()

        def ejection():
            return hub.records["n1"].entries["a"].ejection

        async with running(reporter_to(local(hub)[1], registry)):
            await hub.until_it_knows(registry)
            assert ejection() == "overloaded"
            await hub.until(lambda: ejection() is None)

    asyncio.run(main())


# --- what goes wrong ---------------------------------------------------------------------------------------------------


def cut_after():
    return after(cutting())


def slow():
    async def fault(_):
        await asyncio.sleep(60)

    return fault


FAULTS = {
    "lost before": cutting,
    "lost answer": cut_after,
    "slow": slow,
    "500": lambda: saying(500),
    "503": lambda: saying(503, retry_after="0"),
    "401": lambda: refusing(401, "unauthorized"),
    "nonsense": lambda: saying(200, {"hello": "world"}),
    "resync": lambda: refusing(409, "resync_required", want="full"),
    "stale epoch": lambda: refusing(409, "stale_epoch", epoch=NOW_MS + 5, want="full"),
    "conflict": lambda: refusing(409, "identity_conflict", epoch=NOW_MS),
    "revision": lambda: refusing(409, "revision_conflict", epoch=NOW_MS, revision=17, want="full"),
    "future": lambda: refusing(422, "epoch_in_future", epoch=NOW_MS + 7),
}


@pytest.mark.parametrize("name", FAULTS)
def test_after_any_fault_hub_and_node_know_the_same(name, quick):
    async def main():
        registry = registry_of("a", "b")
        async with small_hub() as hub, reporting_to(hub, registry, timeout_s=0.1) as reporter:
            hub.faults.append(FAULTS[name]())
            await hub.until_it_knows(registry)
            hub.faults.append(FAULTS[name]())
            registry.drain("a")
            await hub.until_it_knows(registry)
            registry.remove_backend("b")
            await hub.until_it_knows(registry)
            await hub.until(lambda: not reporter.problem)
            assert reporter.sent["failed"] + reporter.sent["refused"] >= 1

    asyncio.run(main())


@pytest.mark.parametrize("seed", range(4))
def test_any_run_of_faults_and_restarts_ends_with_hub_and_node_knowing_the_same(seed, monkeypatch):
    monkeypatch.setattr(module, "_GAP_S", 0.002)
    monkeypatch.setattr(module, "_RETRY_LEAST_S", 0.002)
    monkeypatch.setattr(module, "_RETRY_MOST_S", 0.01)
    rng = random.Random(seed)

    async def main():
        registry = registry_of("a", "b", "c")
        async with small_hub() as hub, reporting_to(hub, registry, timeout_s=0.2) as reporter:
            hub.next_report_ms = 20
            for number in range(40):
                hub.faults.extend(FAULTS[rng.choice(list(FAULTS))]() for _ in range(rng.randrange(3)))
                if rng.random() < 0.1:
                    hub.restart()
                backend = rng.choice(registry.get_all_backends())
                rng.choice([registry.drain, registry.enable, registry.disable])(backend.id)
                if rng.random() < 0.2:
                    registry.add_backend(Backend(f"x{number}", f"http://x{number}:1"))
                await asyncio.sleep(rng.random() * 0.02)
            hub.faults.clear()
            await hub.until_it_knows(registry)
            return reporter.sent

    assert {"failed", "refused"} <= asyncio.run(main()).keys()


def test_a_hub_that_starts_again_without_memory_is_told_everything_with_the_next_message(quick):
    async def main():
        registry = registry_of("a", "b")
        async with small_hub() as hub, reporting_to(hub, registry):
            hub.next_report_ms = 50
            await hub.until_it_knows(registry)
            hub.restart()
            await hub.until_it_knows(registry)
            return hub

    assert asyncio.run(main()).results.count("resync_required") == 1


def test_a_hub_that_was_away_is_found_again_and_the_log_has_two_lines_for_it(caplog, quick):
    caplog.set_level("INFO", "backend_registry.node")

    async def main():
        registry = registry_of("a")
        async with small_hub() as hub:
            pass
        async with reporting_to(hub, registry) as reporter:
            await hub.until(lambda: reporter.sent["failed"] >= 3)
            registry.drain("a")
            assert reporter.problem == "connection refused"
            assert reporter.heard_ago_s() is None
            async with small_hub(hub):
                await hub.until_it_knows(registry)
                await hub.until(lambda: not reporter.problem)
                assert reporter.heard_ago_s() < 60
                reporter.leave()
                await hub.until(lambda: hub.kinds[-1] == "bye")

    asyncio.run(main())
    lines = [record.getMessage() for record in caplog.records if record.name == "backend_registry.node"]
    assert lines == ["the hub has not taken a report in: connection refused", "the hub takes reports in"]


def test_while_the_hub_is_away_changes_do_not_make_more_tries_and_tries_get_rarer():
    async def main():
        registry = registry_of("a")
        hub = SmallHub()
        link, way = local(hub, *[OSError("down")] * 3)
        async with running(reporter_to(way, registry)):
            while len(link.times) < 4:
                registry.drain("a")
                await asyncio.sleep(0.01)
                registry.enable("a")
                await asyncio.sleep(0.01)
        return link

    link = asyncio.run(main())
    # Between a fifth of a second and a limit that doubles with each failure; a loaded machine may only make it longer.
    assert min(link.gaps[:3]) >= 0.2


def test_a_hub_that_is_away_is_not_asked_more_often_when_it_is_time_to_tell_everything(quick, monkeypatch):
    monkeypatch.setattr(module, "_FULL_EVERY_S", 0.01)

    async def main():
        registry = registry_of("a")
        hub = SmallHub()
        link, way = local(hub, *[OSError("down")] * 3)
        reporter = reporter_to(way, registry)
        reporter._rng.uniform = lambda least, most: most
        async with running(reporter):
            await hub.until_it_knows(registry)
        return link

    first, second, third = asyncio.run(main()).gaps[:3]
    assert (first >= 0.04, second >= 0.08, third >= 0.16) == (True, True, True)


@pytest.mark.parametrize("number", [10**400, -(10**400)], ids=["large", "negative"])
def test_a_hub_that_names_absurd_times_does_not_end_the_reporter(number, quick):
    async def main():
        registry = registry_of("a")
        hub = SmallHub()
        hub.lease_ms = hub.next_report_ms = number
        lost = RefusedReportError(409, "resync_required", "lost", want="full", next_report_ms=number)
        reporter = reporter_to(local(hub, None, lost)[1], registry)
        async with running(reporter) as task:
            await hub.until_it_knows(registry)
            registry.drain("a")
            await hub.until(lambda: reporter.sent["refused"] == 1)
            return task.done()

    assert asyncio.run(main()) is False


def test_the_limit_of_the_wait_doubles_up_to_ten_seconds():
    async def main():
        reporter = reporter_to(local(SmallHub())[1], registry_of("a"))
        reporter._rng.uniform = lambda least, most: (least, most)[1]
        now = asyncio.get_running_loop().time
        found = []
        for _ in range(9):
            reporter._wait_longer("away", quiet=True)
            found.append(round(reporter._beat_at - now(), 1))
        return found

    assert asyncio.run(main()) == [0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 10.0, 10.0]


def test_a_hub_that_says_when_to_come_again_is_not_asked_earlier():
    async def main():
        registry = registry_of("a")
        async with small_hub() as hub:
            hub.faults.append(saying(503, {"code": "store_unavailable"}, retry_after="0.6"))
            async with reporting_to(hub, registry):
                began = asyncio.get_running_loop().time()
                await hub.until_it_knows(registry)
                return asyncio.get_running_loop().time() - began

    # The clock of the wait begins when the report is sent.
    assert asyncio.run(main()) >= 0.6


@pytest.mark.parametrize(("wanted_ms", "waited_s"), [(700, 0.7), (3_600_000, 1.0), ("soon", 0.2)])
def test_a_full_report_that_is_asked_for_comes_when_it_is_wanted_but_in_time_for_the_lease(wanted_ms, waited_s):
    async def main():
        registry = registry_of("a")
        hub = SmallHub()
        hub.lease_ms = 2_000
        lost = RefusedReportError(409, "resync_required", "lost", want="full", next_report_ms=wanted_ms)
        link, way = local(hub, None, lost)
        async with running(reporter_to(way, registry)):
            await hub.until_it_knows(registry)
            registry.drain("a")
            await hub.until_it_knows(registry)
        return link, hub

    link, hub = asyncio.run(main())
    assert hub.kinds[1] == "full"
    assert link.gaps[1] >= waited_s
    assert link.gaps[1] < 60


def test_a_mistake_in_the_link_is_logged_and_does_not_end_the_process(caplog):
    async def main():
        registry = registry_of("a")
        hub = SmallHub()
        _, way = local(hub, KeyError("oops"), None, ZeroDivisionError())
        async with running(reporter_to(way, registry)) as task:
            await hub.until_it_knows(registry)
            registry.drain("a")
            await hub.until_it_knows(registry)
            assert not task.done()

    asyncio.run(main())
    assert "a report failed" in caplog.text


# --- who it is ---------------------------------------------------------------------------------------------------------


def test_a_later_epoch_that_the_hub_asks_for_is_kept_for_the_next_start(tmp_path, quick):
    epochs = EpochFile(tmp_path)

    async def main():
        registry = registry_of("a")
        hub = SmallHub()
        async with running(reporter_to(local(hub)[1], registry, epoch=9_000)):
            await hub.until_it_knows(registry)
        again = reporter_to(local(hub)[1], registry, epoch=epochs.next(100), instance="i2", epochs=epochs)
        async with running(again):
            await hub.until_it_knows(registry)
        return hub

    hub = asyncio.run(main())
    assert hub.results[-3:] == ["stale_epoch", "applied", "applied"]
    assert hub.records["n1"].epoch == 9_001
    assert epochs.next(100) == 9_002


def test_a_node_that_was_deleted_stops_says_so_and_says_no_goodbye(caplog, tmp_path):
    epochs = EpochFile(tmp_path)

    async def main():
        registry = registry_of("a")
        async with small_hub() as hub:
            hub.next_report_ms = 260
            async with reporting_to(hub, registry, epochs=epochs) as reporter:
                await hub.until_it_knows(registry)
                hub.faults.append(refusing(410, "node_deleted", epoch=NOW_MS + 3))
                await hub.until(lambda: reporter.sent["refused"])
                seen = len(hub.requests)
                registry.drain("a")
                await waiting(0.6)
                assert len(hub.requests) == seen
            assert len(hub.requests) == seen
            # The one that was refused, and no goodbye.
            assert seen == len(hub.reports) + 1
            assert "bye" not in hub.kinds

    asyncio.run(main())
    assert "no longer reports to the hub: an operator has deleted this node" in caplog.text
    assert epochs.next(0) == NOW_MS + 4


# --- what operators at the hub want ------------------------------------------------------------------------------------


def test_a_wish_is_done_and_reported_as_done_at_once(quick, monkeypatch):
    monkeypatch.setattr(module, "_LOOK_EVERY_S", 600)

    async def main():
        registry = Registry()
        fleet = Fleet(registry)
        fleet.offer("x", [Backend("a", "http://a:1"), Backend("b", "http://b:1")])
        async with small_hub() as hub:
            hub.wishes = (Wish(id="a", intent="draining", generation=12, reason="r"),)
            async with reporting_to(hub, registry, wishes=Wishes(fleet)):
                await hub.until(lambda: hub.knows(registry) and hub.records["n1"].entries["a"].generation == 12)
                assert hub.records["n1"].entries["a"].intent == "draining"
                # Already so: nothing changes in the registry, and the hub still has to learn that it is done.
                hub.wishes = (Wish(id="b", intent="enabled", generation=13),)
                fleet.disable("a")
                await hub.until(lambda: hub.records["n1"].entries["b"].generation == 13)

    asyncio.run(main())


# --- the end -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cancelled", [False, True])
def test_the_last_word_is_goodbye_also_in_the_middle_of_a_report(cancelled):
    async def main():
        registry = registry_of("a")
        async with small_hub() as hub, reporting_to(hub, registry) as reporter:
            await hub.until_it_knows(registry)
            hub.faults.append(slow())
            registry.drain("a")
            await hub.until(lambda: not hub.faults)
            task = next(task for task in asyncio.all_tasks() if "Reporter.run" in str(task.get_coro()))
            task.cancel() if cancelled else reporter.leave()
            await asyncio.wait([task])
            assert task.cancelled() is cancelled
            assert hub.records["n1"].presence == "departed"
            if cancelled:
                raise asyncio.CancelledError

    if cancelled:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(main())
    else:
        asyncio.run(main())


def test_a_hub_that_does_not_answer_does_not_keep_the_process_from_ending():
    async def main():
        registry = registry_of("a")
        async with small_hub() as hub, reporting_to(hub, registry, timeout_s=600) as reporter:
            await hub.until_it_knows(registry)
            hub.faults.extend([slow(), slow(), slow()])
            registry.drain("a")
            await hub.until(lambda: len(hub.faults) == 2)
            reporter.leave()
        return hub

    assert len(asyncio.run(main()).faults) == 1


def test_one_that_was_never_heard_has_nobody_to_say_goodbye_to():
    async def main():
        hub = SmallHub()
        link, way = local(hub, *[OSError("down")] * 50)
        async with running(reporter_to(way, registry_of("a"))):
            await hub.happened.wait()
        return link

    assert len(asyncio.run(main()).times) == 1


def test_one_that_is_told_to_leave_before_it_has_begun_says_nothing():
    async def main():
        link, way = local(SmallHub())
        reporter = reporter_to(way, registry_of("a"))
        reporter.leave()
        await reporter.run()
        return link

    assert asyncio.run(main()).times == []


def test_a_refused_goodbye_is_no_error():
    async def main():
        registry = registry_of("a")
        hub = SmallHub()
        _, way = local(hub, None, RefusedReportError(409, "stale_epoch", "no", epoch=1))
        async with running(reporter_to(way, registry)):
            await hub.until_it_knows(registry)

    asyncio.run(main())
