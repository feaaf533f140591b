"""Real processes and patience: what the end-to-end tests are made of."""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

PATIENCE_S = 30.0


def eventually(condition, what, patience_s=PATIENCE_S):
    """The first true value of `condition()`; fails with `what` when none comes in time."""
    pause = threading.Event()
    deadline = time.monotonic() + patience_s
    while True:
        if value := condition():
            return value
        assert time.monotonic() < deadline, f"not in {patience_s} s: {what}"
        pause.wait(0.02)


class Process:
    """A Python module run as a process; its output is collected line by line."""

    def __init__(self, module, *arguments, **environment):
        # Each has a state directory of its own: one that is shared is locked by the first.
        self.home = tempfile.TemporaryDirectory()
        self.popen = subprocess.Popen(
            [sys.executable, "-u", "-m", module, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "XDG_STATE_HOME": self.home.name, **environment},
        )
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(iter(self.popen.stdout.readline, "")), daemon=True)
        self.reader.start()

    @property
    def output(self):
        return "".join(self.lines)

    @property
    def url(self):
        """The first address that it prints."""

        def printed():
            found = re.search(r"http://127\.0\.0\.1:\d+", self.output)
            assert found or self.popen.poll() is None, self.output
            return found

        return eventually(printed, "an address is printed")[0]

    def ended(self):
        """Its exit status, once it has ended."""
        status = self.popen.wait(PATIENCE_S)
        self.reader.join(PATIENCE_S)
        return status

    def kill(self):
        self.popen.kill()
        self.ended()
        self.popen.stdout.close()
        self.home.cleanup()


@contextlib.contextmanager
def process(module, *arguments, **environment):
    started = Process(module, *arguments, **environment)
    try:
        yield started
    finally:
        started.kill()


def get_json(url):
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        return json.load(answer)
