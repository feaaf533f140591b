"""A router among backends of which nearly all fail, each kind in its own way: what becomes of it, as figures.

`python -m tests.proof.thousand 1000` prints them as JSON.
"""

import contextlib
import http.client
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.proof.bad_fleet import KINDS, REACHABLE, models_of
from tests.proof.processes import fleet, router

__all__ = ("Found", "ask_everybody")

BAD = [kind for kind in KINDS if kind not in {"good", "slow", "chats hugely"}]
GOOD = 14
HEALTH = {"interval_s": 6.0, "timeout_s": 2.0}
GATEWAY = {"first_byte_timeout_s": 2.0, "connect_timeout_s": 2.0, "total_timeout_s": 8.0, "buffer_limit": 1_000_000}
PATIENCE_S = 30


@dataclass
class Found:
    """What was seen.

    Attributes:
        kinds: the kind of each backend by its id.
        proof: the router's own word at the end.
        answers: how often each (model, answer) was given.
        slowest_s: the longest that a client has waited for an answer.
        seconds: from the start until the state of every backend was as it should be, and until the end.
    """

    kinds: dict = field(default_factory=dict)
    proof: dict = field(default_factory=dict)
    answers: Counter = field(default_factory=Counter)
    slowest_s: float = 0.0
    seconds: tuple = ()

    def misjudged(self, proof):
        """Those that are not in the state that their kind deserves."""
        return [
            backend_id
            for backend_id, state, _ in proof["states"]
            if state != ("healthy" if self.kinds[backend_id] in REACHABLE else "unhealthy")
        ]


def _counts(total):
    each = total // len(BAD)
    return {**dict.fromkeys(BAD, each), "refuses": total - each * (len(BAD) - 1)}


def _backends(ports, kinds):
    for kind, of_kind in ports.items():
        for number, port in enumerate(of_kind):
            backend_id = f"{kind.replace(' ', '-')}-{number}"
            kinds[backend_id] = kind
            url = f"http://127.0.0.1:{port}"
            yield {"id": backend_id, "url": url, "models": models_of(kind), "backend_type": "openai"}


class _Client:
    """Asks for a model again and again, over one connection as long as it lasts, until told to stop."""

    def __init__(self, port, model, found, stop):
        self._port, self._model, self._found, self._stop = port, model, found, stop
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._thread.join(PATIENCE_S)

    def _run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        asked = 0
        while not self._stop.is_set():
            asked += 1
            began = time.monotonic()
            answer = _ask(connection, self._model, f"say {asked}")
            self._found.slowest_s = max(self._found.slowest_s, time.monotonic() - began)
            self._found.answers[self._model, answer] += 1
            if answer == "cut off":
                connection.close()
            self._stop.wait(0.02 if self._model == "good" else 0.2)
        connection.close()


def _ask(connection, model, said):
    """What the answer was: a status, `right`, `wrong`, or `cut off`."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": said}]})
    try:
        connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
        response = connection.getresponse()
        text = response.read()
    except (http.client.HTTPException, ConnectionError):
        return "cut off"
    if response.status != 200:
        told = json.loads(text)["error"]["message"]
        return f"{response.status}: {told}" if model == "good" else str(response.status)
    with contextlib.suppress(ValueError, LookupError, TypeError):
        return "right" if json.loads(text)["choices"][0]["message"]["content"] == said else "wrong"
    return "wrong"


def ask_everybody(total, folder, *, seconds=4.0, core=None):
    """Check `total` backends, ask through the gateway all the while and `seconds` longer, and return what was found.

    With `core` the router runs on that one.
    """
    found = Found()
    # The good ones have a process of their own: the bad ones are at times too busy being bad to answer anybody.
    with fleet({"good": GOOD}) as good, fleet(_counts(total)) as bad:
        backends = list(_backends({**good, **bad}, found.kinds))
        began = time.monotonic()
        with router(folder, backends, health=HEALTH, gateway=GATEWAY, ejection={}) as watched:
            if core is not None:
                os.sched_setaffinity(watched.process.pid, {core})
            stop = threading.Event()
            with contextlib.ExitStack() as clients:
                for model in ("good", "shared", *(f"only {kind}" for kind in BAD)):
                    clients.enter_context(_Client(watched.port, model, found, stop))
                clients.callback(stop.set)
                watched.eventually(lambda proof: not found.misjudged(proof), "each backend is known for what it is")
                known = time.monotonic() - began
                stop.wait(seconds)
            found.proof = watched.proof()
        found.seconds = (known, time.monotonic() - began)
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        cores = sorted(os.sched_getaffinity(0))
        # The router has a core of its own, as a router should: its delay is to be its own, too.
        os.sched_setaffinity(0, cores[1:] or cores)
        proof = ask_everybody(int(sys.argv[1]), Path(name), core=cores[0]).proof
    sys.stdout.write(json.dumps({figure: proof[figure] for figure in ("lag_p50_ms", "lag_p99_ms", "lag_max_ms", "peak_mb")}))
