"""The bad fleet and the watched router as processes, and what one may ask of them."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

import backend_registry

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(backend_registry.__file__).resolve().parents[1]
PATIENCE_S = 60.0


@contextlib.contextmanager
def started(*arguments):
    """The process of a module, and the first line that it prints."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(SOURCE), str(ROOT)))}
    process = subprocess.Popen(
        [sys.executable, "-m", *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def fleet(counts):
    """A bad fleet; the ports of each kind."""
    with started("tests.proof.bad_fleet", *(f"{kind}={count}" for kind, count in counts.items())) as (_, line):
        yield json.loads(line)


class Router:
    """A watched router."""

    def __init__(self, process, url):
        self.process = process
        self.url = url
        self.port = int(url.rpartition(":")[2])

    def proof(self, *, collected=False):
        """What it holds now, garbage collected or not."""
        with urllib.request.urlopen(f"{self.url}/_proof?{'collect' if collected else ''}", timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def eventually(self, condition, what, *, collected=False, patience_s=PATIENCE_S):
        """The first proof for which `condition` holds."""
        pause = threading.Event()
        deadline = time.monotonic() + patience_s
        while not condition(found := self.proof(collected=collected)):
            shown = {name: value for name, value in found.items() if name not in {"states", "tasks"}}
            assert time.monotonic() < deadline, f"not in {patience_s} s: {what}; {shown}, tasks: {Counter(found['tasks'])}"
            pause.wait(0.3)
        return found


@contextlib.contextmanager
def router(folder, backends, *, health, gateway, ejection):
    """A watched router over `backends`, which are arguments of `Backend`."""
    spec = folder / "spec.json"
    spec.write_text(json.dumps({"backends": backends, "health": health, "gateway": gateway, "ejection": ejection}))
    with started("tests.proof.watched", spec) as (process, line):
        yield Router(process, line)
