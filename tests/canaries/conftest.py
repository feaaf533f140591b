"""The canaries are run and reported as the layers are that they prove."""

from tests.concurrency.conftest import _quiet, _stacks_of_a_deadlock, pytest_terminal_summary

__all__ = ("_quiet", "_stacks_of_a_deadlock", "pytest_terminal_summary")
