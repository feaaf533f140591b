"""Code that comes back to the registry: signal handlers, log handlers, finalizers."""

import signal
import threading

import pytest

from backend_registry import InvalidValueError, ReentrantWriteError
from backend_registry._core.lock import WriterLock
from tests.core.fleet import add, assert_sound, backend, ids, unchanged


class InsideWrite:
    """A journal that runs a function while a commit is being carried out, in the writing thread."""

    def __init__(self, journal, call):
        self.journal = journal
        self.get = journal.get
        self.call = call

    def append(self, change):
        self.call()
        self.journal.append(change)


def during_next_write(registry, call):
    """Have `call` run in the middle of the next commit."""
    results = []
    registry._journal = InsideWrite(registry._journal, lambda: results.append(call()))
    return results


READS = {
    "get_backend": lambda r: r.get_backend("a").id,
    "get_all_backends": lambda r: ids(r.get_all_backends()),
    "get_healthy_backends": lambda r: ids(r.get_healthy_backends()),
    "get_backends_for_model": lambda r: ids(r.get_backends_for_model("m")),
    "candidates": lambda r: ids(r.candidates("m")),
    "candidates with a demand": lambda r: ids(r.candidates("m", min_context=7)),
    "backend_count": lambda r: r.backend_count(),
    "model_count": lambda r: r.model_count(),
    "snapshot": lambda r: r.snapshot().revision,
    "pick": lambda r: r.pick("m").id,
    "acquire": lambda r: r.acquire("m").finish(),
    "explain": lambda r: len(r.explain("m")),
    "has_backend_url": lambda r: r.has_backend_url("http://a:8000"),
    "leaked_leases": lambda r: r.leaked_leases,
    "poll": lambda r: r.watch(since=0).poll().revision,
    "contains": lambda r: "a" in r,
    "increment_pending": lambda r: r.increment_pending("a"),
    "update_latency": lambda r: r.update_latency("a", 5),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_reader_inside_a_write_of_its_own_thread_neither_waits_nor_fails(registry, read):
    add(registry, "a")
    read(registry)
    results = during_next_write(registry, lambda: read(registry))
    registry.update_status("a", "healthy", "note")
    expected = read(registry)
    if read is READS["increment_pending"]:
        expected -= 1
    assert results == [expected]


def test_reader_inside_a_write_may_ask_for_what_nobody_asked_for_before(registry):
    add(registry, "a", "b")
    registry.candidates("m")
    results = during_next_write(registry, lambda: ids(registry.candidates("m", min_context=8)))
    registry.update_status("a", "healthy")
    assert results == [["a", "b"]]


def test_reader_inside_a_write_sees_all_of_it(registry):
    add(registry, "a", "b", models=["m", "x"])
    for model in ("m", "x"):
        registry.candidates(model)
    results = during_next_write(registry, lambda: (registry.snapshot(), registry.get_all_backends(), registry.candidates("x")))
    registry.apply([backend("b", ["m"]), backend("c", ["x"])])
    assert results == [(registry.snapshot(), registry.get_all_backends(), registry.candidates("x"))]
    assert ids(registry.candidates("x")) == ["c"]
    assert_sound(registry)


def test_reader_inside_a_write_is_not_shown_what_was_published_long_ago(registry):
    add(registry, "a", "b", "c")
    registry.get_backends_for_model("m")
    registry.get_all_backends()
    registry.snapshot()
    registry.remove_backend("a")
    results = during_next_write(
        registry,
        lambda: (ids(registry.get_all_backends()), ids(registry.candidates("m")), registry.snapshot().models["m"]),
    )
    registry.disable("b")
    assert results == [(["b", "c"], ["c"], ("b", "c"))]


@pytest.mark.parametrize(
    "write",
    [
        lambda r: r.add_backend(backend("b")),
        lambda r: r.remove_backend("a"),
        lambda r: r.update_status("a", "unhealthy"),
        lambda r: r.update_models("a", ["x"]),
        lambda r: r.apply([]),
        lambda r: r.drain("a"),
    ],
    ids=["add", "remove", "status", "models", "apply", "drain"],
)
def test_writer_inside_a_write_of_its_own_thread_is_told_so(registry, write):
    add(registry, "a")

    def attempt():
        with pytest.raises(ReentrantWriteError, match=r"inside a write of this registry already"):
            write(registry)
        return True

    results = during_next_write(registry, attempt)
    registry.update_status("a", "healthy")
    assert results == [True]
    assert (ids(registry), ids(registry.get_healthy_backends()), ids(registry.candidates("m"))) == (["a"], ["a"], ["a"])
    registry._journal = registry._journal.journal
    assert_sound(registry)


def test_signal_handler_may_read_while_its_thread_is_inside_a_write(registry):
    add(registry, "a", "b")
    seen = []

    def handler(*_):
        seen.append((ids(registry.get_all_backends()), registry.pick("m").id, registry.snapshot().revision))

    registry.candidates("m")
    registry.get_all_backends()
    registry.snapshot()
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        during_next_write(registry, lambda: signal.raise_signal(signal.SIGUSR1))
        registry.remove_backend("a")
    finally:
        signal.signal(signal.SIGUSR1, before)
    ((everyone, picked, revision),) = seen
    assert (everyone, picked, revision) == (["b"], "b", 3)
    registry._journal = registry._journal.journal
    assert_sound(registry)


def test_signal_handler_may_read_while_its_thread_counts(registry):
    (gpu,) = add(registry, "a")
    with gpu._lock:
        assert registry.update_latency("a", 10) == 10
        assert registry.increment_total_requests("a") == 1
        for _ in range(40):
            registry.acquire("m").finish()
    assert (gpu.total_requests, gpu.latency_samples) == (41, 41)


def test_log_handler_may_call_any_method(registry, log_calls):
    add(registry, "a")

    def call(record):
        registry.add_backend(backend("b"))
        registry.update_status("a", "unhealthy")
        registry.increment_pending("a")
        registry.acquire("m").finish()
        registry.snapshot()
        registry.remove_backend("b")

    log_calls(call)
    assert registry.decrement_pending("a") == 0
    assert registry.get_backend("a").pending_requests == 1
    assert_sound(registry)


def test_no_lock_is_held_while_logging(registry, log_calls):
    (gpu,) = add(registry, "a")
    held = []
    log_calls(lambda record: held.append((registry._lock._is_owned(), gpu._lock._is_owned())))
    registry.decrement_pending("a")
    assert held == [(False, False)]


def test_writers_of_other_threads_wait_for_the_write(registry):
    order = []

    class Noted(WriterLock):
        def __enter__(self):
            waiting.set()
            return super().__enter__()

    registry._lock = Noted()
    waiting = threading.Event()
    threads = []

    def begin_another():
        waiting.clear()
        threads.append(threading.Thread(target=lambda: (add(registry, "second"), order.append("second"))))
        threads[0].start()
        waiting.wait()
        order.append("first")

    during_next_write(registry, lambda: None if threads else begin_another())
    add(registry, "first")
    threads[0].join()
    assert (order, ids(registry)) == (["first", "second"], ["first", "second"])


def test_refused_write_inside_an_argument_leaves_no_lock(registry):
    add(registry, "a")

    def models():
        registry.update_status("a", "healthy")
        yield "x"
        yield 5

    with pytest.raises(InvalidValueError):
        registry.update_models("a", models())
    with unchanged(registry):
        assert not registry._lock.held_by_me
    assert ids(registry.get_healthy_backends()) == ["a"]


def test_reader_inside_a_removal_no_longer_sees_what_goes(registry):
    add(registry, "a", "b")
    before = registry._mark_dirty
    seen = []

    def marked_and_read(edits):
        before(edits)
        seen.append((ids(registry.get_all_backends()), registry.has_backend_url("http://a:8000")))

    registry._mark_dirty = marked_and_read
    registry.remove_backend("a")
    assert seen == [(["b"], False)]
