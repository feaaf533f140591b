"""The layers of proof, cut down to one call each, so that each can be shown a bug. A layer raises when it finds something."""

import collections
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.concurrency import test_cancellation, test_interrupts, test_reentry
from tests.concurrency.fleet import make_backend, make_registry
from tests.concurrency.histories import judge, often_switching, record_history
from tests.concurrency.linearizability import LEGAL
from tests.concurrency.machine import RegistryMachine
from tests.concurrency.scenarios import SCENARIOS

__all__ = ("LAYERS",)


def state_machine() -> None:
    """150 examples, without shrinking: here the finding counts, not its beauty."""
    run_state_machine_as_test(
        RegistryMachine,
        settings=settings(
            max_examples=150,
            stateful_step_count=50,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def schedules(name: str) -> Callable[[], None]:
    """One scenario under every strategy: it is enough if one of them finds the bug."""

    def layer() -> None:
        from tests.concurrency.schedules import STRATEGIES, explore

        (scenario,) = (scenario for scenario in SCENARIOS if scenario.name.startswith(name))
        for strategy in STRATEGIES:
            explored = explore(scenario, strategy, most=60, seconds=3)
            assert explored.broken is None, explored.broken

    return layer


def interrupts(name: str) -> Callable[[], None]:
    """One verb, interrupted at every point."""
    return lambda: test_interrupts.test_an_interrupt_at_any_point_of_a_verb_leaves_nothing_wrong(name)


def cancellation(name: str, times: int = 1) -> Callable[[], None]:
    """One use, cancelled at every await."""
    return lambda: test_cancellation.test_a_cancellation_at_any_await_gives_everything_back(name, times)


def ties() -> None:
    """Between two idle backends each gets a third of the picks at least."""
    registry = make_registry(make_backend("a", "m"), make_backend("b", "m"))
    picks = collections.Counter(registry.pick("m").id for _ in range(600))
    assert min(picks["a"], picks["b"]) >= 200, picks


def histories() -> None:
    """A few recorded histories of eight threads."""
    for seed in range(10):
        registry = make_registry()
        with often_switching():
            history = record_history(registry, threads=8, calls=250, ids=("a", "b", "c", "d"), seed=seed)
        counts = judge(history)
        assert counts[LEGAL] == sum(counts.values()), counts


LAYERS: dict[str, Callable[[], None]] = {
    "state machine": state_machine,
    "histories": histories,
    "ties": ties,
    "order of waiters": test_cancellation.test_waiters_are_served_in_the_order_in_which_they_came,
    "fork": test_reentry.test_a_child_forked_while_threads_hold_locks_can_do_everything,
    "locks": test_interrupts.test_two_interrupts_in_a_row_do_not_leave_a_lock_taken,
    "whole decrements": test_interrupts.test_an_interrupted_decrement_has_either_happened_or_not,
    **{f"schedules of {scenario.name.split(':')[0]}": schedules(scenario.name) for scenario in SCENARIOS},
    **{f"interrupts of {name}": interrupts(name) for name in ("add", "remove", "with lease", "watch")},
    **{f"cancellation of {name}": cancellation(name) for name in ("acquire_async", "drain_async", "stream", "watch")},
}
