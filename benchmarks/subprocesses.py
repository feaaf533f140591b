"""Running an interpreter beside this one, and what it costs."""

import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import backend_registry

__all__ = ("ROOT", "SOURCE", "cpu_ms", "output")

ROOT = Path(__file__).resolve().parent.parent
SOURCE = str(Path(backend_registry.__file__).resolve().parent.parent)


def output(arguments: Sequence[str], *, python: str = sys.executable, extra: Mapping[str, str] | None = None) -> str:
    """What the interpreter prints; raises RuntimeError with its complaint if it fails."""
    paths = os.pathsep.join((SOURCE, str(ROOT)))
    environment = {**os.environ, "PYTHONPATH": paths, **(extra or {})}
    done = subprocess.run([python, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().rpartition("\n")[2])
    return done.stdout


def cpu_ms(arguments: Sequence[str], *, extra: Mapping[str, str] | None = None) -> float:
    """Milliseconds of CPU time, user and system, that the interpreter takes from start to end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output(arguments, extra=extra)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3
