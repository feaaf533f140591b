"""Measure everything and say so: `python benchmarks/report.py`.

Prints every row with its floor, its ratio and its target, writes the figures to `benchmarks/results/`, and from them the page
`docs/explanation/performance.md` and the figures that the README quotes.

    --smoke   run everything with tiny counts, in half a minute, and write nothing: does the harness still work?
    --page    write the page and the README's figures from the results that are there, without measuring
    --check   say whether the page and the README's figures are those of the results
"""

import argparse
import json
import os
import platform
import sys
import sysconfig
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import page  # noqa: E402 -- run as a script, this file's own folder is on the path and not the one above it
from benchmarks.measure import FULL, SMOKE, Effort  # noqa: E402 -- as above
from benchmarks.peers import litellm_router  # noqa: E402 -- as above
from benchmarks.rows import Suite, measured  # noqa: E402 -- as above
from benchmarks.suites import encoding, free_threaded, growth, importing, memory, operations, peers, shards, writes  # noqa: E402 -- as above

RESULTS = ROOT / "benchmarks" / "results" / "cpython-3.11.json"
PAGE = ROOT / "docs" / "explanation" / "performance.md"
README = ROOT / "README.md"

# The peers come last, since importing them fills the process with other people's modules.
SUITES = (
    operations.SUITE,
    writes.SUITE,
    encoding.SUITE,
    memory.SUITE,
    importing.SUITE,
    free_threaded.SUITE,
    peers.SEED,
    peers.HAND_ROLLED,
    peers.LITELLM,
    peers.LITELLM_MEMORY,
)
TABLES = (shards, growth)


def _machine() -> dict[str, Any]:
    """What one has to know to compare with another run; nothing that names the machine or its owner."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "built with profile-guided optimisation": "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load average at the start": [round(load, 1) for load in os.getloadavg()],
        "litellm": litellm_router.version(),
    }


def _run(suite: Suite, effort: Effort) -> dict[str, Any]:
    started_s = time.monotonic()
    runs: list[Mapping[str, float]] = []
    for _ in range(1 if suite.once else effort.runs):
        figures = suite.measure(effort)
        if isinstance(figures, str):
            return {"name": suite.name, "missing": figures}
        runs.append(figures)
    print(f"({suite.name}: {time.monotonic() - started_s:.0f} s)", file=sys.stderr)
    return {"name": suite.name, "unit": suite.unit, "rows": measured(suite, runs)}


def measure(effort: Effort) -> dict[str, Any]:
    """All results, as plain data."""
    results: dict[str, Any] = {
        "machine": _machine(),
        "runs": effort.runs,
        "rounds": effort.rounds,
        "third_party_modules": importing.third_party_modules(),
    }
    results["suites"] = [_run(suite, effort) for suite in SUITES]
    results["tables"] = [module.table(effort) for module in TABLES]
    results["machine"]["load average at the end"] = [round(load, 1) for load in os.getloadavg()]
    return results


def _stale(results: dict[str, Any]) -> list[str]:
    """What does not say what the results say."""
    readme = README.read_text(encoding="utf-8")
    stale = []
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page.render(results):
        stale.append(str(PAGE.relative_to(ROOT)))
    if page.quoted(readme, results) != readme:
        stale.append(str(README.relative_to(ROOT)))
    return stale


def _write(results: dict[str, Any]) -> None:
    PAGE.write_text(page.render(results), encoding="utf-8")
    README.write_text(page.quoted(README.read_text(encoding="utf-8"), results), encoding="utf-8")


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group()
    for name in ("smoke", "page", "check"):
        mode.add_argument(f"--{name}", action="store_true")
    wanted = parser.parse_args()
    if wanted.page or wanted.check:
        results = json.loads(RESULTS.read_text(encoding="utf-8"))
        if wanted.page:
            _write(results)
        stale = _stale(results)
        print(f"not as measured: {', '.join(stale)}; run python benchmarks/report.py --page" if stale else "as measured")
        return bool(stale)
    results = measure(SMOKE if wanted.smoke else FULL)
    print(page.tables(results))
    if wanted.smoke:
        page.render(results)
        print("smoke: the figures above mean nothing")
        return 0
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _write(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
