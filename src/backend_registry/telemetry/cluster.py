"""`HubCollector` and `ReporterCollector`: both sides of a cluster as metrics, read when somebody scrapes.

They know no hub and no reporter, only what has to be known of them; whoever puts a process together hands that over.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from backend_registry.telemetry.counted import PREFIX

__all__ = ("HubCollector", "HubFacts", "ReporterCollector", "ReporterFacts")


class HubFacts(NamedTuple):
    """A hub at one moment, with what it has done since its start.

    Attributes:
        nodes: nodes by standing.
        held: nodes that are kept from counting as unreachable, since too many fell silent at once.
        complete: whether most known nodes have been heard since the start.
        degraded: whether the store cannot be relied on now.
        reports: reports by what became of them.
        dropped_loads: loads that were of no known backend.
        sweeps: looks for silent nodes.
        sweep_s: seconds that they took.
        publications: times that changes of the view were put together and published.
        publication_s: seconds that this took.
        subscribers: open streams.
        resets: streams that were sent everything anew, since they could not be given what they had missed.
        audits: audits by result.
        events: what has happened, by kind.
    """

    nodes: Mapping[str, int]
    held: int
    complete: bool
    degraded: bool
    reports: Mapping[str, int]
    dropped_loads: int
    sweeps: int
    sweep_s: float
    publications: int
    publication_s: float
    subscribers: int
    resets: int
    audits: Mapping[str, int]
    events: Mapping[str, int]


class HubCollector(Collector):
    """The series of a hub.

    Args:
        look: the hub as it is now; called in the thread of whoever scrapes.
    """

    def __init__(self, look: Callable[[], HubFacts]) -> None:
        self._look: Final = look

    def collect(self) -> Iterator[Metric]:
        """All of it, at one moment."""
        facts = self._look()
        yield from _gauges(facts)
        yield _counter("hub_reports", "Reports by what became of them.", facts.reports, "result")
        yield _counter("hub_audits", "Nodes that were asked themselves, by what came of it.", facts.audits, "result")
        yield _counter("hub_events", "What has happened, by kind.", facts.events, "kind")
        totals = {
            "hub_dropped_loads": ("Loads in reports that were of no known backend.", facts.dropped_loads),
            "hub_sweeps": ("Looks for silent nodes.", facts.sweeps),
            "hub_sweep_seconds": ("Seconds that looks for silent nodes took.", facts.sweep_s),
            "hub_publications": ("Times that changes of the view were put together and published.", facts.publications),
            "hub_publication_seconds": ("Seconds that putting changes together took.", facts.publication_s),
            "hub_stream_resets": ("Streams that had to begin again with everything.", facts.resets),
        }
        for name, (text, value) in totals.items():
            yield CounterMetricFamily(f"{PREFIX}_{name}", text, value=value)


def _gauges(facts: HubFacts) -> Iterator[Metric]:
    nodes = GaugeMetricFamily(f"{PREFIX}_hub_nodes", "Nodes by how they stand.", labels=["standing"])
    for standing, count in sorted(facts.nodes.items()):
        nodes.add_metric([standing], count)
    yield nodes
    values = {
        "hub_protected_nodes": ("Nodes that are not given up, since too many fell silent at once.", facts.held),
        "hub_complete": ("1 once most of the known nodes were heard since the start.", facts.complete),
        "hub_store_degraded": ("1 while the store cannot be relied on.", facts.degraded),
        "hub_stream_subscribers": ("Open streams of the view.", facts.subscribers),
    }
    for name, (text, value) in values.items():
        yield GaugeMetricFamily(f"{PREFIX}_{name}", text, value=value)


class ReporterFacts(Protocol):
    """What has to be known of who reports to a hub; the node's own object fits."""

    @property
    def sent(self) -> Mapping[str, int]:
        """Reports by what became of them."""
        ...

    def heard_ago_s(self) -> float | None:
        """Seconds since the hub has last taken a report in; None if it never has. In any thread."""
        ...


class ReporterCollector(Collector):
    """The series of a node that reports to a hub.

    Args:
        reporter: who reports.
    """

    def __init__(self, reporter: ReporterFacts) -> None:
        self._reporter: Final = reporter

    def collect(self) -> Iterator[Metric]:
        """All of it. The age has no series before the first report was taken in."""
        yield _counter("reports_sent", "Reports to the hub by what became of them.", self._reporter.sent, "result")
        age = GaugeMetricFamily(f"{PREFIX}_report_age_seconds", "Seconds since the hub has last taken a report in.")
        heard_ago_s = self._reporter.heard_ago_s()
        if heard_ago_s is not None:
            age.add_metric([], heard_ago_s)
        yield age


def _counter(name: str, text: str, counts: Mapping[str, int], label: str) -> Metric:
    family = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=[label])
    # A copy in one step: the event loop counts on meanwhile.
    for value, count in sorted(dict(counts).items()):
        family.add_metric([value], count)
    return family
