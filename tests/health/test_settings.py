"""What is different for one backend, checks out of turn, and who counts them."""

import asyncio

import pytest

from backend_registry import BackendStatus
from backend_registry.config import HealthConfig
from backend_registry.health import checker as checker_module
from backend_registry.testing import FakeBackend, make_backend
from tests.health.running import PATIENCE_S, in_thread, running

OFTEN = HealthConfig(interval_s=0.05, timeout_s=0.05)
SELDOM = HealthConfig(interval_s=3600)
NEVER = HealthConfig(interval_s=0.05, enabled=False)


async def seen(fake, count):
    await in_thread(lambda: fake.wait_until(lambda: len(fake.requests) >= count))


def test_each_backend_has_its_own_interval(registry, checking):
    with FakeBackend("often") as often, FakeBackend("seldom") as seldom:
        registry.apply([often.backend(), seldom.backend()])

        async def work(checker):
            async with running(checker):
                await seen(often, 5)

        checking(work, settings_of={"often": OFTEN, "seldom": SELDOM}.get)
        assert len(seldom.requests) == 1


def test_each_backend_has_its_own_time_out(registry, checking):
    with FakeBackend("a") as fake:
        fake.fail("hang")
        registry.add_backend(fake.backend())

        async def work(checker):
            return await checker.check(registry.get_backend("a"))

        assert checking(work, timeout_s=60, settings_of=lambda _: OFTEN).error == "no answer in time"


def test_each_backend_has_its_own_thresholds(registry, check):
    settings = {"patient": HealthConfig(failures=5, successes=1), "strict": HealthConfig(failures=1, successes=3)}
    for name in settings:
        with FakeBackend(name) as fake:
            check(fake.backend())
            fake.fail("status", status=500)
            check(fake.backend(), settings_of=settings.get)
    assert [backend.status for backend in registry] == [BackendStatus.HEALTHY, BackendStatus.UNHEALTHY]


def test_one_that_is_not_to_be_checked_is_never_asked_and_stays_unknown(registry, checking):
    with FakeBackend("never") as never, FakeBackend("often") as often:
        registry.apply([never.backend(), often.backend()])

        async def work(checker):
            async with running(checker):
                checker.probe_soon(registry.get_backend("never"))
                await seen(often, 5)

        checking(work, settings_of={"often": OFTEN, "never": NEVER}.get)
        assert not never.requests
        assert registry.get_backend("never").status is BackendStatus.UNKNOWN


def test_settings_that_change_count_from_the_next_turn_on(registry, checking):
    settings = {"a": NEVER}
    with FakeBackend("a") as fake:
        registry.add_backend(fake.backend())

        async def work(checker):
            async with running(checker):
                await asyncio.sleep(0)
                settings["a"] = OFTEN
                await seen(fake, 2)
                settings["a"] = NEVER
                await in_thread(lambda: fake.wait_until(lambda: fake.in_flight == 0))
                asked = len(fake.requests)
                with pytest.raises(TimeoutError):
                    await in_thread(lambda: fake.wait_until(lambda: len(fake.requests) > asked + 1, timeout_s=0.3))

        checking(work, settings_of=lambda name: settings[name])


def test_a_time_out_that_grows_makes_room_for_more_at_once(registry, checking):
    settings = HealthConfig(interval_s=0.5, timeout_s=0.1)
    with FakeBackend("a") as fake:
        registry.apply([fake.backend().replace(id=f"b{number}") for number in range(4)])

        async def work(checker):
            nonlocal settings
            async with running(checker):
                await seen(fake, 4)
                fake.fail("hang")
                settings = HealthConfig(interval_s=0.05, timeout_s=60)
                await in_thread(lambda: fake.wait_until(lambda: fake.in_flight == 4))

        checking(work, concurrency=1, settings_of=lambda _: settings)


# --- out of turn -------------------------------------------------------------------------------------------------------


