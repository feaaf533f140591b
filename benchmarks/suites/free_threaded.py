"""Whether a second thread helps: counters of different backends, on an interpreter without a global lock."""

import json
import os
from collections.abc import Mapping

from benchmarks.measure import Effort
from benchmarks.rows import Row, Suite, at_least
from benchmarks.subprocesses import ROOT, output

__all__ = ("SUITE",)


def _measure(effort: Effort) -> Mapping[str, float] | str:
    python = os.environ.get("PYTHON_FT")
    if not python:
        return "PYTHON_FT does not name a free-threaded interpreter"
    script = str(ROOT / "benchmarks" / "scaling.py")
    answer: dict[str, float] | str = json.loads(output([script, *(["smoke"] if effort.smoke else [])], python=python))
    return answer


SUITE = Suite(
    name="Two threads without a global interpreter lock",
    measure=_measure,
    rows=(
        Row("`backend.increment_pending()`, distinct backends", "one thread", "handle", at_least(1.8)),
        Row("control: arithmetic of each thread's own", "one thread", "control"),
        Row("`increment_pending(id)`, distinct backends", "one thread", "by id"),
        Row("lease, distinct models", "one thread", "lease"),
        Row("lease, one model", "one thread", "lease, same"),
    ),
    floors={"one thread": "one thread; 2 is perfect"},
    unit="times",
    once=True,
)
