"""What the proof layers share: the budget, and a dump of all stacks should a test hang."""

import faulthandler
import sys

import pytest


@pytest.fixture(scope="session")
def effort(pytestconfig: pytest.Config) -> int:
    """How many times the default amount of work is to be done."""
    return 20 if pytestconfig.getoption("--budget", default="default") == "nightly" else 1


@pytest.fixture(autouse=True)
def _stacks_of_a_deadlock():
    faulthandler.dump_traceback_later(50, exit=False, file=sys.__stderr__)
    yield
    faulthandler.cancel_dump_traceback_later()
