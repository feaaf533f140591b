"""Measure the admin page in a headless Chromium, against a real hub: `python benchmarks/admin_page.py`.

The hub has one core, as far as there are several. The fleet is played by the protocol's own client, and changes all the time.
The figures go to `benchmarks/results/`, and from there to `docs/explanation/performance.md`.

    --growth  only the memory over time, which takes eleven minutes; the other figures stay
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

from benchmarks import page, report  # noqa: E402 -- run as a script, this file's own folder is on the path and not the one above it
from benchmarks.hub_load.processes import hub  # noqa: E402 -- as above
from benchmarks.page_load.feeder import MARK, Feeder  # noqa: E402 -- as above
from benchmarks.page_load.watching import Watched, browser, opened  # noqa: E402 -- as above

Figures = dict[str, float]

QUERY_FIELD: Final = "input[role=combobox]"
_LIST: Final = "/admin/backends"
_BUILT: Final = ROOT / "src" / "backend_registry" / "_web" / "static"
_DOWNS: Final = 0.1
"""Of the changes; each is a row that goes to the head of the list, and leaves it with its next change."""
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


_SMALL = Fleet(
    10_000, 200, (200, 2_000),
    {"first": 500, "payload": 160, "busy 200": 40, "longest 200": 50, "lag": 150, "typed": 50, "heap": 15, "elements": 2_500},
)  # fmt: skip
_LARGE = Fleet(
    100_000, 200, (200, 2_000), {"first": 1_500, "typed": 100, "heap": 60, "elements": 2_500, "longest 200": 50}
)  # fmt: skip
FULL = Work(rounds=3, seconds=8, marks=20, fleets=(_SMALL, _LARGE))
SMOKE = Work(rounds=1, seconds=1, marks=2, fleets=(replace(_SMALL, rows=500, nodes=10, rates=(50,), limits={}),))
_GROWTH_MB: Final = 2.0
_GROWTH_S: Final = 600
_SETTLING_S: Final = 60
"""Until all that is kept for each row has been filled once."""

_TITLES: Final = {
    "first": "from navigation to the first rows, ms",
    "payload": "the list in gzip, kB",
    "typed": "from a keystroke in the filter to the end of the frame that shows what it does, ms",
    "lag": "from the hub's answer to a report to the change on the page, 95th percentile, ms",
    "heap": "memory of the page's objects and arrays, MB",
    "elements": "elements of the document",
}
_COLUMNS: Final = ("what", "median", "range", "limit", "met?")


# --- measuring ---------------------------------------------------------------------------------------------------------


def _fleet(fleet: Fleet, work: Work, folder: Path, started: Browser) -> dict[str, Any]:
    with hub(folder) as server:
        return _table(fleet, [_round(fleet, work, server.url, started) for _ in range(work.rounds)])


def _round(fleet: Fleet, work: Work, url: str, started: Browser) -> Figures:
    figures: Figures = {}
    for rate in fleet.rates:
        with (
            Feeder(url, rows=fleet.rows, nodes=fleet.nodes, rate=rate, downs=_DOWNS) as feeder,
            opened(started, url + _LIST) as watched,
        ):
            first = watched.first_row_ms()
            watched.page.wait_for_timeout(2_000)
            found = watched.work(work.seconds)
            figures |= {f"busy {rate}": found["busy"], f"longest {rate}": found["longest"]}
            if rate == fleet.rates[0]:
                figures["first"] = first
                figures["lag"] = _lag_ms(watched, feeder, work.marks)
                figures["typed"] = statistics.median(watched.typed_ms(QUERY_FIELD, _TYPED))
                figures["elements"] = watched.elements()
                figures["heap"] = watched.heap_mb()
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


def _table(fleet: Fleet, runs: Sequence[Figures]) -> dict[str, Any]:
    titles = dict(_TITLES)
    for rate in fleet.rates:
        titles[f"busy {rate}"] = f"work of the main thread at {rate:,} updates a second, ms each second"
        titles[f"longest {rate}"] = f"longest task at {rate:,} updates a second, ms; shorter ones than 50 are not told apart"
    rows = [_cells(title, [run[name] for run in runs], fleet.limits.get(name)) for name, title in titles.items()]
    return {"title": fleet.name, "columns": _COLUMNS, "rows": rows, "notes": ""}


def _cells(title: str, values: Sequence[float], limit: float | None) -> list[str]:
    value = statistics.median(values)
    low, high = (_shown(bound) for bound in (min(values), max(values)))
    met = "" if limit is None else "yes" if value <= limit else "no"
    return [
        title,
        f"**{_shown(value)}**",
        low if low == high else f"{low} to {high}",
        "" if limit is None else f"{limit:,g}",
        met,
    ]


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def growth() -> dict[str, Any]:
    """How much memory the page takes more after ten minutes of changes."""
    with tempfile.TemporaryDirectory() as name, browser() as started, hub(Path(name)) as server:
        grown = _grown_mb(server.url, started)
    rows = [_cells(f"growth in ten minutes of 200 updates a second, MB, after {_SETTLING_S} s", [grown], _GROWTH_MB)]
    return {"title": f"Memory over time, {_SMALL.name}", "columns": _COLUMNS, "rows": rows, "notes": ""}


def _grown_mb(url: str, started: Browser) -> float:
    with Feeder(url, rows=_SMALL.rows, nodes=_SMALL.nodes, rate=200, downs=_DOWNS), opened(started, url + _LIST) as watched:
        watched.first_row_ms()
        watched.page.wait_for_timeout(_SETTLING_S * 1000)
        before = watched.heap_mb()
        watched.page.wait_for_timeout(_GROWTH_S * 1000)
        return watched.heap_mb() - before


def size() -> dict[str, Any]:
    """What a browser loads of the page, as it is installed here, in brotli's format."""
    files = {path.name: path.stat().st_size / 1000 for path in (_BUILT / "assets").glob("*.br")}
    index = (_BUILT / "index.html").read_text(encoding="utf-8")
    first = {name for name in files if name.removesuffix(".br") in index and not name.endswith(".svg.br")}
    rows = [
        _cells("code and style that are loaded first, kB", [sum(files[name] for name in first)], 45),
        _cells("largest part that is loaded when it is needed, kB", [max(files[name] for name in files.keys() - first)], 25),
    ]
    return {"title": "Size, in brotli", "columns": _COLUMNS, "rows": rows, "notes": ""}


