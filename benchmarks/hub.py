"""Measure the hub over HTTP and say so: `python benchmarks/hub.py`.

Hub and floor are processes of their own on one core. One load generator, on the other, plays all nodes and readers, and asks
them in turns. The figures go to `benchmarks/results/`, and from there to `docs/explanation/performance.md`.

    --smoke   a few seconds, tiny counts, and write nothing: does the harness still work?

Linux only: what a process costs is read from /proc.
"""

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import page, report  # noqa: E402 -- run as a script, this file's own folder is on the path and not the one above it
from benchmarks.hub_load.processes import Server, floor, generate, hub  # noqa: E402 -- as above
from benchmarks.hub_load.tables import cluster, convergence, growth  # noqa: E402 -- as above
from benchmarks.hub_load.work import BACKENDS, Figures, Work, load  # noqa: E402 -- as above
from benchmarks.rows import Row, Suite, at_least, at_most, measured  # noqa: E402 -- as above

FULL = Work(
    rounds=5, seconds=3, nodes=1_000, readers=(100, 500), growth=(10, 100, 1_000, 5_000), cluster=(10_000, 60, 12), seeds=300
)
SMOKE = Work(rounds=1, seconds=0.15, nodes=20, readers=(5,), growth=(5,), cluster=(300, 1, 1), seeds=2, shapes=("own",))

_KINDS = {
    "same": "full report of 50 backends that the hub has already",
    "next": "full report of 50 backends, next revision, nothing changed",
    "delta": "delta of one backend",
    "beat": "beat",
}
_RATES = {"same": 3_000.0, "next": 3_000.0, "delta": 10_000.0, "beat": 12_000.0}
_LAGS_MS = {5: 100.0, 100: 100.0, 500: 200.0}
_PAGE_MS = 5.0
_BYTES = 800.0
_FLOOR = "the trivial ASGI application, `benchmarks/hub_load/floor.py`, same bytes"

RATES = Suite(
    "Reports a second, one hub process, 16 connections",
    lambda _: "see hub.py",
    tuple(Row(title, f"target {kind}", f"hub {kind}", at_least(1)) for kind, title in _KINDS.items())
    + tuple(Row(title, f"floor {kind}", f"hub {kind}") for kind, title in _KINDS.items()),
    {f"target {kind}": f"{rate:,.0f}/s" for kind, rate in _RATES.items()} | {f"floor {kind}": _FLOOR for kind in _KINDS},
    "reports/s",
)
COST = replace(
    RATES,
    name="CPU time of the hub for each report, under the same load",
    rows=tuple(Row(title, f"floor {kind}", f"hub {kind}") for kind, title in _KINDS.items()),
    unit="µs",
)
DELTA = replace(
    RATES,
    name="How long a delta of one backend takes, 16 connections that are always busy",
    rows=(Row("99th percentile", "target", "p99", at_most(1)), Row("median", "target", "p50")),
    floors={"target": "5 ms"},
    unit="ms",
)
PAGES = replace(
    RATES,
    name="A page of the list over all nodes, while backends change",
    rows=(
        Row("200 rows, 99th percentile", "limit", "rows p99", at_most(1)),
        Row("200 rows, median", "limit", "rows p50"),
        Row("200 rows of one kind and model, 99th percentile", "limit", "filtered p99", at_most(1)),
        Row("one row with all its nodes, 99th percentile", "limit", "one p99", at_most(1)),
    ),
    floors={"limit": f"{_PAGE_MS:g} ms"},
    unit="ms",
)
READERS = replace(
    RATES,
    name="From a change at a node to the readers of the stream, 20 changes a second",
    rows=tuple(
        row
        for count in _LAGS_MS
        for row in (
            Row(f"{count} readers, 99th percentile", f"limit {count}", f"p99 {count}", at_most(1)),
            Row(f"{count} readers, median", f"limit {count}", f"p50 {count}"),
        )
    ),
    floors={f"limit {count}": f"{limit:g} ms" for count, limit in _LAGS_MS.items()},
    unit="ms",
)
MEMORY = replace(
    RATES,
    name="Memory of the hub for each pair of node and backend, indexes included",
    rows=(
        Row("backends of the same names on all nodes", "limit", "shared", at_most(1)),
        Row("each node has names of its own", "limit", "own", at_most(1)),
    ),
    floors={"limit": f"{_BYTES:g} bytes"},
    unit="bytes",
)


