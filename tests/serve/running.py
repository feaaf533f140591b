"""A router with two backends: its file, a client for it, and the command run inside of the tests' own process."""

import json
import os
import re
import signal
import threading
import urllib.error
import urllib.request

from backend_registry.serve import main
from tests.e2e.processes import PATIENCE_S, eventually, get_json

FLEET = """
[server]
port = 0
shutdown_s = {shutdown_s}

[health]
interval_s = 0.2

[[backend]]
id = "a"
url = "{a}"
models = ["m1"]

[[backend]]
id = "b"
url = "{b}"
models = ["m1"]
"""
TOKEN = "token-canary-0123456789"


def call(url, method="POST", body=None, token=None):
    """Status and document."""
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"null")


def chat(router, model="m1", content="hello", **more):
    """Status and document of a question."""
    body = {"model": model, "messages": [{"role": "user", "content": content}]}
    return call(f"{router.url}/v1/chat/completions", body=body, **more)


def intents(router):
    return {entry["id"]: entry["intent"] for entry in get_json(f"{router.url}/backends")}


class InProcess:
    """The command, run by the thread that calls `serve`, and looked at by another one meanwhile."""

    def __init__(self, read_output):
        self._read_output = read_output
        self._output = ""
        self._ended = False

    @property
    def output(self):
        """Both streams so far; call it in one thread."""
        self._output += "".join(self._read_output())
        return self._output

    @property
    def url(self):
        def printed():
            assert not self._ended, self.output
            return re.search(r"http://127\.0\.0\.1:\d+", self.output)

        return eventually(printed, "an address is printed")[0]

    def says(self, text):
        eventually(lambda: text in self.output, f"it says {text!r}")

    def serve(self, arguments, look):
        """Serve until `look(self)` has returned, and then be told to stop; the exit status."""
        problems = []

        def watch():
            try:
                look(self)
            except BaseException as problem:  # noqa: BLE001 -- it is raised in the test's own thread
                problems.append(problem)
            if not self._ended:
                os.kill(os.getpid(), signal.SIGTERM)

        watching = threading.Thread(target=watch)
        watching.start()
        status = main([str(argument) for argument in arguments])
        # Were it over before it was told to be, the signal that is still to come must not end the tests.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._ended = True
        watching.join(PATIENCE_S)
        if problems:
            raise problems[0]
        return status
