"""The command as a process: how it starts, what survives its end, and how it ends."""

import contextlib
import http.client
import json
import os
import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from backend_registry.discovery import WELL_KNOWN_PORTS
from backend_registry.testing import FakeBackend
from tests.e2e.processes import PATIENCE_S, Process, eventually, get_json, process
from tests.serve.running import FLEET, TOKEN, call, chat, intents

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")


@pytest.fixture
def start(tmp_path):
    """Start the command, with a state directory that stays. Whoever still runs in the end is told to stop, and does."""
    with contextlib.ExitStack() as running:
        begun = []

        def run(*arguments, **environment):
            command = process("backend_registry.serve", *arguments, "--state-dir", tmp_path / "state", **environment)
            begun.append(running.enter_context(command))
            return begun[-1]

        yield run
        for router in begun:
            if os.name == "posix" and router.popen.poll() is None:
                router.popen.send_signal(signal.SIGTERM)
                assert router.ended() == 0
                assert "Traceback" not in router.output


# --- starting ----------------------------------------------------------------------------------------------------------


def test_demo_is_alive_within_seconds_and_says_what_it_is():
    with process("backend_registry.serve", "--demo", "--port", 0) as demo:
        said = eventually(lambda: "/backends/stream" in demo.output and demo.output, "it has said all")
        assert "demonstration" in said
        assert demo.lines[0] == f"admin     {demo.url}/admin/\n"
        assert said.index(f"Open {demo.url}/admin/\n") < said.index("curl -N")
        eventually(lambda: sum(entry["total_requests"] for entry in get_json(f"{demo.url}/backends")) > 3, "there is traffic")
        kept = list(Path(demo.home.name).iterdir())
        demo.popen.send_signal(signal.SIGTERM)
        assert demo.ended() == 0
        assert "Traceback" not in demo.output
        assert kept == list(Path(demo.home.name).iterdir()) == []


# --- what survives -----------------------------------------------------------------------------------------------------


@POSIX
def test_what_operators_did_survives_kill_9(start, two, fakes):
    router = start(two())
    assert call(f"{router.url}/backends/a/drain")[0] < 300
    assert call(f"{router.url}/backends/b/disable")[0] < 300
    with FakeBackend("c", models=["m3"]) as third:
        assert call(f"{router.url}/backends", body={"id": "c", "url": third.url, "models": ["m3"]})[0] == 201
        router.kill()
        again = start(two())
        assert intents(again) == {"a": "draining", "b": "disabled", "c": "enabled"}
        eventually(lambda: "backend is still draining" in again.output, "it says what is not in rotation")
        assert chat(again, "m3")[0] == 200
        refused, document = chat(again, "m1")
        assert refused == 503
        assert "draining" in json.dumps(document)


def test_second_process_on_the_same_state_directory_is_refused_and_told_who_has_it(start, two):
    first = start(two())
    assert first.url
    second = start(two())
    assert second.ended() == 2
    last = second.output.splitlines()[-1]
    assert f"process {first.popen.pid}" in last
    assert "--state-dir" in last


# --- ending ------------------------------------------------------------------------------------------------------------


class Stream:
    """A streamed answer that has begun."""

    def __init__(self, url):
        body = {"model": "m1", "stream": True, "messages": [{"role": "user", "content": "one two three four"}]}
        headers = {"content-type": "application/json"}
        self.answer = urllib.request.urlopen(
            urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), headers), timeout=PATIENCE_S
        )
        self.begun = self.answer.readline()

    def rest(self):
        return self.answer.read()


@pytest.fixture
def slow(two, fakes):
    """A file whose backends stream slowly, and the function that lets them go on."""
    for fake in fakes:
        fake.behaviour.chunk_delay_s = 0.4
    return two