# --- measuring ---------------------------------------------------------------------------------------------------------


def _suite(suite: Suite, runs: Sequence[Figures]) -> dict[str, Any]:
    """The rows for which there are figures."""
    rows = [row for row in suite.rows if row.floor in runs[0] and row.ours in runs[0]]
    print(f"({suite.name})", file=sys.stderr)
    return {"name": suite.name, "unit": suite.unit, "rows": measured(replace(suite, rows=rows), runs)}


def _reports(work: Work, folder: Path) -> list[dict[str, Any]]:
    """Hub and floor in turns, kind by kind."""
    rates: list[Figures] = []
    costs: list[Figures] = []
    deltas: list[Figures] = []
    with hub(folder) as ours, floor(folder) as trivial:
        for turn in range(work.rounds):
            rate: Figures = {f"target {kind}": least for kind, least in _RATES.items()}
            cost: Figures = {}
            for kind in _KINDS:
                for server in (ours, trivial)[:: 1 if turn % 2 else -1]:
                    found = load("reports", server, work, kind=kind)
                    rate[f"{server.name} {kind}"], cost[f"{server.name} {kind}"] = found["rate"], found["cpu"]
                    if kind == "delta" and server is ours:
                        deltas.append({"target": 5.0, "p50": found["p50"] / 1e3, "p99": found["p99"] / 1e3})
            rates.append(rate)
            costs.append(cost)
    return [_suite(RATES, rates), _suite(COST, costs), _suite(DELTA, deltas)]


def _view(work: Work, folder: Path) -> list[dict[str, Any]]:
    """A large view: its pages."""
    paths = {
        "rows": "/admin/api/backends?limit=200",
        "filtered": "/admin/api/backends?kind=vllm&model=model-7&limit=200",
        "one": "/admin/api/backends/vllm/server-7-7",
    }
    runs: list[Figures] = []
    with hub(folder) as ours:
        for _ in range(work.rounds):
            figures: Figures = {"limit": _PAGE_MS}
            for name, path in paths.items():
                found = load("pages", ours, work, nodes=work.nodes, shape="own", path=path)
                figures |= {f"{name} {quantile}": found[quantile] / 1e3 for quantile in ("p50", "p99")}
            runs.append(figures)
    return [_suite(PAGES, runs)]


def _readers(work: Work, folder: Path) -> dict[str, Any]:
    runs: list[Figures] = []
    with hub(folder) as ours:
        for _ in range(work.rounds):
            figures: Figures = {}
            for count in work.readers:
                found = load("readers", ours, work, readers=count)
                figures |= {f"limit {count}": _LAGS_MS[count]}
                figures |= {f"{quantile} {count}": found[quantile] / 1e3 for quantile in ("p50", "p99")}
            runs.append(figures)
    return _suite(READERS, runs)


def _grown(server: Server, shape: str, nodes: int) -> float:
    """Bytes of memory that a pair of node and backend adds."""
    generate("fill", server, nodes=20, shape=shape)
    before = server.resident_mb()
    generate("fill", server, nodes=nodes + 20, shape=shape)
    return (server.resident_mb() - before) * 1e6 / (nodes * BACKENDS)


def _memory(work: Work, folder: Path) -> dict[str, Any]:
    runs: list[Figures] = []
    for _ in range(min(work.rounds, 3)):
        figures: Figures = {"limit": _BYTES}
        for shape in work.shapes:
            with hub(folder) as ours:
                figures[shape] = _grown(ours, shape, work.nodes)
        runs.append(figures)
    return _suite(MEMORY, runs)


def measure(work: Work) -> dict[str, Any]:
    """All results, as plain data."""
    results: dict[str, Any] = {"machine": _machine(), "rounds": work.rounds, "seconds": work.seconds}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        suites = [*_reports(work, folder), *_view(work, folder), _readers(work, folder), _memory(work, folder)]
        results["suites"] = suites
        results["tables"] = [growth(work, folder), cluster(work), convergence(work)]
    results["machine"] |= report.load_average("end")
    return results


def _machine() -> dict[str, Any]:
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        **{name: version(name) for name in ("uvicorn", "uvloop", "httptools", "msgspec")},
        **report.load_average("start"),
    }


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
    report.HUB_RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return report.write_page()


if __name__ == "__main__":
    sys.exit(main())
