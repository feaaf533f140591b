"""What the proof layers share: how much to do, silence, and a dump of all stacks should a test hang."""

import faulthandler
import logging
import sys
from unittest import mock

import pytest

from tests.concurrency.report import tell


@pytest.fixture(scope="session")
def effort(pytestconfig: pytest.Config) -> int:
    """How many times the default amount of work is to be done."""
    return 20 if pytestconfig.getoption("--budget", default="default") == "nightly" else 1


@pytest.fixture(autouse=True)
def _quiet():
    """Underflows are provoked by the thousand here."""
    with mock.patch.object(logging.getLogger("backend_registry"), "disabled", new=True):
        yield


@pytest.fixture(autouse=True)
def _stacks_of_a_deadlock():
    faulthandler.dump_traceback_later(55, exit=False, file=sys.__stderr__)
    yield
    faulthandler.cancel_dump_traceback_later()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tell(terminalreporter)
