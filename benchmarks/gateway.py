"""Measure the gateway over HTTP and say so: `python benchmarks/gateway.py`.

Every system is a process of its own in front of the same backend, and is asked by the same load generator, in turns: ours, the
others, ours, the others. The figures go to `benchmarks/results/`, and from there to `docs/explanation/performance.md`.

    --smoke   a few seconds, only ours and the minimal proxy, and write nothing: does the harness still work?

LiteLLM's proxy and nginx are left out with a word when they are not installed. BENCH_PYTHON names a second interpreter, in
which LiteLLM's proxy and other HTTP clients are looked for. Linux only: what a process costs is read from /proc.
"""

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import page, report  # noqa: E402 -- run as a script, this file's own folder is on the path and not the one above it
from benchmarks.rows import Row, Suite, at_least, at_most, measured  # noqa: E402 -- as above
from benchmarks.subprocesses import output  # noqa: E402 -- as above
from benchmarks.traffic.systems import (  # noqa: E402 -- as above
    CLIENTS,
    DIRECT,
    LITELLM,
    MINIMAL,
    NGINX,
    OURS,
    Running,
    System,
    generate,
    running,
    version_of,
)

Figures = dict[str, float]


@dataclass(frozen=True)
class Work:
    """How much is done: rounds in turns, seconds of load in each, events of each stream, starts of each system.

    An eighth of each load comes before anything is counted.
    """

    rounds: int
    seconds: float
    events: int
    starts: int
    systems: Sequence[System]
    clients: Sequence[System]
    bad_backends: int


FULL = Work(5, 4, 200, 5, (OURS, MINIMAL, NGINX, LITELLM), (MINIMAL, *CLIENTS), 1_000)
SMOKE = Work(1, 0.3, 10, 1, (OURS, MINIMAL), (MINIMAL,), 50)

_CONNECTIONS = 64
_STREAMS = 100
_EVENTS_PER_S = 50

_FLOORS = {
    "minimal": "the minimal proxy, `benchmarks/minimal_proxy.py`",
    "litellm": "LiteLLM's proxy, one worker",
    "nginx": "nginx, `proxy_pass`, one worker",
    "aiohttp": "the minimal proxy with aiohttp, which the gateway uses",
    "limit": "50 ms",
}
_OTHERS = ("minimal", "nginx", "litellm")


def _rows(title: str, suffix: str, targets: Mapping[str, Any], others: Sequence[str] = _OTHERS) -> Iterator[Row]:
    for other in others:
        yield Row(title, other + suffix, f"ours{suffix}", targets.get(other))


def _floors(*suffixes: str) -> dict[str, str]:
    return {name + suffix: text for name, text in _FLOORS.items() for suffix in suffixes}


THROUGHPUT = Suite(
    "Throughput of the gateway",
    lambda _: "see gateway.py",
    tuple(
        _rows(
            f"small chat reply, {_CONNECTIONS} connections, one process", "", {"minimal": at_least(0.8), "litellm": at_least(8)}
        )
    ),
    _floors(""),
    "requests/s",
)
COST = replace(
    THROUGHPUT,
    name="CPU time of the proxy for each request, under the same load",
    rows=tuple(_rows("small chat reply", " cpu", {})),
    floors=_floors(" cpu"),
    unit="µs",
)
LATENCY = replace(
    THROUGHPUT,
    name="Latency that is added at half load",
    rows=(
        *_rows("added latency, median", " p50", {"minimal": at_most(1.2)}, _OTHERS[:2]),
        *_rows("added latency, 99th percentile", " p99", {}, _OTHERS[:2]),
    ),
    floors=_floors(" p50", " p99"),
    unit="µs",
)
STREAMING = replace(
    THROUGHPUT,
    name=f"Time that is added to each event, {_STREAMS} streams of {_EVENTS_PER_S} events a second",
    rows=(
        *_rows("added to an event, 99th percentile", " p99", {"minimal": at_most(1.5)}, _OTHERS[:2]),
        *_rows("added to an event, median", " p50", {}, _OTHERS[:2]),
        *_rows("CPU time of the proxy for each event", " cpu", {}, _OTHERS[:2]),
    ),
    floors=_floors(" p50", " p99", " cpu"),
    unit="µs",
)
HTTP_CLIENTS = replace(
    THROUGHPUT,
    name="HTTP clients in the minimal proxy",
    rows=tuple(Row(f"{client.name}, throughput", "aiohttp", client.name) for client in CLIENTS),
)
STARTS = replace(
    THROUGHPUT,
    name="From the start of the process to its first answer",
    rows=tuple(_rows("first chat answered", "", {}, ("minimal", "litellm"))),
    unit="ms",
)
MEMORY = replace(
    THROUGHPUT,
    name="Resident memory of the process",
    rows=(
        *_rows("after its first answer", " fresh", {}, ("minimal", "litellm")),
        *_rows("after the load", " used", {}, _OTHERS),
    ),
    floors=_floors(" fresh", " used"),
    unit="MB",
)
LAG = replace(
    THROUGHPUT,
    name="Delay of the event loop among bad backends",
    rows=(
        Row("delay, 99th percentile; {count:,} backends that fail in every way, checked and asked", "limit", "lag", at_most(1)),
    ),
    unit="ms",
)


# --- measuring ---------------------------------------------------------------------------------------------------------


def _closed(target: Running, work: Work) -> Figures:
    return generate("closed", target, connections=_CONNECTIONS, seconds=work.seconds, warm_up=work.seconds / 8)


