"""A write that is cut short, at any line, is completed or has not happened; whoever comes next finds a sound registry."""

import linecache
import random
import sys
from pathlib import Path

import pytest

from backend_registry import BackendOwnershipError, ProbeResult, Registry, _core
from tests.core.fleet import add, assert_sound, backend, ids
from tests.plugin import HandClock

CORE = str(Path(_core.__file__).parent)


class Interrupt(BaseException):
    """Stands for what a signal handler raises."""


def interrupted(work, line):
    """Run `work` and raise at its `line`-th line inside of the core; False if it has fewer.

    A `with` line is visited a second time just before the lock is given back, where no signal handler can run.
    """
    left = line

    def trace(frame, event, _argument):
        nonlocal left
        if not frame.f_code.co_filename.startswith(CORE):
            return None
        if event == "line" and not linecache.getline(frame.f_code.co_filename, frame.f_lineno).lstrip().startswith("with "):
            left -= 1
            if left < 0:
                raise Interrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except Interrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def fleet():
    """A registry with something to lose: health, shared models, a cool-down, a neighbour that is not part of the write."""
    registry = Registry(clock=HandClock(), rng=random.Random(1))
    add(registry, "a", models=["x", "y"])
    add(registry, "b", models=["y"])
    add(registry, "neighbour", models=["n", "y"])
    registry.update_status("a", "healthy")
    registry.acquire("y", exclude=["a", "neighbour"]).finish("overloaded", retry_after=5)
    # All that readers take is published, so that what they find changed was changed by the write in question.
    visible(registry)
    registry.get_all_backends()
    registry.model_count()
    return registry


def visible(registry):
    """What can be seen, without the identity of objects."""
    # First, since it takes the lock, and whoever takes the lock completes what was cut short.
    urls = [registry.has_backend_url(f"http://{name}:8000") for name in ("a", "b", "c", "neighbour")]
    snapshot = registry.snapshot()
    return (
        snapshot.revision,
        registry.revision,
        {record.id: record for record in snapshot.backends},
        {model: sorted(serving) for model, serving in snapshot.models.items()},
        {model: sorted(ids(registry.candidates(model))) for model in ("x", "y", "n", "z")},
        sorted(ids(registry.get_healthy_backends())),
        urls,
        [change.revision for change in iter(registry.watch(since=0).poll, None)],
    )


def end_cool_down(registry):
    registry.clock.advance(5)
    registry.candidates("y")


WRITES = {
    "add": lambda r: r.add_backend(backend("c", ["y", "z"])),
    "remove": lambda r: r.remove_backend("a"),
    "remove the one that cools down": lambda r: r.remove_backend("b"),
    "update models": lambda r: r.update_models("a", ["z", "y"]),
    "update status": lambda r: r.update_status("a", "unhealthy", "e"),
    "drain": lambda r: r.drain("a"),
    "probe": lambda r: r.record_probe(r.get_backend("b"), ProbeResult(ok=True, models=("x", "z"))),
    "apply": lambda r: r.apply([backend("c", ["y", "z"]), backend("b", ["y"], priority=4), *r.get_all_backends()[2:]]),
    "replace": lambda r: r.apply([backend("a", ["x", "y"], url="http://c:8000"), *r.get_all_backends()[1:]]),
    "end of a cool-down": end_cool_down,
}

THEN = {
    "reader": lambda r: r.snapshot(),
    "reader of a model": lambda r: r.get_backends_for_model("y"),
    "reader of demands": lambda r: r.candidates("y", min_context=1),
    "writer": lambda r: r.update_status("neighbour", "unhealthy"),
    "same writer": lambda r: r.disable("neighbour"),
}


@pytest.mark.parametrize("then", THEN.values(), ids=THEN)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_interrupt_at_any_line_leaves_all_or_nothing(write, then):
    untouched, done = fleet(), fleet()
    write(done)
    for each in (untouched, done):
        if write is end_cool_down:
            each.clock.now_ns = done.clock.now_ns
        then(each)
    expected = [visible(untouched), visible(done)]
    line, seen = 0, []
    while True:
        registry = fleet()
        cut_short = interrupted(lambda registry=registry: write(registry), line)
        if write is end_cool_down:
            registry.clock.now_ns = done.clock.now_ns
        assert not registry._lock.held_by_me
        then(registry)
        now = visible(registry)
        assert now in expected, f"interrupted at line {line}"
        seen.append(now)
        assert_sound(registry)
        if not cut_short:
            break
        line += 1
    assert line > 20
    assert expected[1] in seen


def test_step_that_is_done_again_does_no_harm():
    registry = fleet()
    gone = registry.get_backend("a")
    steps = []

    class Journal:
        """Interrupts the commit at its last step but one, once."""

        get = registry._journal.get

        def append(self, change, inner=registry._journal):
            steps.append(change.revision)
            if len(steps) == 1:
                raise Interrupt
            inner.append(change)

    registry._journal = Journal()
    with pytest.raises(Interrupt):
        registry.remove_backend("a")
    assert registry.get_backend("a") is None
    revision = registry.revision
    registry.update_status("neighbour", "healthy")
    assert registry.revision == revision + 2
    assert steps == [revision + 1, revision + 1, revision + 2]
    with pytest.raises(BackendOwnershipError):
        registry.add_backend(gone)
    assert_sound(registry)
