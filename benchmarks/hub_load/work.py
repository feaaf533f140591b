"""How much a report about the hub does, and one load of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.hub_load.processes import Server, generate

__all__ = ("BACKENDS", "Figures", "Work", "load")

Figures = dict[str, float]
BACKENDS = 50
"""Of each node."""


@dataclass(frozen=True)
class Work:
    """How much is done.

    Rounds in turns, seconds of each load, nodes of a large view, readers, columns of growth; nodes, seconds and seconds before
    them of the simulated cluster; seeds of the simulated link, and populations. An eighth of each load is not counted.
    """

    rounds: int
    seconds: float
    nodes: int
    readers: Sequence[int]
    growth: Sequence[int]
    cluster: tuple[int, float, float]
    seeds: int
    shapes: Sequence[str] = ("shared", "own")


def load(name: str, server: Server, work: Work, **options: object) -> Figures:
    """The figures of one load on one process."""
    return generate(name, server, seconds=work.seconds, warm_up=work.seconds / 8, **options)