def verdict(tables: Sequence[dict[str, Any]]) -> str:
    """How many limits there are and which are not kept."""
    rows = [(table["title"], row) for table in tables for row in table["rows"] if row[-1]]
    missed = [f"- {title}: {row[0]}: {row[1]} (limit {row[3]})" for title, row in rows if row[-1] == "no"]
    text = f"{len(rows) - len(missed)} of {len(rows)} limits are kept."
    return f"{text} Not kept:\n\n" + "\n".join(missed) if missed else text


def measure(work: Work) -> dict[str, Any]:
    """All results, as plain data."""
    results: dict[str, Any] = {"rounds": work.rounds, "seconds": work.seconds, "machine": report.load_average("start")}
    with tempfile.TemporaryDirectory() as name, browser() as started:
        results["machine"]["browser"] = f"Chromium {started.version}"
        results["tables"] = [_fleet(fleet, work, Path(name), started) for fleet in work.fleets]
    results["machine"] |= report.load_average("end")
    return results


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group()
    for name in ("smoke", "growth"):
        mode.add_argument(f"--{name}", action="store_true")
    wanted = parser.parse_args()
    if wanted.smoke:
        print(page.tables(measure(SMOKE)))
        print("smoke: the figures above mean nothing")
        return 0
    results = json.loads(report.ADMIN_RESULTS.read_text(encoding="utf-8")) if report.ADMIN_RESULTS.exists() else {}
    results |= {"growth": growth()} if wanted.growth else measure(FULL)
    results["tables"] = [table for table in results.get("tables", ()) if table["title"][0].isdigit()]
    results["tables"] += [size(), *([results["growth"]] if "growth" in results else [])]
    results["verdict"] = verdict(results["tables"])
    print(page.tables(results))
    report.ADMIN_RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return report.write_page()


if __name__ == "__main__":
    sys.exit(main())
