"""Measure the admin page in a headless Chromium, against a real hub: `python benchmarks/admin_page.py`.

The hub has one core, as far as there are several. The fleet is played by the protocol's own client, and changes all the time.
The figures go to `benchmarks/results/`, and from there to `docs/explanation/performance.md`.

    --smoke   a small fleet, a few seconds, and write nothing: does the harness still work?

Linux only: what a process costs is read from /proc.
"""

import argparse
import gzip
import json
import statistics
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import report  # noqa: E402 -- run as a script, this file's own folder is on the path and not the one above it
from benchmarks.hub_load.processes import hub  # noqa: E402 -- as above
from benchmarks.page_load.feeder import MARK, Feeder  # noqa: E402 -- as above
from benchmarks.page_load.watching import Watched, browser, opened  # noqa: E402 -- as above
from benchmarks.rows import Row, Suite, at_most, measured  # noqa: E402 -- as above

Figures = dict[str, float]

QUERY_FIELD: Final = "input[role=combobox]"
_LIST: Final = "/admin/backends"
_TYPED: Final = "kind:vllm server-7"


@dataclass(frozen=True)
class Fleet:
    """A fleet that is looked at, and how fast it changes."""

    rows: int
    nodes: int
    rates: tuple[int, ...]
    limits: Figures
    """What each figure may be at most."""

    @property
    def name(self) -> str:
        return f"{self.rows:,} backends on {self.nodes:,} nodes"


@dataclass(frozen=True)
class Work:
    """How long all takes."""

    rounds: int
    seconds: float
    marks: int
    fleets: tuple[Fleet, ...]
    growth_s: float


_SMALL = Fleet(
    10_000, 200, (200, 2_000),
    {"first": 500, "payload": 160, "busy 200": 40, "long 200": 0.5, "lag": 150, "typed": 50, "heap": 15, "elements": 2_500},
)  # fmt: skip
_LARGE = Fleet(100_000, 200, (200, 2_000), {"first": 1_500, "typed": 100, "heap": 60, "elements": 2_500, "long 200": 0.5})
FULL = Work(rounds=5, seconds=10, marks=20, fleets=(_SMALL, _LARGE), growth_s=600)
SMOKE = Work(rounds=1, seconds=1, marks=2, fleets=(replace(_SMALL, rows=500, nodes=10, rates=(50,), limits={}),), growth_s=0)

_TITLES = {
    "first": ("from navigation to the first rows, ms", "ms"),
    "payload": ("the list, gzip, kB", "kB"),
    "typed": ("from a keystroke in the query to the frame that shows what it does, ms", "ms"),
    "lag": ("from the hub's answer to a node's report to the change on the page, 95th percentile, ms", "ms"),
    "heap": ("JavaScript heap after a minute's worth of changes, MB", "MB"),
    "elements": ("elements of the document", ""),
    "growth": ("growth of the heap in ten minutes of changes, MB", "MB"),
}


# --- measuring ---------------------------------------------------------------------------------------------------------


def _fleet(fleet: Fleet, work: Work, folder: Path, started: Browser) -> dict[str, Any]:
    with hub(folder) as server:
        runs = [_round(fleet, work, server.url, started) for _ in range(work.rounds)]
        if work.growth_s and fleet is work.fleets[0]:
            growth = _growth(fleet, work, server.url, started)
            runs = [{**run, "growth": growth} for run in runs]
            fleet = replace(fleet, limits={**fleet.limits, "growth": 2})
    return _suite(fleet, runs)


def _round(fleet: Fleet, work: Work, url: str, started: Browser) -> Figures:
    figures: Figures = {"payload": _payload_kb(url)} if fleet.rates else {}
    for rate in fleet.rates:
        with Feeder(url, rows=fleet.rows, nodes=fleet.nodes, rate=rate) as feeder, opened(started, url + _LIST) as watched:
            first = watched.first_row_ms()
            watched.page.wait_for_timeout(2_000)
            found = watched.work(work.seconds)
            figures |= {f"busy {rate}": found["busy"], f"long {rate}": found["long"]}
            if rate == fleet.rates[0]:
                figures["first"] = first
                figures["lag"] = _lag_ms(watched, feeder, work.marks)
                figures["typed"] = statistics.median(watched.typed_ms(QUERY_FIELD, _TYPED))
                figures["elements"] = watched.elements()
                figures["heap"] = watched.heap_mb()
            # The next round's list is that of this one.
            figures["payload"] = _payload_kb(url)
    return figures


def _payload_kb(url: str) -> float:
    request = urllib.request.Request(f"{url}/admin/api/backends?shape=columns", headers={"accept-encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        body = answer.read()
        sent = body if answer.headers["content-encoding"] == "gzip" else gzip.compress(body, 1)
    return len(sent) / 1000


def _lag_ms(watched: Watched, feeder: Feeder, marks: int) -> float:
    watched.watch_for(MARK)
    lags = []
    for number in range(marks):
        _, at_s = feeder.mark(number)
        lags.append(watched.seen_ms(number) - 1000 * at_s)
        watched.page.wait_for_timeout(137)
    return sorted(lags)[int(0.95 * (len(lags) - 1))]


def _growth(fleet: Fleet, work: Work, url: str, started: Browser) -> float:
    """Megabytes that the heap grows in so many seconds of changes."""
    with Feeder(url, rows=fleet.rows, nodes=fleet.nodes, rate=fleet.rates[0]), opened(started, url + _LIST) as watched:
        watched.first_row_ms()
        # Until all that is kept for each row has been filled once.
        watched.page.wait_for_timeout(60_000)
        before = watched.heap_mb()
        watched.page.wait_for_timeout(work.growth_s * 1000)
        return watched.heap_mb() - before


def _suite(fleet: Fleet, runs: Sequence[Figures]) -> dict[str, Any]:
    titles = {name: title for name, (title, _) in _TITLES.items()}
    for rate in fleet.rates:
        titles[f"busy {rate}"] = f"main thread, {rate:,} updates a second, ms for each second"
        titles[f"long {rate}"] = f"tasks of more than 50 ms, {rate:,} updates a second, {len(runs)} rounds"
    names = [name for name in titles if name in runs[0]]
    limits = {name: fleet.limits.get(name, 0.0) for name in names}
    rows = tuple(
        Row(titles[name], f"limit {name}", name, at_most(1)) if limits[name] else Row(titles[name], f"limit {name}", name)
        for name in names
    )
    floors = {f"limit {name}": f"{limit:g}" if limit else "no limit" for name, limit in limits.items()}
    full = [{**run, **{f"limit {name}": limit or max(run[name], 1e-9) for name, limit in limits.items()}} for run in runs]
    suite = Suite(fleet.name, lambda _: "see admin_page.py", rows, floors, "")
    return {"name": suite.name, "unit": suite.unit, "rows": measured(suite, full)}


def measure(work: Work) -> dict[str, Any]:
    """All results, as plain data."""
    results: dict[str, Any] = {"rounds": work.rounds, "seconds": work.seconds, "machine": report.load_average("start")}
    with tempfile.TemporaryDirectory() as name, browser() as started:
        results["machine"]["browser"] = f"Chromium {started.version}"
        results["suites"] = [_fleet(fleet, work, Path(name), started) for fleet in work.fleets]
    results["machine"] |= report.load_average("end")
    return results


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true")
    if parser.parse_args().smoke:
        print(json.dumps(measure(SMOKE), indent=1))
        print("smoke: the figures above mean nothing")
        return 0
    results = measure(FULL)
    print(json.dumps(results, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
