"""What the tests of the command share."""

import gc
import logging
import signal

import pytest

from backend_registry.serve import main
from backend_registry.testing import FakeBackend
from tests.serve.running import FLEET, InProcess


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run the command in this process; exit status, output, errors. For what ends by itself."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))

    def command(*arguments):
        status = main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return command


@pytest.fixture
def fleet(tmp_path):
    """Write the file; its path."""
    path = tmp_path / "fleet.toml"

    def write(text):
        path.write_text(text)
        return path

    return write


@pytest.fixture
def fakes():
    with FakeBackend("a", models=["m1"], chunks=4) as a, FakeBackend("b", models=["m1"]) as b:
        yield a, b


@pytest.fixture
def two(tmp_path, fakes):
    """Write a file with two backends; its path."""

    def write(text=FLEET, **facts):
        path = tmp_path / "fleet.toml"
        beside = tmp_path / "beside.toml"
        beside.write_text(text.format(**{"a": fakes[0].url, "b": fakes[1].url, "shutdown_s": 30, **facts}))
        beside.replace(path)
        return path

    return write


@pytest.fixture(autouse=True)
def log_state():
    """Put loggers back as they were: a process that serves sets them for good."""
    levels = {name: logging.getLogger(name).level for name in ("", "backend_registry")}
    given = logging.getLogger().handlers[:]
    yield
    logging.getLogger().handlers[:] = given
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def handlers():
    """Put signal handlers back."""
    numbers = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def serving(capsys, monkeypatch, tmp_path, handlers):
    """Serve in this process while a function looks at it; it must end well, and its state directory stays."""

    def run(look, *arguments, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        router = InProcess(capsys.readouterr)
        assert router.serve((*arguments, "--state-dir", tmp_path / "state"), look) == 0
        assert "Traceback" not in router.output
        return router

    yield run
    gc.unfreeze()
