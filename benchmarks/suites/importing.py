"""What `import backend_registry` costs, and what it loads."""

import json
import statistics
import tempfile

from benchmarks.measure import Effort
from benchmarks.rows import Row, Suite, at_most
from benchmarks.subprocesses import cpu_ms, output

__all__ = ("SUITE", "third_party_modules")

_FLOOR = "import dataclasses, enum, threading"
_OURS = "import backend_registry"
_LIST = """
import sys
before = set(sys.modules)
import backend_registry, json
ours = {name.partition(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names
print(json.dumps(sorted(ours - {"backend_registry"})))
"""


def third_party_modules() -> list[str]:
    """Top-level modules outside the standard library that the import loads."""
    modules: list[str] = json.loads(output(["-S", "-c", _LIST]))
    return modules


def _measure(effort: Effort) -> dict[str, float]:
    statements = {"nothing": "pass", "floor": _FLOOR, "ours": _OURS}
    samples: dict[str, list[float]] = {name: [] for name in statements}
    with tempfile.TemporaryDirectory() as folder:
        # Bytecode of its own, written by the first round, or a source that was just edited would be compiled every time.
        bytecode = {"PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        for _ in range(2 if effort.smoke else 31):
            for name, statement in statements.items():
                # Without the site module: its .pth files may load anything, and what is there already costs nothing to import.
                samples[name].append(cpu_ms(["-S", "-c", statement], extra=bytecode))
    start, floor, ours = (statistics.median(samples[name][1:]) for name in ("nothing", "floor", "ours"))
    return {"floor": max(floor - start, 0.1), "ours": ours - start, "floor and start": floor, "ours and start": ours}


SUITE = Suite(
    name="What the import costs",
    measure=_measure,
    rows=(
        Row("`import backend_registry`, start of the interpreter subtracted", "floor", "ours", at_most(3)),
        Row("the same, start of the interpreter included", "floor and start", "ours and start"),
    ),
    floors={
        "floor": "`import dataclasses, enum, threading`",
        "floor and start": "`import dataclasses, enum, threading`",
    },
    unit="ms",
    once=True,
)
