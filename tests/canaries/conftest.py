"""The canaries are run and reported as the layers are that they prove."""

from tests.concurrency.conftest import _quiet, pytest_terminal_summary

__all__ = ("_quiet", "pytest_terminal_summary")
