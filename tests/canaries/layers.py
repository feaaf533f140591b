"""The layers of proof, cut down to one call each, so that each can be shown a bug. A layer raises when it finds something."""

import collections
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from backend_registry import EjectionPolicy, Outcome
from tests.concurrency import test_cancellation, test_interrupts, test_reentry
from tests.concurrency.fleet import StillClock, make_backend, make_registry
from tests.concurrency.histories import judge, often_switching, record_history
from tests.concurrency.linearizability import LEGAL
from tests.concurrency.machine import RegistryMachine
from tests.concurrency.scenarios import SCENARIOS
from tests.core import test_aio, test_ejection, test_last_resort, test_trial

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


def ejections() -> None:
    """Histories of requests that fail, end well or are cancelled, on a fleet that ejects."""

    @settings(max_examples=200, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
    @given(policy=test_ejection.POLICIES, steps=test_ejection.STEPS, seed=st.integers(0, 9))
    def histories_of_ejection(policy: EjectionPolicy, steps: list[tuple[str, int]], seed: int) -> None:
        test_ejection.live_through(policy, steps, seed)

    histories_of_ejection()


def strictly(test: Callable[..., None]) -> Callable[[], None]:
    """A test of ejection, with the registry and the clock that it asks for."""

    def layer() -> None:
        clock = StillClock()
        test(make_registry(clock=clock, ejection_policy=test_ejection.STRICT), clock)

    return layer


def cancelled_trials() -> None:
    """Whether a cancelled trial frees the slot."""
    clock = StillClock()
    registry = make_registry(make_backend("bad"), make_backend("good"), clock=clock, ejection_policy=test_trial.POLICY)
    test_ejection.eject(registry, "bad")
    clock.advance(10)
    registry.candidates("m")
    test_trial.test_a_neutral_outcome_frees_the_slot(registry, registry.get_backend("bad"), Outcome.CANCELLED)


def operators_and_panic() -> None:
    """Whether a panic leaves alone what an operator has taken out."""
    registry = make_registry(ejection_policy=EjectionPolicy())
    test_last_resort.test_who_was_taken_out_by_an_operator_is_no_last_resort(registry, "drain")


def schedules(name: str) -> Callable[[], None]:
    """One scenario under every strategy: it is enough if one of them finds the bug."""

    def layer() -> None:
        from tests.concurrency.schedules import STRATEGIES, explore

        (scenario,) = (scenario for scenario in SCENARIOS if scenario.name.startswith(name))
        for strategy in STRATEGIES:
            explored = explore(scenario, strategy, most=60, seconds=10)
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
    "order of urgent waiters": lambda: test_aio.test_the_urgent_are_served_first_and_each_in_order(make_registry()),
    "histories of ejection": ejections,
    "good time": strictly(test_ejection.test_good_time_is_remembered),
    "new start": strictly(test_ejection.test_failures_from_before_do_not_eject_at_once_again),
    "cancelled trials": cancelled_trials,
    "operators and panic": operators_and_panic,
    "fork": test_reentry.test_a_child_forked_while_threads_hold_locks_can_do_everything,
    "locks": test_interrupts.test_two_interrupts_in_a_row_do_not_leave_a_lock_taken,
    "whole decrements": test_interrupts.test_an_interrupted_decrement_has_either_happened_or_not,
    **{f"schedules of {scenario.name.split(':')[0]}": schedules(scenario.name) for scenario in SCENARIOS},
    **{f"interrupts of {name}": interrupts(name) for name in ("add", "remove", "with lease", "watch")},
    **{f"cancellation of {name}": cancellation(name) for name in ("acquire_async", "drain_async", "stream", "watch")},
}
