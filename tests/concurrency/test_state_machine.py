"""2,000 random sequences of up to 50 steps, real registry against naive one."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

import pytest
from tests.concurrency.machine import RegistryMachine

EXAMPLES, STEPS = 2_000, 50


@pytest.mark.timeout(3600)
def test_the_registry_behaves_as_a_naive_one_does(effort):
    examples = EXAMPLES * effort
    print(f"[state machine] {examples} examples of up to {STEPS} steps")
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
