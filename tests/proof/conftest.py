"""What the proofs share: they say at the end what they did, and need a system that tells what a process holds."""

from pathlib import Path

from tests.concurrency.report import tell

collect_ignore_glob = [] if Path("/proc/self/fd").exists() else ["test_*.py"]


def pytest_terminal_summary(terminalreporter):
    tell(terminalreporter)
