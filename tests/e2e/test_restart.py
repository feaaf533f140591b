"""Killed under load and started again: what operators did is still in force, and no client was told anything wrong."""

import collections
import contextlib
import http.client
import json
import socket
import threading
import urllib.request

import pytest

from tests.e2e.processes import PATIENCE_S, Process, eventually, get_json, process

FLEET = """
[server]
port = {port}
state_dir = "{state}"

[[backend]]
id = "steady"
url = "{steady}"
backend_type = "openai"
models = ["m"]

[[backend]]
id = "drained"
url = "{drained}"
backend_type = "openai"
models = ["m"]
"""
SAID = " ".join(f"word-{number}" for number in range(40))


class Load:
    """Clients that ask all the time, every other time for a stream, and hold each answer against what was said."""

    def __init__(self, port, clients=4):
        self.seen = collections.Counter()
        self.wrong = []
        self._port = port
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _run(self):
        stream = False
        while not self._stop.is_set():
            stream = not stream
            try:
                self._ask(stream)
            except (OSError, http.client.HTTPException):
                self.seen["connection error"] += 1
                self._stop.wait(0.02)

    def _ask(self, stream):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": SAID}]}
            connection.request("POST", "/v1/chat/completions", json.dumps(body), {"content-type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
        if answer.status == 200 and said_in(text, stream) == SAID:
            self.seen["right"] += 1
        else:
            self.wrong.append((answer.status, text[:500]))

    def goes_on(self, more=20):
        before = self.seen["right"]
        eventually(lambda: self.seen["right"] >= before + more, "answers come")


def said_in(text, stream):
    if not stream:
        return json.loads(text)["choices"][0]["message"]["content"]
    events = [event.removeprefix("data: ") for event in text.strip().split("\n\n")]
    assert events.pop() == "[DONE]", events
    choices = [json.loads(event)["choices"] for event in events]
    return "".join(choice[0]["delta"].get("content") or "" for choice in choices if choice)


def change(method, url, document=None):
    data = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return answer.status


def intents(url):
    return {entry["id"]: entry["intent"] for entry in get_json(f"{url}/backends")}


@pytest.fixture
def backends():
    with contextlib.ExitStack() as stack:
        options = ("--models", "m", "--chunks", 5, "--chunk-delay-ms", 2)
        names = ("steady", "drained", "added")
        yield {name: stack.enter_context(process("backend_registry.testing", "--id", name, *options)).url for name in names}


@pytest.fixture
def fleet_file(backends, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = tmp_path / "fleet.toml"
    file.write_text(FLEET.format(port=port, state=tmp_path / "state", **backends))
    return port, file


def test_killed_under_load_it_comes_back_with_what_operators_did_and_nobody_was_told_wrong(backends, fleet_file):
    port, file = fleet_file
    url = f"http://127.0.0.1:{port}"
    running = Process("backend_registry.serve", file)
    try:
        assert running.url == url
        eventually(lambda: ready(url), "it is ready")
        with Load(port) as load:
            load.goes_on()
            assert change("POST", f"{url}/backends/drained/drain") == 200
            assert change("POST", f"{url}/backends", {"id": "added", "url": backends["added"], "models": ["m"]}) == 201
            assert change("PATCH", f"{url}/backends/steady", {"weight": 7}) == 200
            for _ in range(3):
                running.kill()
                running = Process("backend_registry.serve", file)
                eventually(lambda: ready(url), "it is ready again")
                assert intents(url) == {"steady": "enabled", "drained": "draining", "added": "enabled"}
                load.goes_on()
            eventually(lambda: get_json(f"{url}/backends/added")["total_requests"] > 0, "the added one is asked as well")
            assert get_json(f"{url}/backends/drained")["total_requests"] == 0
            assert get_json(f"{url}/backends/steady")["weight"] == 7
        assert load.wrong == []
        assert load.seen["connection error"] > 0
        assert set(load.seen) == {"right", "connection error"}
    finally:
        running.kill()


def ready(url):
    with contextlib.suppress(OSError):
        return get_json(f"{url}/readyz")
    return None


def test_second_process_on_the_same_state_refuses_and_names_the_first(fleet_file):
    port, file = fleet_file
    with process("backend_registry.serve", file) as first:
        eventually(lambda: ready(f"http://127.0.0.1:{port}"), "it is ready")
        with process("backend_registry.serve", file, "--port", 0) as second:
            assert second.ended() == 2
        assert f"process {first.popen.pid}" in second.output
        assert "Traceback" not in second.output
        # Who holds the state is not disturbed by that.
        assert change("POST", f"http://127.0.0.1:{port}/backends/steady/disable") == 200