def _streamed(target: Running, work: Work) -> Figures:
    warm_up = work.events / _EVENTS_PER_S / 8
    return generate("streams", target, connections=_STREAMS, events=work.events, rate=_EVENTS_PER_S, warm_up=warm_up)


def _in_turns(rounds: int, targets: Mapping[str, Running], one: Callable[[Running], Figures]) -> list[dict[str, Figures]]:
    """For each round, the figures of each target; every other round goes the other way, so that nobody is always first."""
    found = []
    for turn in range(rounds):
        names = list(targets)[:: 1 if turn % 2 else -1]
        found.append({name: one(targets[name]) for name in names})
    return found


def _added(rounds: Sequence[Mapping[str, Figures]], *names: str) -> list[Figures]:
    """What each proxy adds to what the backend takes without it, in the same round."""
    return [
        {
            f"{system} {name}": figures[name] if name == "cpu" else figures[name] - turn[DIRECT.name][name]
            for system, figures in turn.items()
            if system != DIRECT.name
            for name in names
        }
        for turn in rounds
    ]


def _suite(suite: Suite, runs: Sequence[Figures]) -> dict[str, Any]:
    """The rows for which there are figures."""
    rows = [row for row in suite.rows if row.floor in runs[0] and row.ours in runs[0]]
    if not rows:
        return {"name": suite.name, "missing": "what it would be compared with is not installed"}
    print(f"({suite.name})", file=sys.stderr)
    return {"name": suite.name, "unit": suite.unit, "rows": measured(replace(suite, rows=rows), runs)}


def _under_load(work: Work, folder: Path) -> list[dict[str, Any]]:
    """Everything that is asked of the same processes."""
    with running(work.systems, folder) as targets:
        proxies = {name: target for name, target in targets.items() if name != DIRECT.name}
        fresh = {f"{name} fresh": target.resident_mb() for name, target in proxies.items()}
        closed = _in_turns(work.rounds, proxies, lambda it: _closed(it, work))
        used = {f"{name} used": target.resident_mb() for name, target in proxies.items()}
        # Who cannot follow at the pace of the others would only show how long its queue has become.
        targets.pop(LITELLM.name, None)
        rate = 0.5 * min(statistics.median(turn[name]["rate"] for turn in closed) for name in (OURS.name, MINIMAL.name))
        paced = _in_turns(
            work.rounds,
            targets,
            lambda it: generate(
                "paced", it, connections=_CONNECTIONS, seconds=work.seconds, rate=rate, warm_up=work.seconds / 8
            ),
        )
        streams = _in_turns(work.rounds, targets, lambda it: _streamed(it, work))
    return [
        _suite(THROUGHPUT, [{name: figures["rate"] for name, figures in turn.items()} for turn in closed]),
        _suite(COST, [{f"{name} cpu": figures["cpu"] for name, figures in turn.items()} for turn in closed]),
        _suite(LATENCY, _added(paced, "p50", "p99")),
        _suite(STREAMING, _added(streams, "p50", "p99", "cpu")),
        _suite(MEMORY, [{**fresh, **used}]),
    ]


def _clients(work: Work, folder: Path) -> dict[str, Any]:
    with running(work.clients, folder) as targets:
        del targets[DIRECT.name]
        turns = _in_turns(work.rounds, targets, lambda it: _closed(it, work))
    named = {MINIMAL.name: "aiohttp"}
    return _suite(HTTP_CLIENTS, [{named.get(name, name): figures["rate"] for name, figures in turn.items()} for turn in turns])


def _starts(work: Work, folder: Path) -> dict[str, Any]:
    runs = []
    for _ in range(work.starts):
        figures = {}
        for system in work.systems:
            with running([system], folder) as targets:
                if system.name in targets:
                    figures[system.name] = targets[system.name].ready_s * 1e3
        runs.append(figures)
    return _suite(STARTS, runs)


def _lag(work: Work) -> dict[str, Any]:
    found = json.loads(output(["-m", "tests.proof.thousand", str(work.bad_backends)]))
    rows = tuple(replace(row, title=row.title.format(count=work.bad_backends)) for row in LAG.rows)
    return _suite(replace(LAG, rows=rows), [{"limit": 50.0, "lag": found["lag_p99_ms"]}])


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        # nginx serves as somebody else when it is started by root.
        Path(name).chmod(0o755)
        yield Path(name)


def _machine() -> dict[str, Any]:
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    told = nginx and subprocess.run([nginx, "-v"], capture_output=True, text=True, check=True).stderr.strip()
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        **{name: version(name) for name in ("aiohttp", "uvicorn", "uvloop", "httptools")},
        "nginx": told and told.rpartition("/")[2],
        **{name: version_of(name) for name in ("litellm", "httpx", "niquests")},
        **report.load_average("start"),
    }


def measure(work: Work) -> dict[str, Any]:
    """All results, as plain data."""
    results: dict[str, Any] = {"machine": _machine(), "rounds": work.rounds, "seconds": work.seconds}
    with _folder() as folder:
        missing = {system.name: system.missing for system in (*work.systems, *work.clients) if not system.installed(folder)}
        results["missing"] = missing
        results["suites"] = [*_under_load(work, folder), _clients(work, folder), _starts(work, folder), _lag(work)]
    results["machine"] |= report.load_average("end")
    return results


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true")
    if parser.parse_args().smoke:
        print(page.tables(measure(SMOKE)))
        print("smoke: the figures above mean nothing")
        return 0
    results = measure(FULL)
    print(page.tables(results))
    report.GATEWAY_RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return report.write_page()


if __name__ == "__main__":
    sys.exit(main())
