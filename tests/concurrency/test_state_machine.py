"""2,000 random sequences of up to 50 steps, real registry against naive one."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.concurrency.machine import RegistryMachine
from tests.concurrency.report import report

EXAMPLES, STEPS = 2_000, 50


@pytest.mark.timeout(3600)
def test_the_registry_behaves_as_a_naive_one_does(effort):
    examples = EXAMPLES * effort
    report(f"[state machine] {examples} examples of up to {STEPS} steps")
    run_state_machine_as_test(
        RegistryMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
