"""Watching from a thread: every commit in order exactly once, or a `Resync`, until it is closed."""

import threading

import pytest

from backend_registry import InvalidValueError, Registry, Resync
from tests.core.fleet import add, changes


def revisions(seen):
    return [change.revision for change in seen]


class Reader(threading.Thread):
    """Reads a watch in a thread of its own until it ends."""

    def __init__(self, watch):
        super().__init__(daemon=True)
        self.watch = watch
        self.seen = []
        self.start()

    def run(self):
        self.seen.extend(self.watch)


def waiting(registry):
    """Whether somebody waits for a change."""
    return bool(registry._waiting)


@pytest.fixture
def until():
    """Wait for a condition by letting other threads run; the limit of the test run ends it if it never comes."""
    pause = threading.Event()

    def until(condition):
        while not condition():
            pause.wait(0.001)

    return until


def test_watch_starts_now(registry):
    add(registry, "a")
    watch = registry.watch()
    assert watch.poll() is None
    add(registry, "b")
    (change,) = changes(watch)
    assert (change.revision, change.entries[0].id, watch.revision) == (2, "b", 2)


def test_watch_since_a_revision_gets_all_that_followed(registry):
    add(registry, "a", "b", "c")
    assert revisions(changes(registry.watch(since=1))) == [2, 3]
    assert revisions(changes(registry.watch(since=0))) == [1, 2, 3]
    assert changes(registry.watch(since=3)) == []


@pytest.mark.parametrize(
    ("since", "problem"), [(-1, "is -1"), ("1", "is a str"), (True, "is a bool"), (2**63, "is 9223372036854775808")]
)
def test_what_is_no_revision_is_refused(registry, since, problem):
    with pytest.raises(InvalidValueError) as caught:
        registry.watch(since=since)
    assert (caught.value.field, caught.value.problem) == ("since", problem)


def test_watch_that_fell_behind_is_told_to_start_again():
    short = Registry(journal_size=2)
    watch = short.watch()
    add(short, "a", "b", "c")
    resync = watch.poll()
    assert isinstance(resync, Resync)
    assert [record.id for record in resync.snapshot.backends] == ["a", "b", "c"]
    assert watch.revision == resync.snapshot.revision == 3
    assert watch.poll() is None
    add(short, "d")
    assert revisions(changes(watch)) == [4]


def test_watch_that_the_journal_still_covers_gets_every_change():
    short = Registry(journal_size=2)
    watch = short.watch()
    add(short, "a", "b")
    assert revisions(changes(watch)) == [1, 2]


def test_revision_from_another_life_is_answered_with_a_resync(registry):
    add(registry, "a")
    resync = registry.watch(since=1_000).poll()
    assert isinstance(resync, Resync)
    assert resync.snapshot.revision == 1


def test_watches_are_independent(registry):
    first, second = registry.watch(), registry.watch()
    add(registry, "a")
    assert revisions(changes(first)) == [1]
    add(registry, "b")
    assert (revisions(changes(first)), revisions(changes(second))) == ([2], [1, 2])


def test_next_gives_up_after_its_time(registry):
    watch = registry.watch()
    assert watch.next(timeout=0) is None
    assert watch.next(timeout=0.001) is None
    assert not watch.closed
    add(registry, "a")
    assert watch.next(timeout=0).revision == 1


def test_next_waits_for_the_next_commit(registry, until):
    reader = Reader(watch := registry.watch())
    until(lambda: waiting(registry))
    add(registry, "a", "b")
    registry.update_status("a", "healthy")
    until(lambda: len(reader.seen) == 3)
    watch.close()
    reader.join()
    assert revisions(reader.seen) == [1, 2, 3]
    assert not waiting(registry)


def test_being_woken_for_nothing_is_no_change(registry, until):
    reader = Reader(watch := registry.watch())
    until(lambda: waiting(registry))
    watch.wake()
    add(registry, "a")
    until(lambda: reader.seen)
    watch.close()
    reader.join()
    assert revisions(reader.seen) == [1]


def test_close_ends_the_wait_of_the_reader(registry, until):
    reader = Reader(watch := registry.watch())
    until(lambda: waiting(registry))
    watch.close()
    reader.join()
    assert (reader.seen, watch.closed, waiting(registry)) == ([], True, False)


def test_closed_watch_has_no_more_changes(registry):
    with registry.watch() as watch:
        add(registry, "a")
    watch.close()
    assert (watch.poll(), watch.next(), list(watch)) == (None, None, [])


def test_several_readers_each_see_every_change(registry, until):
    watches = [registry.watch() for _ in range(3)]
    readers = [Reader(watch) for watch in watches]
    add(registry, *(f"b{n}" for n in range(50)))
    until(lambda: all(len(reader.seen) == 50 for reader in readers))
    for watch in watches:
        watch.close()
    for reader in readers:
        reader.join()
        assert revisions(reader.seen) == list(range(1, 51))


def test_watcher_may_call_any_method(registry, until):
    watch = registry.watch()

    def follow():
        for change in watch:
            for entry in change.entries:
                if entry.kind == "added":
                    registry.update_status(entry.id, "healthy")

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    add(registry, "a", "b")
    until(lambda: len(registry.get_healthy_backends()) == 2)
    watch.close()
    thread.join()


def test_close_from_another_thread_ends_the_wait_wherever_it_comes(registry, monkeypatch):
    watch = registry.watch()
    polled = watch.poll

    def closed_after_the_look():
        change = polled()
        watch.close()
        return change

    monkeypatch.setattr(watch, "poll", closed_after_the_look)
    assert watch.next(timeout=20) is None


@pytest.mark.parametrize("timeout", ["x", -1, float("nan"), True, 10**400])
def test_timeout_that_is_no_duration_is_refused(registry, timeout):
    with pytest.raises(InvalidValueError, match=r"^timeout: "):
        registry.watch().next(timeout=timeout)
