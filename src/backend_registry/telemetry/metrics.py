"""`Metrics`: what is counted while requests and checks end, and the exposition of it for Prometheus.

Two kinds of series. What happens is counted when it happens (`request_ended` and its like, on the way of every request); see
`counted`. What is, such as requests in flight, is read from the registry when somebody
scrapes; see `state`.

Cardinality is bounded: a model is named only once some backend has served it, a backend only while it is registered. Clients
can make no series.
"""

from typing import Final, Protocol

from prometheus_client import Gauge

from backend_registry import Change, Entry, Registry
from backend_registry.telemetry.counted import PREFIX, Counts, Times
from backend_registry.telemetry.exposition import Exposition, ProcessMetrics
from backend_registry.telemetry.labels import ModelLabels
from backend_registry.telemetry.state import StateCollector

__all__ = ("EndedRequestFacts", "Metrics")

_REQUEST_S: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_FIRST_BYTE_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_PROBE_S: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class EndedRequestFacts(Protocol):
    """What has to be known of a gateway request that has ended; the gateway's own object fits."""

    @property
    def endpoint(self) -> str:
        """Which operation was asked for, such as `chat_completions`."""
        ...

    @property
    def model(self) -> str:
        """The model that the client named; anything may stand here."""
        ...

    @property
    def served_model(self) -> str:
        """The model that the last backend was asked for, empty if none was."""
        ...

    @property
    def backend_id(self) -> str | None:
        """The backend that was asked last, None if none was."""
        ...

    @property
    def status(self) -> int:
        """HTTP status of the answer."""
        ...

    @property
    def outcome(self) -> str:
        """How it ended, in one word of a fixed set."""
        ...

    @property
    def seconds(self) -> float:
        """From the first byte of the request to the end."""
        ...

    @property
    def first_byte_s(self) -> float | None:
        """Until the first byte of the answer, None if there was none."""
        ...

    @property
    def attempts(self) -> int:
        """How many backends were asked."""
        ...

    @property
    def policy(self) -> str:
        """Name of the policy that chose."""
        ...

    @property
    def last_resort(self) -> str:
        """As what the backend was taken; empty in the normal case."""
        ...

    @property
    def fallback(self) -> bool:
        """Whether another model than the one asked for was tried last."""
        ...


class Metrics(ProcessMetrics):
    """Counts, and exposes what it has counted together with the state of a registry.

    Fits the gateway's and the health checker's observers.

    Args:
        registry: whose state is shown.
        model_limit: models that get a series of their own; those that come later share one.

    Attributes:
        models: how models are named.

    Thread-safety: one thread counts, that of the event loop; any may ask for the exposition meanwhile. Cost of `request_ended`:
    about 2 microseconds.
    """

    def __init__(self, registry: Registry, *, model_limit: int = 1_000) -> None:
        super().__init__()
        self._registry: Final = registry
        self.models: Final = ModelLabels(registry, model_limit)
        self._requests: Final = Counts("requests", "Requests that have ended.", "model", "backend", "outcome")
        self._seconds: Final = Times("request_seconds", "Seconds from request to the end of the answer.", _REQUEST_S, "model")
        self._first_byte: Final = Times(
            "first_byte_seconds", "Seconds from request to the first byte of the answer.", _FIRST_BYTE_S, "model"
        )
        self._attempts: Final = Counts("attempts", "Times that a backend was asked.", "backend", "outcome")
        self._picks: Final = Counts("picks", "Backends chosen.", "policy")
        self._fallbacks: Final = Counts("fallbacks", "Requests answered by another model than the one asked for.", "model")
        self._last_resort: Final = Counts(
            "last_resort", "Answers by a backend that was taken because nothing better was left.", "kind"
        )
        self._probes: Final = Counts("probe_results", "Health checks that have ended.", "type", "ok")
        self._probe_seconds: Final = Times("probe_seconds", "Seconds that a health check took.", _PROBE_S, "type")
        self._ejections: Final = Counts("ejections", "Times that a backend was taken out of rotation.", "cause")
        for counted in (
            self._requests, self._seconds, self._first_byte, self._attempts, self._picks, self._fallbacks, self._last_resort,
            self._probes, self._probe_seconds, self._ejections,
        ):  # fmt: skip
            self.register(counted)
        self._queue: Final = Gauge(
            "queue_waiting", "Requests that wait for a backend.", namespace=PREFIX, registry=self._series
        )
        self._watched = registry.revision
        self.register(StateCollector(registry, self.models, lambda: self._watched))

    # --- what happens --------------------------------------------------------------------------------------------------

    def request_ended(self, ended: EndedRequestFacts) -> None:
        """Count a gateway request."""
        model = self.models.of(ended.served_model or ended.model)
        self._requests.add(model, ended.backend_id or "", ended.outcome)
        self._seconds.add(ended.seconds, model)
        if ended.first_byte_s is not None:
            self._first_byte.add(ended.first_byte_s, model)
        if ended.attempts:
            self._picks.add(ended.policy, by=ended.attempts)
        if ended.fallback:
            self._fallbacks.add(self.models.of(ended.model))
        if ended.last_resort:
            self._last_resort.add(ended.last_resort)

    def attempt_ended(self, model: str, backend_id: str, outcome: str) -> None:
        """Count what one backend made of a request."""
        del model  # It would multiply the series, and the request's tells it.
        self._attempts.add(backend_id, outcome)

    def queue_changed(self, waiting: int) -> None:
        """Take over how many requests wait for a backend."""
        self._queue.set(waiting)

    def probe_ended(self, backend_id: str, backend_type: str, ok: bool, seconds: float) -> None:
        """Count a health check."""
        del backend_id  # Its health has a series of its own.
        self._probes.add(backend_type, "true" if ok else "false")
        self._probe_seconds.add(seconds, backend_type)

    async def run(self) -> None:
        """Count what the registry does by itself, until cancelled."""
        async with self._registry.watch(since=self._watched) as changes:
            async for change in changes:
                if isinstance(change, Change):
                    self._note(change)
                self._watched = changes.revision

    def _note(self, change: Change) -> None:
        for entry in change.entries:
            if _ejects(entry) and entry.after is not None and entry.after.ejection is not None:
                self._ejections.add(entry.after.ejection.value)

    # --- what is shown -------------------------------------------------------------------------------------------------

    def exposition(self, accept: str = "") -> Exposition:
        """Everything, in the form that an `Accept` header asks for: OpenMetrics, or the text format of Prometheus.

        Cost: about 0.1 milliseconds per backend; call it outside the event loop.
        """
        self._forget_removed()
        return super().exposition(accept)

    def _forget_removed(self) -> None:
        # Without a backend: nobody could be asked.
        present = {"", *(backend.id for backend in self._registry)}
        self._requests.keep_only(lambda labels: labels[1] in present)
        self._attempts.keep_only(lambda labels: labels[0] in present)


def _ejects(entry: Entry) -> bool:
    """Whether this took the backend out of rotation: not that its time there was prolonged."""
    if entry.after is None or entry.after.ejected_until_ns is None:
        return False
    before = entry.before
    return before is None or before.ejected_until_ns is None or entry.after.ejections > before.ejections
