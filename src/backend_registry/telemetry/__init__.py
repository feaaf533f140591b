"""Telemetry: metrics for Prometheus, log lines without secrets, and, where they are asked for, traces.

None of it is known to those who are observed: `Metrics`, `RequestLog` and `Tracing` fit the observers of the gateway and of the
health checker by their shape.
"""

from backend_registry.telemetry.activation import open_tracing
from backend_registry.telemetry.cluster import HubCollector, HubFacts, ReporterCollector, ReporterFacts
from backend_registry.telemetry.events import log_changes
from backend_registry.telemetry.exposition import Exposition, ProcessMetrics
from backend_registry.telemetry.labels import ModelLabels
from backend_registry.telemetry.logs import RequestLog, log_to
from backend_registry.telemetry.metrics import EndedRequestFacts, Metrics
from backend_registry.telemetry.observers import Observer, Observers

__all__ = (
    "EndedRequestFacts",
    "Exposition",
    "HubCollector",
    "HubFacts",
    "Metrics",
    "ModelLabels",
    "Observer",
    "Observers",
    "ProcessMetrics",
    "ReporterCollector",
    "ReporterFacts",
    "RequestLog",
    "log_changes",
    "log_to",
    "open_tracing",
)