def test_a_check_that_is_asked_for_comes_soon_and_many_wishes_are_one(registry, checking, monkeypatch):
    monkeypatch.setattr(checker_module, "_BETWEEN_S", 0.1)
    with FakeBackend("a") as fake:
        registry.add_backend(fake.backend())

        async def work(checker):
            async with running(checker):
                await seen(fake, 1)
                for _ in range(100):
                    checker.probe_soon(registry.get_backend("a"))
                await seen(fake, 2)
                with pytest.raises(TimeoutError):
                    await in_thread(lambda: fake.wait_until(lambda: len(fake.requests) > 2, timeout_s=0.4))

        checking(work, settings_of=lambda _: SELDOM)


def test_checks_that_are_asked_for_all_the_time_come_no_more_than_once_a_second(registry, checking, monkeypatch):
    assert checker_module._BETWEEN_S == 1
    monkeypatch.setattr(checker_module, "_BETWEEN_S", 0.2)
    with FakeBackend("a") as fake:
        registry.add_backend(fake.backend())

        async def work(checker):
            async with running(checker):
                await seen(fake, 1)
                began = asyncio.get_running_loop().time()
                while len(fake.requests) < 3:
                    checker.probe_soon(registry.get_backend("a"))
                    await asyncio.sleep(0.01)
                return asyncio.get_running_loop().time() - began

        assert 0.39 < checking(work, settings_of=lambda _: SELDOM) < PATIENCE_S


def test_a_wish_for_what_is_not_checked_any_more_is_ignored(registry, checking, monkeypatch):
    monkeypatch.setattr(checker_module, "_BETWEEN_S", 0.05)
    with FakeBackend("a") as fake:
        registry.add_backend(fake.backend())

        async def work(checker):
            checker.probe_soon(make_backend("nobody"))
            async with running(checker):
                await seen(fake, 1)
                gone = registry.remove_backend("a")
                registry.add_backend(fake.backend())
                await seen(fake, 2)
                checker.probe_soon(gone)
                with pytest.raises(TimeoutError):
                    await in_thread(lambda: fake.wait_until(lambda: len(fake.requests) > 2, timeout_s=0.3))

        checking(work, settings_of=lambda _: SELDOM)


# --- who counts --------------------------------------------------------------------------------------------------------


class Counting:
    def __init__(self):
        self.ended = []

    def probe_ended(self, backend_id, backend_type, ok, seconds):
        self.ended.append((backend_id, backend_type, ok))
        assert seconds >= 0


def test_an_observer_is_told_of_each_check(check):
    counting = Counting()
    with FakeBackend("a", kind="vllm") as fake:
        check(fake.backend(), observer=counting)
        fake.fail("refuse")
        check(fake.backend(), observer=counting)
    assert counting.ended == [("a", "vllm", True), ("a", "vllm", False)]


def test_an_observer_is_not_told_of_a_backend_that_is_gone(registry, checking):
    counting = Counting()
    with FakeBackend("a") as fake:
        registry.add_backend(fake.backend())

        async def work(checker):
            await checker.check(registry.remove_backend("a"))

        checking(work, observer=counting)
    assert counting.ended == []


def test_cancelling_ends_all_checks_at_once(registry, checking):
    with FakeBackend("a") as fake:
        registry.apply([fake.backend().replace(id=f"b{number}") for number in range(20)])
        fake.fail("hang")

        async def work(checker):
            async with asyncio.timeout(PATIENCE_S):
                async with running(checker):
                    await in_thread(lambda: fake.wait_until(lambda: fake.in_flight == 20))
                # Only this test is left, and nobody waits for the time-outs.
                assert len(asyncio.all_tasks()) == 1
                await in_thread(lambda: fake.wait_until(lambda: fake.in_flight == 0))

        checking(work, timeout_s=3600)
        assert len(changes_of(registry)) == 20


def changes_of(registry):
    """Backends of which nothing was said: a check that was cancelled is no result."""
    return [backend for backend in registry if backend.last_health_check is None]
