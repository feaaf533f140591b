"""The registry as a beginner would write it: dicts and lists, no index, no cache, no lock. The real one is compared with it."""

from dataclasses import dataclass, field
from fractions import Fraction

__all__ = ("NaiveBackend", "NaiveRegistry")

SECOND = 1_000_000_000


@dataclass(eq=False)
class NaiveBackend:
    """One server. `arrived` says, per model, as how-manieth it came to that model: the order of answers."""

    id: str
    url: str
    models: list[str]
    max_pending: int | None = None
    weight: int = 100
    health: str = "unknown"
    intent: str = "enabled"
    error: str | None = None
    ejected_until: int | None = None
    oks: int = 0
    failures: int = 0
    refusals: int = 0
    leases: int = 0
    raw: int = 0
    underflows: int = 0
    total: int = 0
    failed: int = 0
    samples: int = 0
    ema_us: int | None = None
    arrived: dict[str, int] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)

    @property
    def pending(self) -> int:
        return self.leases + self.raw

    @property
    def status(self) -> str:
        return self.health if self.intent == "enabled" else "draining"

    @property
    def ready(self) -> bool:
        return self.intent == "enabled" and self.health != "unhealthy" and self.ejected_until is None

    @property
    def has_room(self) -> bool:
        return self.max_pending is None or self.pending < self.max_pending

    def cost(self, model: str) -> Fraction:
        return Fraction(self.pending + 1 + 2 * (self.where.get(model) == "on_disk"), self.weight)

    def sample(self, latency_us: int) -> None:
        self.samples += 1
        self.ema_us = latency_us if self.ema_us is None else (latency_us + 4 * self.ema_us) // 5

    def reset_streak(self) -> None:
        self.oks = self.failures = self.refusals = 0

    def probe(self, *, ok: bool, refused: bool) -> None:
        if ok:
            self.oks, self.failures, self.refusals = self.oks + 1, 0, 0
            if self.oks >= (2 if self.health == "unhealthy" else 1):
                self.health = "healthy"
                self.reset_streak()
            return
        self.oks, self.failures, self.refusals = 0, self.failures + 1, self.refusals + 1 if refused else 0
        if self.health != "healthy" or self.failures >= 3 or self.refusals >= 2:
            self.health = "unhealthy"
            self.reset_streak()


class NaiveRegistry:
    """All servers by id, in the order in which they came."""

    def __init__(self) -> None:
        self.backends: dict[str, NaiveBackend] = {}
        self.leaked = 0
        self._arrivals = 0

    def add(self, backend: NaiveBackend) -> None:
        self.backends[backend.id] = backend
        self.set_models(backend, backend.models)

    def set_models(self, backend: NaiveBackend, models: list[str]) -> None:
        backend.models = list(dict.fromkeys(models))
        known, backend.arrived = backend.arrived, {}
        for model in backend.models:
            self._arrivals += 1
            backend.arrived[model] = known.get(model, self._arrivals)
        backend.where = {model: kind for model, kind in backend.where.items() if model in backend.models}

    def serving(self, model: str) -> list[NaiveBackend]:
        found = [backend for backend in self.backends.values() if model in backend.models]
        return sorted(found, key=lambda backend: backend.arrived[model])

    def eligible(self, model: str, exclude: frozenset[str]) -> list[NaiveBackend]:
        left = [b for b in self.serving(model) if b.ready and b.has_room and b.id not in exclude]
        return [b for b in left if b.where.get(model) != "loading"]

    def last_resort(self, model: str, exclude: frozenset[str]) -> list[NaiveBackend]:
        left = [b for b in self.serving(model) if b.ready and b.has_room and b.id not in exclude]
        return [b for b in left if b.where.get(model) == "loading"]

    def end_ejections(self, now_ns: int) -> bool:
        due = [b for b in self.backends.values() if b.ejected_until is not None and b.ejected_until <= now_ns]
        for backend in due:
            backend.ejected_until = None
        return bool(due)

    def apply(self, desired: list[NaiveBackend]) -> None:
        wanted = {backend.id: backend for backend in desired}
        for backend_id in [i for i in self.backends if i not in wanted]:
            del self.backends[backend_id]
        for backend in desired:
            now = self.backends.get(backend.id)
            if now is not None and now.url == backend.url:
                now.max_pending, now.weight = backend.max_pending, backend.weight
                self.set_models(now, backend.models or now.models)
                continue
            self.backends.pop(backend.id, None)
            self.add(backend)
