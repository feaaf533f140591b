"""`ProcessMetrics`: a set of series and its exposition for Prometheus, whatever the process is."""

import platform
from importlib.metadata import version
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from backend_registry.telemetry.counted import PREFIX

__all__ = ("Exposition", "ProcessMetrics")


class Exposition(NamedTuple):
    """An answer to a scrape: the body, and the content type that belongs to it."""

    body: bytes
    content_type: str


class ProcessMetrics:
    """What is shown of any process, what runs there and what it uses, and whatever is registered besides.

    Thread-safety: any thread may ask for the exposition, while others count.
    """

    def __init__(self) -> None:
        self._series: Final = CollectorRegistry()
        build = Info("build", "What runs here.", namespace=PREFIX, registry=self._series)
        build.info({"version": version("backend-registry"), "python": platform.python_version()})
        ProcessCollector(registry=self._series)

    def register(self, collector: Collector) -> None:
        """Show what a collector has, too."""
        self._series.register(collector)

    def exposition(self, accept: str = "") -> Exposition:
        """Everything, in the form that an `Accept` header asks for: OpenMetrics, or the text format of Prometheus.

        Call it outside the event loop.
        """
        encoder, content_type = choose_encoder(accept)
        return Exposition(encoder(self._series), content_type)
