"""What a row of the report is: two figures taken in the same run, their ratio, and what the ratio should be."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.measure import Effort

__all__ = ("Row", "Suite", "at_least", "at_most", "measured")


@dataclass(frozen=True)
class Target:
    """A bound on a ratio."""

    text: str
    holds: Callable[[float], bool]


def at_most(bound: float) -> Target:
    """The ratio may not exceed `bound`."""
    return Target(f"<= {bound:g}", lambda ratio: ratio <= bound)


def at_least(bound: float) -> Target:
    """The ratio has to reach `bound`."""
    return Target(f">= {bound:g}", lambda ratio: ratio >= bound)


@dataclass(frozen=True)
class Row:
    """One line: `ours` and `floor` name figures of the suite's measurement; the ratio is ours / floor.

    With `faster` it is floor / ours: how many times ours is faster. A row without a target informs.
    """

    title: str
    floor: str
    ours: str
    target: Target | None = None
    faster: bool = False


@dataclass(frozen=True)
class Suite:
    """Figures that are measured together, and the rows made of them.

    `measure` returns figures by name, in `unit`, or a word on why there are none. `floors` describes the names that rows use
    as floors. `once` keeps a suite that is slow, or repeats itself, from being run several times.
    """

    name: str
    measure: Callable[[Effort], Mapping[str, float] | str]
    rows: Sequence[Row]
    floors: Mapping[str, str]
    unit: str = "ns"
    once: bool = False


def measured(suite: Suite, runs: Sequence[Mapping[str, float]]) -> list[dict[str, Any]]:
    """The rows of a suite as plain data: medians over the runs, and the range of the ratio."""
    return [_row(suite, row, runs) for row in suite.rows]


def _row(suite: Suite, row: Row, runs: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    floor, ours = (statistics.median(run[name] for run in runs) for name in (row.floor, row.ours))
    ratios = [run[row.floor] / run[row.ours] if row.faster else run[row.ours] / run[row.floor] for run in runs if run[row.ours]]
    # A figure of zero means that there was no undisturbed moment to take it in.
    ratio = statistics.median(ratios) if ratios else None
    return {
        "row": row.title,
        "floor": suite.floors[row.floor],
        "floor_value": _rounded(floor),
        "ours_value": _rounded(ours) if ratios else None,
        "ratio": _rounded(ratio) if ratio is not None else None,
        "ratio_low": _rounded(min(ratios)) if ratios else None,
        "ratio_high": _rounded(max(ratios)) if ratios else None,
        "target": row.target.text if row.target else None,
        "met": row.target.holds(ratio) if row.target and ratio is not None else None,
    }


def _rounded(value: float) -> float:
    """Four digits; more would pretend to a precision that is not there, and make every new run a large diff."""
    return float(f"{value:.4g}")
