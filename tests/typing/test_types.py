"""Type checkers see what users write, and find their mistakes."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="mypy is not installed")


def test_strict_type_checker_understands_the_public_surface(tmp_path):
    usage = Path(__file__).with_name("usage.py")
    strict = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", str(usage)]
    run = subprocess.run(strict, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
