"""How a fleet follows sources that fail, end, and lose sight of backends."""

import asyncio
import contextlib
import logging
import threading

import pytest

from backend_registry import Backend, BackendStatus, Intent, InvalidValueError
from backend_registry.discovery import Fleet
from tests.discovery.tools import changed, following, ids, run

A, B = "http://10.0.0.1:8000", "http://10.0.0.2:8000"


class Told:
    """A source that says what the test tells it; an exception is raised instead."""

    def __init__(self, name="own", grace_s=0.0):
        self.name = name
        self.grace_s = grace_s
        self.words = asyncio.Queue()

    def say(self, *backends):
        self.words.put_nowait(backends)

    async def desired(self):
        while (word := await self.words.get()) != ("end",):
            if isinstance(word[0] if word else None, Exception):
                raise word[0]
            yield word


def test_what_a_source_says_is_applied_as_it_comes(registry):
    async def work():
        source = Told()
        async with following(Fleet(registry), source):
            source.say(Backend("a", A))
            await changed(registry, lambda: ids(registry) == {"a"})
            source.say(Backend("b", B))
            await changed(registry, lambda: ids(registry) == {"b"})

    run(work)


def test_a_source_that_ends_leaves_its_last_word(registry):
    async def work():
        source = Told()
        source.say(Backend("a", A))
        source.say("end")
        await Fleet(registry).run([source])
        assert ids(registry) == {"a"}

    run(work)


def test_a_source_that_fails_keeps_its_backends_and_begins_anew_and_the_others_go_on(registry, monkeypatch, caplog):
    monkeypatch.setattr("backend_registry.discovery.fleet._RETRY_S", 0.01)

    async def work():
        bad, good = Told("bad"), Told("good")
        async with following(Fleet(registry), bad, good):
            bad.say(Backend("a", A))
            bad.say(ValueError("http://me:hunter2@10.0.0.1 is out of order"))
            good.say(Backend("b", B))
            await changed(registry, lambda: ids(registry) == {"a", "b"})
            bad.say(Backend("a", A), Backend("c", "http://10.0.0.3:8000"))
            await changed(registry, lambda: ids(registry) == {"a", "b", "c"})

    with caplog.at_level(logging.WARNING):
        run(work)
    assert caplog.messages == ["source bad failed (ValueError); its last backends stay"]


class Failing:
    """A source whose every attempt fails; `lives` says which of them tell something first, and how many seconds they last."""

    name = "failing"
    grace_s = 0.0

    def __init__(self, lives):
        self.lives = iter(lives)

    async def desired(self):
        if (lasts_s := next(self.lives, None)) is not None:
            yield (Backend("a", A),)
            await REAL_SLEEP(lasts_s)
        raise OSError


REAL_SLEEP = asyncio.sleep


def pauses(registry, monkeypatch, source, count):
    """How long the fleet waits before each new attempt."""
    waits = []
    here = threading.get_ident()

    async def sleep(seconds):
        # Servers of other tests may sleep in threads of their own.
        if threading.get_ident() != here:
            return await REAL_SLEEP(seconds)
        waits.append(seconds)
        if len(waits) == count:
            raise asyncio.CancelledError
        return await REAL_SLEEP(0)

    async def work():
        monkeypatch.setattr(asyncio, "sleep", sleep)
        with contextlib.suppress(asyncio.CancelledError):
            await Fleet(registry).run([source])

    run(work)
    return waits


def test_a_source_that_keeps_failing_is_logged_once_and_tried_less_and_less_often(registry, monkeypatch, caplog):
    with caplog.at_level(logging.INFO, "backend_registry.discovery"):
        waits = pauses(registry, monkeypatch, Failing([None] * 5 + [0] + [None] * 5), 8)
    assert waits == [5, 10, 20, 40, 60, 60, 60, 60]
    assert [text for text in caplog.messages if "source" in text] == [
        "source failing failed (OSError); its last backends stay",
        "source failing works again",
        "source failing failed (OSError); its last backends stay",
    ]


def test_a_source_that_fails_after_a_good_while_is_tried_again_soon(registry, monkeypatch):
    monkeypatch.setattr("backend_registry.discovery.fleet._RETRY_S", 0.02)
    monkeypatch.setattr("backend_registry.discovery.fleet._RETRY_MOST_S", 0.04)
    assert pauses(registry, monkeypatch, Failing([None, None, None, 0.06]), 5) == [0.02, 0.04, 0.04, 0.02, 0.04]


def test_the_event_loop_does_not_wait_while_a_set_is_taken_over(registry, monkeypatch):
    threads = set()
    real = registry.apply

    def apply(desired):
        threads.add(threading.current_thread())
        return real(desired)

    monkeypatch.setattr(registry, "apply", apply, raising=False)

    async def work():
        source = Told(grace_s=0.01)
        async with following(Fleet(registry), source):
            source.say(Backend("a", A))
            await changed(registry, lambda: ids(registry) == {"a"})
            source.say()
            await changed(registry, lambda: not ids(registry))

    run(work)
    assert threads
    assert threading.current_thread() not in threads


def test_whoever_finds_a_backend_in_the_registry_finds_it_in_the_fleet(registry, monkeypatch):
    fleet = Fleet(registry)
    sources = []
    real = registry.apply

    def apply(desired):
        applied = real(desired)
        sources.extend(fleet.source_of(backend.id) for backend in registry)
        return applied

    monkeypatch.setattr(registry, "apply", apply, raising=False)
    fleet.offer("own", [Backend("a", A)])
    assert sources == ["own"]


def test_a_set_that_is_said_again_is_not_worked_out_anew(registry, monkeypatch):
    fleet = Fleet(registry)
    fleet.offer("own", [Backend("a", A)])
    monkeypatch.setattr("backend_registry.discovery.fleet.reconcile", None)
    fleet.offer("own", [Backend("a", A)])
    assert ids(registry) == {"a"}


