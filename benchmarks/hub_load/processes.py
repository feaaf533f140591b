"""The hub and the floor as processes, and the load generator that asks them."""

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.subprocesses import ROOT, SOURCE
from benchmarks.traffic.systems import Running, cores, free_port

__all__ = ("Server", "floor", "generate", "hub")


class Server(Running):
    """A process that takes reports."""

    def __init__(self, name: str, command: list[str], port: int, folder: Path, ready: str) -> None:
        super().__init__(name, command, port, folder, {})
        self._ready = ready

    def _answers(self) -> bool:
        # A URLError is an OSError.
        with contextlib.suppress(OSError), urllib.request.urlopen(self.url + self._ready, timeout=10) as answer:
            return bool(answer.status == 200)
        return False


@contextlib.contextmanager
def _running(name: str, arguments: list[str], port: int, folder: Path, ready: str) -> Iterator[Server]:
    server = Server(name, [sys.executable, "-m", *arguments], port, folder, ready)
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.end()


@contextlib.contextmanager
def hub(folder: Path) -> Iterator[Server]:
    """A hub as it comes, with nothing in it; on an address of this machine, so without tokens."""
    port = free_port()
    state = folder / f"state-{port}"
    arguments = ["backend_registry.serve", "--role", "hub", "--port", str(port), "--state-dir", str(state)]
    with _running("hub", arguments, port, folder, "/healthz") as server:
        yield server


@contextlib.contextmanager
def floor(folder: Path) -> Iterator[Server]:
    """The application that says yes to everything."""
    port = free_port()
    with _running("floor", ["benchmarks.hub_load.floor", str(port)], port, folder, "/") as server:
        yield server


def generate(load: str, target: Server, **options: object) -> dict[str, float]:
    """The figures of one load on one process, and what it has cost that: CPU time in microseconds per report, page or event."""
    arguments = [text for name, value in options.items() for text in _argument(name, value)]
    if target.name == "floor":
        arguments.append("--floor")
    _, others = cores()
    before = target.cpu_s()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.hub_load.client", load, target.url, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((SOURCE, str(ROOT)))},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=(lambda: os.sched_setaffinity(0, others)) if others else None,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator ended: {done.stderr.strip().rpartition(chr(10))[2]}")
    figures: dict[str, float] = json.loads(done.stdout)
    return {**figures, "cpu": (target.cpu_s() - before) * 1e6 / max(figures.get("all", 1), 1)}


def _argument(name: str, value: object) -> tuple[str, str]:
    return f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)
