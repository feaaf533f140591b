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
GATEWAY_RESULTS = ROOT / "benchmarks" / "results" / "gateway-cpython-3.11.json"
HUB_RESULTS = ROOT / "benchmarks" / "results" / "hub-cpython-3.11.json"
ADMIN_RESULTS = ROOT / "benchmarks" / "results" / "admin-page-chromium.json"
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


def load_average(moment: str) -> dict[str, list[float]]:
    """How busy the machine is, to be shown among the facts about it."""
    return {f"load average at the {moment}": [round(load, 1) for load in os.getloadavg()]}


def _machine() -> dict[str, Any]:
    """What one has to know to compare with another run; nothing that names the machine or its owner."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "built with profile-guided optimisation": "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        **load_average("start"),
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
    results["machine"] |= load_average("end")
    return results


def _documents() -> dict[Path, str]:
    """What the page and the README should say, by the results that are there."""
    paths = (RESULTS, GATEWAY_RESULTS, HUB_RESULTS, ADMIN_RESULTS)
    core, gateway, hub, admin = (json.loads(path.read_text(encoding="utf-8")) for path in paths)
    return {
        PAGE: page.render(core, gateway, hub, admin),
        README: page.quoted(README.read_text(encoding="utf-8"), core, gateway),
    }


def write_page() -> int:
    """Write the page and the figures of the README; the exit code."""
    for path, text in _documents().items():
        path.write_text(text, encoding="utf-8")
    return 0


def _check_page() -> int:
    """Say which document does not say what the results say; the exit code."""
    stale = [path for path, text in _documents().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
    print(f"not as measured: {names}; run python benchmarks/report.py --page" if stale else "as measured")
    return bool(stale)


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group()
    for name in ("smoke", "page", "check"):
        mode.add_argument(f"--{name}", action="store_true")
    wanted = parser.parse_args()
    if wanted.page or wanted.check:
        return write_page() if wanted.page else _check_page()
    results = measure(SMOKE if wanted.smoke else FULL)
    print(page.tables(results))
    if wanted.smoke:
        print("smoke: the figures above mean nothing")
        return 0
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return write_page()


if __name__ == "__main__":
    sys.exit(main())