def test_nonsense_from_a_source_is_refused_and_the_next_word_counts(registry, caplog):
    async def work():
        source = Told()
        async with following(Fleet(registry), source):
            source.say(Backend("a", A))
            source.say(B)
            source.say(Backend("a", A), Backend("b", B))
            await changed(registry, lambda: ids(registry) == {"a", "b"})

    run(work)
    assert "what source own says was refused: backends: holds a str" in caplog.text


@pytest.mark.parametrize("names", [("own", "own"), ("api",)])
def test_two_sources_of_one_name_are_refused(registry, names):
    with pytest.raises(InvalidValueError, match="give each its own name"):
        asyncio.run(Fleet(registry).run([Told(name) for name in names]))


# --- grace -------------------------------------------------------------------------------------------------------------


def healthy(registry, backend_id):
    registry.update_status(backend_id, BackendStatus.HEALTHY)


def test_out_of_sight_is_unknown_for_a_while_and_then_gone(registry):
    async def work():
        source = Told(grace_s=0.05)
        async with following(Fleet(registry), source):
            source.say(Backend("a", A), Backend("b", B))
            await changed(registry, lambda: len(registry) == 2)
            healthy(registry, "a")
            healthy(registry, "b")
            async with registry.watch() as changes:
                source.say(Backend("b", B))
                doubted, gone = await anext(changes), await anext(changes)
        (entry,) = doubted.entries
        assert (entry.id, entry.after.health) == ("a", BackendStatus.UNKNOWN)
        assert entry.after.last_error == "own no longer tells about it"
        assert [(entry.kind, entry.id) for entry in gone.entries] == [("removed", "a")]
        assert registry.get_backend("b").status is BackendStatus.HEALTHY

    run(work)


def test_back_in_time_stays_the_same_object(registry):
    async def work():
        source, other = Told(grace_s=0.05), Told("other", grace_s=0.05)
        async with following(Fleet(registry), source, other):
            source.say(Backend("a", A))
            other.say(Backend("b", B))
            await changed(registry, lambda: len(registry) == 2)
            a = registry.get_backend("a")
            source.say()
            source.say(Backend("a", A))
            other.say()
            # The other one's time is not over before that of the first would have been.
            await changed(registry, lambda: "b" not in registry)
            assert registry.get_backend("a") is a

    run(work)


def test_back_in_time_it_is_not_held_against_it_that_it_was_found_dead_meanwhile(registry):
    async def work():
        source = Told(grace_s=60)
        async with following(Fleet(registry), source):
            source.say(Backend("a", A))
            await changed(registry, lambda: len(registry) == 1)
            healthy(registry, "a")
            source.say()
            await changed(registry, lambda: registry.get_backend("a").status is BackendStatus.UNKNOWN)
            registry.update_status("a", BackendStatus.UNHEALTHY, "connection refused")
            source.say(Backend("a", A))
            await changed(registry, lambda: registry.get_backend("a").status is BackendStatus.UNKNOWN)
            assert registry.get_backend("a").last_error is None
            # But one that was found well needs no second look.
            source.say()
            await changed(registry, lambda: registry.get_backend("a").last_error is not None)
            healthy(registry, "a")
            revision = registry.revision
            source.say(Backend("a", A))
            source.say(Backend("a", A), Backend("b", B))
            await changed(registry, lambda: "b" in registry)
            assert registry.revision == revision + 1

    run(work)


def test_what_goes_twice_has_its_full_time_again(registry):
    async def work():
        source, other = Told(grace_s=0.2), Told("other", grace_s=0.1)
        loop = asyncio.get_running_loop()
        async with following(Fleet(registry), source, other):
            source.say(Backend("a", A))
            other.say(Backend("b", B))
            await changed(registry, lambda: len(registry) == 2)
            source.say()
            other.say()
            await changed(registry, lambda: "b" not in registry)  # at half of the first time
            source.say(Backend("a", A))
            source.say()
            began = loop.time()
            await changed(registry, lambda: len(registry) == 0)
            assert loop.time() - began > 0.15

    run(work)


def test_a_drained_backend_that_is_out_of_sight_stays_drained(registry):
    async def work():
        source = Told(grace_s=60)
        fleet = Fleet(registry)
        async with following(fleet, source):
            source.say(Backend("a", A))
            await changed(registry, lambda: len(registry) == 1)
            fleet.drain("a")
            source.say()
            source.say(Backend("b", B))
            await changed(registry, lambda: "b" in registry)
            assert registry.get_backend("a").intent is Intent.DRAINING

    run(work)


def test_one_that_stands_behind_the_files_says_nothing_about_it(registry):
    async def work():
        source = Told("mdns", grace_s=0.02)
        fleet = Fleet(registry)
        fleet.offer("file", [Backend("mine", A), Backend("a", B)])
        healthy(registry, "mine")
        healthy(registry, "a")
        async with following(fleet, source):
            source.say(Backend("found", A), Backend("a", "http://10.0.0.9:80"), Backend("c", "http://10.0.0.3:80"))
            await changed(registry, lambda: "c" in registry)
            source.say()
            await changed(registry, lambda: "c" not in registry)
        assert {backend.status for backend in registry} == {BackendStatus.HEALTHY}

    run(work)


def test_the_same_server_under_a_new_name_does_not_linger_under_the_old_one(registry):
    async def work():
        source = Told(grace_s=60)
        async with following(Fleet(registry), source):
            source.say(Backend("old", A))
            await changed(registry, lambda: ids(registry) == {"old"})
            source.say(Backend("new", A))
            await changed(registry, lambda: ids(registry) == {"new"})

    run(work)
