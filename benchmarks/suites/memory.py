"""What a backend takes in memory."""

import json

from benchmarks.child import KINDS_OF_MODELS
from benchmarks.measure import Effort
from benchmarks.rows import Row, Suite, at_most
from benchmarks.subprocesses import output

__all__ = ("SUITE",)

_BYTES_PER_KB = 1000.0


def _measure(effort: Effort) -> dict[str, float]:
    count = 200 if effort.smoke else 10_000
    figures = {
        kind: json.loads(output(["-m", "benchmarks.child", "memory", kind, str(count)])) / _BYTES_PER_KB
        for kind in KINDS_OF_MODELS
    }
    return {**figures, "a kilobyte": 1.0}


SUITE = Suite(
    name="What a backend takes in memory",
    measure=_measure,
    rows=(
        Row("5 models, the same strings for all backends", "a kilobyte", "shared", at_most(1.6)),
        Row("5 models, equal strings, each backend its own", "a kilobyte", "equal", at_most(1.6)),
        Row("5 `Model` objects, each backend its own", "a kilobyte", "own"),
        Row("5 models that no other backend has", "a kilobyte", "unique"),
    ),
    floors={"a kilobyte": "1 KB (1,000 bytes)"},
    unit="KB",
    once=True,
)
