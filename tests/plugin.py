"""What every test run shares: the budget, Hypothesis profiles, documentation as tests, and a few fixtures.

It is loaded by `-p tests.plugin` before coverage starts to measure, so nothing here imports `backend_registry` at the top.
"""

import logging
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

try:
    from sybil import Sybil
    from sybil.integration.pytest import SybilFile
    from sybil.parsers.markdown import SkipParser as MarkdownSkipParser
    from sybil.parsers.myst import DocTestDirectiveParser, PythonCodeBlockParser
    from sybil.parsers.rest import DocTestParser
    from sybil.parsers.rest import SkipParser as DocstringSkipParser
except ImportError:  # an interpreter without the documentation tools still runs all other tests
    Sybil = None

pytest.register_assert_rewrite("tests.core.fleet")

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = {"default": 100, "nightly": 2_000}


def _register_profiles():
    # Shared machines stall: no deadline, and slow generation is no failure. The default budget repeats itself exactly.
    for budget, examples in EXAMPLES.items():
        settings.register_profile(
            budget,
            deadline=None,
            max_examples=examples,
            derandomize=budget == "default",
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow],
        )


_register_profiles()


def pytest_addoption(parser):
    parser.addoption("--budget", choices=tuple(EXAMPLES), default="default", help="how long the tests may take")


def pytest_configure(config):
    settings.load_profile(config.getoption("--budget"))
    # The specification calls its property tests so.
    config.addinivalue_line("python_functions", "prop_*")


# --- documentation as tests --------------------------------------------------------------------------------------------

if Sybil is not None:
    PAGES = Sybil(parsers=[PythonCodeBlockParser(), DocTestDirectiveParser(), MarkdownSkipParser()])
    DOCSTRINGS = Sybil(parsers=[DocTestParser(), DocstringSkipParser()])

    def pytest_collect_file(file_path, parent):
        if not file_path.is_relative_to(ROOT):
            return None
        top = file_path.relative_to(ROOT).parts[0]
        if file_path.suffix == ".md" and top in {"README.md", "docs"}:
            return SybilFile.from_parent(parent, path=file_path, sybils=[PAGES])
        if file_path.suffix == ".py" and top == "src":
            return SybilFile.from_parent(parent, path=file_path, sybils=[DOCSTRINGS])
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(items):
        """Put the blocks of each document back together and in order: the later ones use what the earlier ones made."""
        documents = {}
        for item in items:
            if isinstance(item.parent, SybilFile):
                documents.setdefault(item.parent, []).append(item)
        ordered = []
        for item in items:
            if item.parent in documents:
                ordered += sorted(documents.pop(item.parent), key=lambda block: block.example.line)
            elif not isinstance(item.parent, SybilFile):
                ordered.append(item)
        items[:] = ordered


# --- fixtures ----------------------------------------------------------------------------------------------------------


class HandClock:
    """A clock that moves only when told to; starts at an arbitrary time that is neither zero nor round."""

    def __init__(self):
        self.now_ns = 1_234_567_891_000_000_000

    def monotonic_ns(self):
        return self.now_ns

    def time_ns(self):
        return self.now_ns + 1_700_000_000_000_000_000

    def advance(self, seconds):
        self.now_ns += round(seconds * 1e9)


class CallingHandler(logging.Handler):
    """A log handler that calls back into the program, as a careless application's might."""

    def __init__(self, call):
        super().__init__()
        self.call = call

    def emit(self, record):
        self.call(record)


@pytest.fixture(scope="session")
def budget(pytestconfig):
    """`default` or `nightly`."""
    return pytestconfig.getoption("--budget")


@pytest.fixture
def clock():
    """A clock to be moved by hand."""
    return HandClock()


@pytest.fixture
def registry(clock):
    """An empty registry with a clock to be moved by hand and repeatable randomness."""
    from backend_registry import Registry

    return Registry(clock=clock, rng=random.Random(7))


@pytest.fixture
def log_calls():
    """Call a function with every record that the package logs, from inside of the logging call."""
    handlers = []
    logger = logging.getLogger("backend_registry")

    def install(call):
        handler = CallingHandler(call)
        handlers.append(handler)
        logger.addHandler(handler)

    yield install
    for handler in handlers:
        logger.removeHandler(handler)
