"""The other layers on a free-threaded interpreter, if `PYTHON_FT` names one; it needs pytest, pytest-timeout and hypothesis."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.concurrency.report import report

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(1800)
@pytest.mark.skipif("PYTHON_FT" not in os.environ, reason="PYTHON_FT names no free-threaded interpreter")
def test_the_proof_layers_hold_without_the_global_lock():
    python = os.environ["PYTHON_FT"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON_FT" and not name.startswith("COV")}
    environment["PYTHONPATH"] = str(ROOT / "src")
    gil = subprocess.run(
        [python, "-c", "import sys; print(sys._is_gil_enabled())"], capture_output=True, text=True, check=True, timeout=60
    )
    assert gil.stdout.strip() == "False", f"{python} has a global lock"
    command = [python, "-m", "pytest", "tests/concurrency", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=1500)
    for line in run.stdout.splitlines():
        if line.startswith("["):
            report(f"free-threaded: {line}")
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
