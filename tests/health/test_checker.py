"""Who is checked, when, and how many at once."""

import asyncio
import logging

import pytest

from backend_registry import BackendStatus, BackendType, ProbeResult, Registry
from backend_registry.config import HealthConfig
from backend_registry.health import HealthChecker, open_session
from backend_registry.testing import FakeBackend, make_backend
from tests.health.running import changed, in_thread, running


def test_every_backend_is_checked_at_once_also_one_that_comes_later(registry, checking):
    with FakeBackend("a") as a, FakeBackend("b") as b:
        registry.add_backend(a.backend())

        async def work(checker):
            async with running(checker):
                await changed(registry, lambda: registry.get_backend("a").status is BackendStatus.HEALTHY)
                registry.add_backend(b.backend())
                await changed(registry, lambda: registry.get_backend("b").status is BackendStatus.HEALTHY)

        checking(work, interval_s=3600)
        assert len(a.requests) == len(b.requests) == 1


def test_backend_is_checked_again_each_interval_until_it_is_removed(registry, checking):
    with FakeBackend("a") as a, FakeBackend("b") as b:
        registry.apply([a.backend(), b.backend()])

        async def work(checker):
            async with running(checker):
                await in_thread(lambda: a.wait_until(lambda: len(a.requests) >= 3))
                registry.remove_backend("a")
                # Two more rounds of the other: had the removed one been checked on, it would have been by then.
                await in_thread(lambda: a.wait_until(lambda: a.in_flight == 0))
                seen, others = len(a.requests), len(b.requests)
                await in_thread(lambda: b.wait_until(lambda: len(b.requests) >= others + 4))
                assert len(a.requests) <= seen + 1

        checking(work, interval_s=0.05, timeout_s=0.05)


def test_replaced_backend_is_checked_at_its_new_address(registry, checking):
    with FakeBackend("a") as old, FakeBackend("a") as new:
        registry.add_backend(old.backend())

        async def work(checker):
            async with running(checker):
                await changed(registry, lambda: registry.get_backend("a").status is BackendStatus.HEALTHY)
                registry.apply([new.backend()])
                await changed(registry, lambda: registry.get_backend("a").status is BackendStatus.HEALTHY)

        checking(work, interval_s=3600)
        assert len(new.requests) == 1


def test_dead_backend_becomes_unhealthy_and_healthy_again_when_it_recovers(registry, checking, caplog):
    caplog.set_level(logging.INFO, "backend_registry.health")
    with FakeBackend("a") as fake:
        registry.add_backend(fake.backend())

        async def work(checker):
            def is_(status):
                return lambda: registry.get_backend("a").status is status

            async with running(checker):
                await changed(registry, is_(BackendStatus.HEALTHY))
                fake.fail("status", status=500)
                await changed(registry, is_(BackendStatus.UNHEALTHY))
                assert registry.get_backend("a").last_error == "HTTP 500"
                fake.recover()
                await changed(registry, is_(BackendStatus.HEALTHY))

        checking(work, interval_s=0.05)
    assert [record.status for record in caplog.records] == ["healthy", "unhealthy", "healthy"]


def test_no_more_than_the_bound_ask_at_once(registry, checking):
    with FakeBackend("a") as fake:
        registry.apply([fake.backend().replace(id=f"b{number}") for number in range(6)])
        fake.fail("hang")

        async def work(checker):
            async with running(checker):
                await in_thread(lambda: fake.wait_until(lambda: fake.in_flight == 2))
                # The others wait for a slot, not for a request that was already on its way here.
                with pytest.raises(TimeoutError):
                    await in_thread(lambda: fake.wait_until(lambda: fake.in_flight > 2, timeout_s=0.2))
                fake.recover()
                await changed(registry, lambda: len(registry.get_healthy_backends()) == 6)

        checking(work, concurrency=2, interval_s=3600, timeout_s=60)


def test_only_a_few_checks_begin_in_one_turn_of_the_event_loop(registry, checking):
    """A hundred at once would hold up every request that passes through."""
    begun = []

    class Noting:
        async def probe(self, upstream, record):
            begun[-1] += 1
            return ProbeResult(ok=True)

    registry.apply([make_backend(f"b{number}") for number in range(100)])

    async def count_turns():
        while True:
            begun.append(0)
            await asyncio.sleep(0)

    async def work(checker):
        counting = asyncio.create_task(count_turns())
        async with running(checker):
            await changed(registry, lambda: len(registry.get_healthy_backends()) == 100)
        counting.cancel()

    checking(work, concurrency=100, probers={BackendType.GENERIC: Noting()})
    assert sum(begun) == 100
    assert max(begun) <= 8


def test_one_whose_health_has_become_unknown_is_checked_soon(registry, checking, monkeypatch):
    monkeypatch.setattr("backend_registry.health.checker._BETWEEN_S", 0.05)
    with FakeBackend("a") as fake:
        registry.add_backend(fake.backend())

        def is_healthy():
            return registry.get_backend("a").status is BackendStatus.HEALTHY

        async def work(checker):
            async with running(checker):
                await changed(registry, is_healthy)
                registry.update_status("a", BackendStatus.UNKNOWN, "has gone from sight")
                await changed(registry, is_healthy)

        checking(work, interval_s=3600)
        assert len(fake.requests) == 2


def test_bound_grows_as_far_as_is_needed_to_check_everybody_within_one_interval(registry, checking):
    with FakeBackend("a") as fake:
        registry.apply([fake.backend().replace(id=f"b{number}") for number in range(6)])
        fake.fail("hang")

        async def work(checker):
            async with running(checker):
                await in_thread(lambda: fake.wait_until(lambda: fake.in_flight == 6))

        checking(work, concurrency=1, interval_s=30, timeout_s=30)


def test_a_checker_that_was_stopped_can_be_started_again(registry, checking):
    with FakeBackend("a") as fake:
        registry.add_backend(fake.backend())

        async def work(checker):
            for times in (1, 2):
                async with running(checker):
                    await in_thread(lambda times=times: fake.wait_until(lambda: len(fake.requests) == times))

        checking(work, interval_s=3600)


def test_checker_that_has_missed_changes_catches_up():
    async def main(url):
        registry = Registry(journal_size=1)
        registry.add_backend(make_backend("known", url))
        async with open_session(connect_timeout_s=5) as session:
            checker = HealthChecker(registry, session, HealthConfig(interval_s=3600))
            async with running(checker):
                await changed(registry, lambda: len(registry.get_healthy_backends()) == 1)
                for number in range(5):
                    registry.add_backend(make_backend(f"b{number}", url))
                await changed(registry, lambda: len(registry.get_healthy_backends()) == 6)

    with FakeBackend() as fake:
        asyncio.run(main(fake.url))


def test_check_that_breaks_is_a_failed_check_and_is_logged(registry, checking, caplog):
    class Broken:
        async def probe(self, upstream, record):
            raise ZeroDivisionError

    registry.add_backend(make_backend("a"))

    async def work(checker):
        return await checker.check(registry.get_backend("a"))

    assert checking(work, probers={BackendType.GENERIC: Broken()}).error == "health check broke, see the log"
    assert "ZeroDivisionError" in caplog.text


def test_result_for_a_backend_that_is_gone_is_dropped(registry, checking):
    with FakeBackend("a") as fake:
        registry.add_backend(fake.backend())

        async def work(checker):
            gone = registry.remove_backend("a")
            result = await checker.check(gone)
            return result.ok, gone.status

        assert checking(work) == (True, BackendStatus.UNKNOWN)
