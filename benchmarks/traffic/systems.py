"""The systems that are compared, each a process of its own: how each is started, what it costs, and how it is ended."""

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.subprocesses import ROOT, SOURCE
from benchmarks.traffic.client import question
from benchmarks.traffic.upstream import MODEL

__all__ = (
    "CLIENTS",
    "DIRECT",
    "LITELLM",
    "MINIMAL",
    "NGINX",
    "OURS",
    "Running",
    "System",
    "free_port",
    "generate",
    "running",
    "version_of",
)

_PATIENCE_S = 90.0
_KEY = "sk-benchmark"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cores() -> tuple[set[int], set[int]]:
    """A core for the proxies, and those for everything else; the same for both where there is only one, or no choice."""
    if not hasattr(os, "sched_getaffinity"):
        return set(), set()
    first, *others = sorted(os.sched_getaffinity(0))
    return {first}, set(others) or {first}


def _python_with(module: str) -> str | None:
    """An interpreter that can import it: this one, or the one that BENCH_PYTHON names."""
    if importlib.util.find_spec(module) is not None:
        return sys.executable
    other = os.environ.get("BENCH_PYTHON")
    if other and subprocess.run([other, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0:
        return other
    return None


def version_of(package: str) -> str | None:
    """The version that would be measured; None if it is not installed."""
    python = _python_with(package)
    if python is None:
        return None
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@dataclass
class System:
    """A server that answers chats.

    Args:
        name: as figures are called.
        command: what to run, given its port, the url of its upstream, and a folder for files; None if it is not installed.
        missing: what to say then.
    """

    name: str
    command: Callable[[int, str, Path], list[str] | None]
    missing: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def started(self, upstream: str, folder: Path) -> "Running | None":
        """The process, not yet ready; None if it cannot be had."""
        port = free_port()
        command = self.command(port, upstream, folder)
        return None if command is None else Running(self.name, command, port, folder, self.environment)

    def installed(self, folder: Path) -> bool:
        """Whether it can be had."""
        return self.command(1, "http://127.0.0.1:1", folder) is not None


class Running:
    """A system that has been started.

    Attributes:
        url: its root.
        ready_s: seconds from its start to the first chat that it answered.
    """

    def __init__(self, name: str, command: list[str], port: int, folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        proxies, others = cores()
        pinned = others if name == DIRECT.name else proxies
        self._log = (folder / f"{name}.log").open("wb")
        self.ready_s = 0.0
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            command,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join((SOURCE, str(ROOT))), **environment},
            start_new_session=True,
        )
        if pinned:
            os.sched_setaffinity(self._process.pid, pinned)

    def wait_until_ready(self) -> None:
        """Wait for its first answer to a chat.

        Raises:
            RuntimeError: it has ended, or is never ready.
        """
        pause = threading.Event()
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() - self._began > _PATIENCE_S:
                said = Path(self._log.name).read_text(errors="replace")[-2_000:]
                raise RuntimeError(f"{self.name} does not answer; it says:\n{said}")
            pause.wait(0.005)
        self.ready_s = time.monotonic() - self._began

    def _answers(self) -> bool:
        request = urllib.request.Request(
            f"{self.url}/v1/chat/completions",
            question(MODEL),
            {"content-type": "application/json", "authorization": f"Bearer {_KEY}"},
        )
        # A URLError is an OSError.
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:
            return bool(answer.status == 200)
        return False

    def cpu_s(self) -> float:
        """Seconds of CPU time that it and its children have taken so far, user and system."""
        ticks = 0
        for pid in self._pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> float:
        """Megabytes of memory that it and its children occupy."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self._pids())
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def _pids(self) -> list[int]:
        found = [self._process.pid]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                found += map(int, children.read_text().split())
        return found

    def end(self) -> None:
        """Stop it, and whatever it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._log.close()


@contextlib.contextmanager
def running(systems: Sequence[System], folder: Path) -> Iterator[dict[str, Running]]:
    """The backend and those of `systems` that can be had, all ready to answer."""
    with contextlib.ExitStack() as stack:
        direct = DIRECT.started("", folder)
        assert direct is not None
        stack.callback(direct.end)
        direct.wait_until_ready()
        found = {DIRECT.name: direct}
        for system in systems:
            process = system.started(direct.url, folder)
            if process is not None:
                stack.callback(process.end)
                process.wait_until_ready()
                found[system.name] = process
        yield found


def generate(load: str, target: Running, **options: float) -> dict[str, float]:
    """The figures of one load on one system, and what it has cost the system: CPU time in microseconds per request or event."""
    arguments = [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", f"{value:g}")]
    _, others = cores()
    before = target.cpu_s()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.traffic.client", load, target.url, "--key", _KEY, *arguments],
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
    if figures["errors"]:
        raise RuntimeError(f"{target.name}: {figures['errors']:g} wrong answers under load {load!r}")
    return {**figures, "cpu": (target.cpu_s() - before) * 1e6 / figures["all"]}


# --- how each is started -----------------------------------------------------------------------------------------------


def _ours(port: int, upstream: str, folder: Path) -> list[str]:
    fleet = folder / "fleet.toml"
    fleet.write_text(_FLEET.format(port=port, folder=folder, upstream=upstream, model=MODEL))
    return [sys.executable, "-m", "backend_registry.serve", str(fleet)]


_FLEET = """\
[server]
port = {port}
state_dir = "{folder}/state-{port}"

[[backend]]
id = "only"
url = "{upstream}"
backend_type = "openai"
models = ["{model}"]
"""


def _minimal(client: str) -> Callable[[int, str, Path], list[str] | None]:
    def command(port: int, upstream: str, _: Path) -> list[str] | None:
        python = _python_with(client)
        if python is None:
            return None
        return [python, "-m", "benchmarks.minimal_proxy", str(port), upstream, "--client", client]

    return command


def _nginx(port: int, upstream: str, folder: Path) -> list[str] | None:
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        return None
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(port=port, upstream=upstream.removeprefix("http://"), folder=folder))
    return [program, "-c", str(configuration), "-e", str(folder / "nginx-error.log")]


_NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder};
  proxy_temp_path {folder};
  fastcgi_temp_path {folder};
  uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  keepalive_requests 1000000000;
  upstream backend {{ server {upstream}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


def _litellm(port: int, upstream: str, folder: Path) -> list[str] | None:
    python = _python_with("litellm")
    if python is None or not Path(python).with_name("litellm").exists():
        return None
    configuration = folder / "litellm.yaml"
    configuration.write_text(_LITELLM.format(model=MODEL, upstream=upstream))
    arguments = ["--config", str(configuration), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    return [str(Path(python).with_name("litellm")), *arguments]


_LITELLM = """\
model_list:
  - model_name: {model}
    litellm_params:
      model: openai/{model}
      api_base: {upstream}/v1
      api_key: none
litellm_settings:
  telemetry: false
general_settings:
  # Nobody is asked for a key here, by the others neither.
  dangerously_permit_weak_or_unset_master_key: true
"""

DIRECT = System("direct", lambda port, _upstream, _folder: [sys.executable, "-m", "benchmarks.traffic.upstream", str(port)])
OURS = System("ours", _ours)
MINIMAL = System("minimal", _minimal("aiohttp"))
NGINX = System("nginx", _nginx, "nginx is not installed")
LITELLM = System(
    "litellm",
    _litellm,
    'the LiteLLM proxy is not installed; python -m pip install "litellm[proxy]", here or where BENCH_PYTHON points',
    {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
)


CLIENTS = tuple(System(name, _minimal(name), f"{name} is not installed") for name in ("httpx", "niquests"))
"""The minimal proxy with other HTTP clients."""
