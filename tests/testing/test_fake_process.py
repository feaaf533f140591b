import contextlib
import signal
import subprocess
import sys
import threading
import types

import pytest

from backend_registry.testing.__main__ import main
from tests.testing.talk import TIMEOUT_S, ask, chat, events


@contextlib.contextmanager
def process(*arguments):
    command = [sys.executable, "-m", "backend_registry.testing", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child, child.stdout.readline().strip()
        finally:
            child.kill()


def test_a_process_prints_its_url_serves_obeys_and_ends_when_told():
    arguments = ("--kind", "ollama", "--id", "a", "--models", "llama3:8b,phi3", "--chunks", "5", "--chunk-delay-ms", "1")
    with process(*arguments) as (child, url):
        assert [entry["name"] for entry in ask(url, "GET", "/api/tags").json()["models"]] == ["llama3:8b", "phi3"]
        assert len(events(chat(url, "hello world", "phi3", stream=True))) == 6
        ask(url, "POST", "/_fake/fail", {"kind": "status", "status": 503})
        assert chat(url).status == 503
        child.send_signal(signal.SIGTERM)
        assert child.wait(TIMEOUT_S) == 0
        assert child.stdout.read() == ""
        with pytest.raises(ConnectionRefusedError):
            chat(url)


@pytest.mark.parametrize("arguments", [["--kind", "gemini"], ["--port", "many"]])
def test_wrong_arguments_end_with_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m backend_registry.testing" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_the_signal_and_ends_well(number, monkeypatch, capsys):
    class SignalWhileWaiting(threading.Event):
        def wait(self, timeout=None):
            url = capsys.readouterr().out.strip()
            assert chat(url, model="phi3").headers["x-fake-backend"] == "z"
            signal.raise_signal(number)
            return super().wait(timeout)

    handlers = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr("backend_registry.testing.__main__.threading", types.SimpleNamespace(Event=SignalWhileWaiting))
    try:
        assert main(["--id", "z", "--models", "phi3"]) == 0
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