@POSIX
def test_a_stop_takes_nothing_new_and_lets_a_stream_finish(start, slow):
    router = start(slow())
    stream = Stream(router.url)
    router.popen.send_signal(signal.SIGTERM)
    eventually(lambda: "told to stop" in router.output, "it has heard")
    host, port = router.url.removeprefix("http://").split(":")

    def refused():
        try:
            socket.create_connection((host, int(port)), 1).close()
        except OSError:
            return True
        return False

    eventually(refused, "nothing new is taken")
    assert stream.rest().rstrip().endswith(b"data: [DONE]")
    assert router.ended() == 0
    assert "Traceback" not in router.output


@POSIX
def test_stream_that_takes_too_long_is_cut_when_the_time_is_over(start, slow, fakes):
    for fake in fakes:
        fake.behaviour.chunk_delay_s = 3600
    router = start(slow(shutdown_s=1))
    stream = Stream(router.url)
    router.popen.send_signal(signal.SIGTERM)
    assert router.ended() == 0
    with pytest.raises((http.client.IncompleteRead, OSError)):
        stream.rest()
    # One line says so; a traceback for each would look like something broken.
    assert "Cancel 1 running task(s)" in router.output
    assert "Traceback" not in router.output


@POSIX
def test_second_signal_ends_it_at_once(start, slow, fakes):
    for fake in fakes:
        fake.behaviour.chunk_delay_s = 3600
    router = start(slow())
    stream = Stream(router.url)
    router.popen.send_signal(signal.SIGTERM)
    eventually(lambda: "told to stop" in router.output, "it has heard")
    router.popen.send_signal(signal.SIGTERM)
    assert router.ended() == -signal.SIGTERM
    stream.answer.close()


@POSIX
def test_stop_before_it_has_begun_to_serve_ends_it_in_order(tmp_path):
    # Somebody listens and says nothing, so the first look around takes its time.
    with socket.socket() as silent:
        taken = None
        for port in WELL_KNOWN_PORTS:
            try:
                silent.bind(("127.0.0.1", port))
            except OSError:
                continue
            taken = port
            break
        if taken is None:
            pytest.skip("all well-known ports are taken on this machine")
        silent.listen()
        router = Process("backend_registry.serve", "--port", 0, "--state-dir", tmp_path)
        try:
            assert router.url
            router.popen.send_signal(signal.SIGTERM)
            assert router.ended() == 0
            assert "Traceback" not in router.output
        finally:
            router.kill()


@POSIX
def test_logs_and_traces_hold_no_secret_and_traces_are_exported_before_the_end(start, two, tmp_path):
    secrets = {"MY_KEY": "sk-key-canary-123456789", "BACKEND_REGISTRY_ADMIN_TOKEN": TOKEN}
    text = FLEET.replace("[[backend]]", '[[backend]]\ncredential_env = "MY_KEY"\nmetadata = {{ token = "t-canary" }}', 1)
    text = text.replace("{b}", "http://me:pw-canary@127.0.0.1:1/?key=q-canary")
    traces = {"OTEL_TRACES_EXPORTER": "console", "OTEL_BSP_SCHEDULE_DELAY": "100000"}
    router = start(two(text), "--log-format", "json", **secrets, **traces)
    for _ in range(4):
        chat(router, content="content-canary")
    assert call(f"{router.url}/backends/b/drain", token=TOKEN)[0] < 300
    assert call(f"{router.url}/backends", body={"id": "x", "url": "http://u:pw-canary@h:1"}, token=TOKEN)[0] >= 400
    eventually(lambda: "draining" in router.output, "the drain is logged")
    router.popen.send_signal(signal.SIGTERM)
    assert router.ended() == 0
    logged = [json.loads(line) for line in router.output.splitlines() if line.startswith('{"')]
    assert {line["logger"] for line in logged} >= {"backend_registry.backends", "backend_registry.health"}
    assert '"name": "POST /v1/chat/completions"' in router.output
    assert '"name": "chat m1"' in router.output
    kept = "".join(path.read_text() for path in (tmp_path / "state").iterdir())
    assert "canary" not in router.output + kept
