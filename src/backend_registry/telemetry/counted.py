"""`Counts` and `Times`: counters and histograms that cost a dict lookup on the way of a request.

The library's own take a lock and look a child up for every count, several microseconds for each request. Here one thread
counts, without a lock, and whoever scrapes copies what there is in one step of the interpreter. So a scrape may see the count
of a request and not yet its time, never half a number.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

__all__ = ("PREFIX", "Counts", "Times")

PREFIX: Final = "backend_registry"

Labels = tuple[str, ...]


class Counts(Collector):
    """A counter for each combination of labels that has been seen.

    Args:
        name: without prefix and `_total`.
        text: what it counts.
        labels: their names.
    """

    def __init__(self, name: str, text: str, *labels: str) -> None:
        self._name: Final = f"{PREFIX}_{name}"
        self._text: Final = text
        self._labels: Final = labels
        self._counts: Final[dict[Labels, int]] = {}

    def add(self, *labels: str, by: int = 1) -> None:
        """Count. In one thread only."""
        counts = self._counts
        counts[labels] = counts.get(labels, 0) + by

    def keep_only(self, wanted: Callable[[Labels], bool]) -> None:
        """Forget the counts whose labels are not wanted. In any thread."""
        for labels in [labels for labels in self._counts.copy() if not wanted(labels)]:
            self._counts.pop(labels, None)

    def collect(self) -> Iterator[Metric]:
        """The counts as they are now. In any thread."""
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        for labels, count in self._counts.copy().items():
            family.add_metric(labels, count)
        yield family


class Times(Collector):
    """A histogram of seconds for each combination of labels that has been seen.

    Args:
        name: without prefix.
        text: what is timed.
        bounds: upper ends of the buckets, ascending; one without end follows.
        labels: their names.
    """

    def __init__(self, name: str, text: str, bounds: tuple[float, ...], *labels: str) -> None:
        self._name: Final = f"{PREFIX}_{name}"
        self._text: Final = text
        self._labels: Final = labels
        self._bounds: Final = bounds
        self._shown: Final = [*map(floatToGoString, bounds), "+Inf"]
        # How many fell into each bucket, and last the sum of all.
        self._rows: Final[dict[Labels, list[float]]] = {}

    def add(self, seconds: float, *labels: str) -> None:
        """Count a time. In one thread only."""
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = [0] * (len(self._bounds) + 2)
        row[bisect_left(self._bounds, seconds)] += 1
        row[-1] += seconds

    def collect(self) -> Iterator[Metric]:
        """The histograms as they are now. In any thread."""
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        for labels, counting in self._rows.copy().items():
            *counts, total = counting.copy()
            buckets = list(zip(self._shown, accumulate(counts), strict=True))
            family.add_metric(labels, buckets=buckets, sum_value=total)
        yield family
