"""`StateCollector`: the state of a registry as metrics, read when somebody scrapes, so it costs nothing in between."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from backend_registry import Backend, BackendStatus, Intent, Registry, Residency
from backend_registry.telemetry.labels import ModelLabels

__all__ = ("StateCollector",)

_PREFIX: Final = "backend_registry_"
_UNKNOWN: Final = "unknown"
_HEALTH: Final = (BackendStatus.HEALTHY, BackendStatus.UNHEALTHY, BackendStatus.UNKNOWN)


class StateCollector(Collector):
    """Gauges and counters that the registry keeps anyway. A removed backend has no series any more.

    Args:
        registry: whose state.
        models: how models are named.
        watched: the revision up to which changes have been counted.
    """

    def __init__(self, registry: Registry, models: ModelLabels, watched: Callable[[], int]) -> None:
        self._registry: Final = registry
        self._models: Final = models
        self._watched: Final = watched

    def collect(self) -> Iterator[Metric]:
        """All of it, at about one moment."""
        backends = self._registry.get_all_backends()
        yield from self._of_registry(backends)
        yield from _of_traffic(backends)
        yield from _of_standing(backends)
        yield self._of_models()

    def _of_registry(self, backends: Iterable[Backend]) -> Iterator[Metric]:
        registry = self._registry
        # First what has been counted, since the revision may move on between the two.
        watched = self._watched()
        revision = registry.revision
        yield _gauge("registry_revision", "Changes since the start of the process.", revision)
        yield _gauge("watch_lag_revisions", "Changes that have not been counted yet.", revision - watched)
        yield _gauge("registry_models", "Models that at least one backend serves.", registry.model_count())
        yield CounterMetricFamily(
            f"{_PREFIX}leaked_leases", "Leases that were forgotten; any is a bug.", value=registry.leaked_leases
        )
        kinds = Counter((backend.backend_type.value, backend.record.discovery_source.value) for backend in backends)
        family = _family("registry_backends", "Backends by type and by who told about them.", "type", "source")
        for labels, count in sorted(kinds.items()):
            family.add_metric(labels, count)
        yield family

    def _of_models(self) -> Metric:
        family = _family("model_backends", "Backends that may be picked for a model.", "model")
        counts: Counter[str] = Counter()
        for model, ids in self._registry.snapshot().models.items():
            found = map(self._registry.get_backend, ids)
            counts[self._models.of(model)] += sum(backend is not None and backend.available for backend in found)
        for label, count in counts.items():
            family.add_metric([label], count)
        return family


def _of_traffic(backends: Iterable[Backend]) -> Iterator[Metric]:
    pending = _family("backend_pending", "Requests in flight.", "backend")
    total = CounterMetricFamily(f"{_PREFIX}backend_requests", "Leases that have ended.", labels=["backend"])
    failed = CounterMetricFamily(f"{_PREFIX}backend_failures", "Leases that the backend failed.", labels=["backend"])
    latency = _family("backend_latency_ewma_seconds", "Moving average of the time of good requests.", "backend")
    first_byte = _family("backend_first_byte_ewma_seconds", "Moving average of the time to the first byte.", "backend")
    running = _family("backend_reported_running", "Requests that the server itself says it works on.", "backend")
    waiting = _family("backend_reported_waiting", "Requests that the server itself says wait there.", "backend")
    for backend in backends:
        labels, tally, load = [backend.id], backend.tally, backend.reported_load
        pending.add_metric(labels, backend.pending_requests)
        total.add_metric(labels, tally.total_requests)
        failed.add_metric(labels, tally.failed_requests)
        if tally.ema_us is not None:
            latency.add_metric(labels, tally.ema_us / 1e6)
        if tally.first_byte_us is not None:
            first_byte.add_metric(labels, tally.first_byte_us / 1e6)
        if load is not None:
            running.add_metric(labels, load.running)
            waiting.add_metric(labels, load.waiting)
    yield from (pending, total, failed, latency, first_byte, running, waiting)


def _of_standing(backends: Iterable[Backend]) -> Iterator[Metric]:
    available = _family("backend_available", "1 while the backend may be picked.", "backend")
    health = _family("backend_health", "1 at the present health, 0 at the others.", "backend", "health")
    intent = _family("backend_intent", "1 at what the operator wants, 0 at the others.", "backend", "intent")
    ejected = _family("backend_ejected", "1 while the backend is left alone.", "backend")
    models = _family("backend_models", "Models by where the backend has them.", "backend", "residency")
    checked = _family("backend_last_check_timestamp_seconds", "When the backend was last checked, Unix time.", "backend")
    for backend in backends:
        record, checked_at = backend.record, backend.last_health_check
        available.add_metric([backend.id], backend.available)
        for state in _HEALTH:
            health.add_metric([backend.id, state.value], record.health is state)
        for wish in Intent:
            intent.add_metric([backend.id, wish.value], record.intent is wish)
        ejected.add_metric([backend.id], backend.reason_code == "ejected")
        for residency, count in _residencies(backend).items():
            models.add_metric([backend.id, residency], count)
        if checked_at is not None:
            checked.add_metric([backend.id], checked_at.timestamp())
    yield from (available, health, intent, ejected, models, checked)


def _residencies(backend: Backend) -> dict[str, int]:
    record = backend.record
    counts = dict.fromkeys((*(residency.value for residency in Residency), _UNKNOWN), 0)
    for model in record.models:
        residency = record.residency.get(model.id)
        counts[_UNKNOWN if residency is None else residency.value] += 1
    return counts


def _family(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(_PREFIX + name, text, labels=labels)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(_PREFIX + name, text, value=value)
