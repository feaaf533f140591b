"""What the proof layers share: how much to do, and silence."""

import logging
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tell(terminalreporter)
