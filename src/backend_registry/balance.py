"""The policies: how one of several candidates is chosen.

| policy | use it when |
|---|---|
| none | always, unless you know better: the registry's own rule, a close and faster relative of `P2C` |
| `P2C` | you want the textbook's power of two choices, or a policy to put inside another |
| `LeastPending` | few backends and long requests; compares all of them |
| `PeakEwma` | backends differ in speed, or one of them is having a bad minute |
| `RoundRobin`, `Random` | requests are all alike, or you want to compare with something simple |
| `SmoothWeighted` | shares of traffic are fixed by contract or by capacity |
| `PriorityTiers` | use the expensive backends only when the cheap ones are busy |
| `Rendezvous` | the same session should meet the same prompt cache |
| `SmartScore` | moving from a router that scores priority, load and latency in percent |

A policy sees candidates that are already filtered by health, intent, ejection, demands, exclusion and limits, so it cannot
route to a dead backend by mistake. Your own is a class with one method, `choose`; it may be called by several threads at once.
Everything here uses public names only, so yours can do the same. Ties are broken at random: a fixed order sends all sequential
traffic to whichever backend was listed first.
"""

import math
import threading
import weakref
from collections.abc import Callable, Iterable, MutableMapping

from backend_registry import Backend, InvalidValueError, PickRequest, Policy, Rendezvous

__all__ = (
    "P2C",
    "LeastPending",
    "PeakEwma",
    "PriorityTiers",
    "Random",
    "Rendezvous",
    "RoundRobin",
    "SmartScore",
    "SmoothWeighted",
)

_SCAN_MOST = 8


def _lowest(candidates: Iterable[Backend], cost: Callable[[Backend], float], request: PickRequest) -> Backend:
    """The candidate with the lowest cost, at random among equals. Cost: one call of `cost` per candidate."""
    least = math.inf
    tied: list[Backend] = []
    for backend in candidates:
        its = cost(backend)
        if its < least:
            least, tied = its, [backend]
        elif its == least:
            tied.append(backend)
    return request.rng.choice(tied)


def _few(candidates: tuple[Backend, ...], request: PickRequest) -> Iterable[Backend]:
    """All of up to eight candidates, else two different ones at random: what the power of two choices compares."""
    return candidates if len(candidates) <= _SCAN_MOST else request.rng.sample(candidates, 2)


def _positive(field: str, value: object) -> float:
    number = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
    if not 0 < number < math.inf:
        raise InvalidValueError(field, f"is {_shown(value)}", "pass a finite number above 0 that a float can hold")
    return number


def _shown(value: object) -> str:
    if not isinstance(value, int | float):
        return f"a {type(value).__name__}"
    # Python refuses to print ints of thousands of digits.
    return f"an int of {value.bit_length()} bits" if isinstance(value, int) and value.bit_length() > 64 else str(value)


def _policy(field: str, value: Policy) -> Policy:
    if isinstance(value, type):
        raise InvalidValueError(field, f"is the class {value.__name__}", f"pass an object of it: {value.__name__}()")
    if not callable(getattr(value, "choose", None)):
        raise InvalidValueError(field, f"is a {type(value).__name__}", "pass an object with a method choose, such as P2C()")
    return value


def _cost(request: PickRequest) -> Callable[[Backend], float]:
    """The registry's own formula, for this request: load per weight, with residency and slow start."""
    return lambda backend: backend.cost(request.model, request.now_ns)


class P2C:
    """Power of two choices on `Backend.cost`; exact for up to eight candidates (Mitzenmacher 2001).

    Stateless. Above eight candidates it compares two different ones, both drawn at random. The registry's own rule, which holds
    when no policy is given, differs there: one candidate comes in rotation and one at random. It is several times faster, and
    its highest load is a little lower.
    """

    def choose(self, candidates: tuple[Backend, ...], request: PickRequest) -> Backend:
        """The less loaded of two, or the least loaded of few."""
        return _lowest(_few(candidates, request), _cost(request), request)


class LeastPending:
    """The least `Backend.cost` of all candidates. Stateless; takes time in proportion to their number."""

    def choose(self, candidates: tuple[Backend, ...], request: PickRequest) -> Backend:
        """The least loaded."""
        return _lowest(candidates, _cost(request), request)


class Random:
    """Any candidate, with a chance in proportion to its weight. Stateless."""

    def choose(self, candidates: tuple[Backend, ...], request: PickRequest) -> Backend:
        """A weighted draw."""
        return request.rng.choices(candidates, weights=[backend.effective_weight(request.now_ns) for backend in candidates])[0]


class RoundRobin:
    """Each candidate in turn, separately for each model; starts anywhere. Thread-safe: two threads never share a turn.

    When candidates come and go the turn goes on from where it was, so nobody is skipped twice in a row.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._turns: dict[str, int] = {}

    def choose(self, candidates: tuple[Backend, ...], request: PickRequest) -> Backend:
        """The next one."""
        with self._lock:
            turn = self._turns.get(request.model)
            if turn is None:
                turn = request.rng.randrange(len(candidates))
            self._turns[request.model] = turn + 1
        return candidates[turn % len(candidates)]


class SmoothWeighted:
    """Weighted round robin without bursts: weights 5, 1, 1 give a a b a c a a (nginx's smooth weighted round robin).

    Thread-safe. In each round of as many picks as the weights add up to, every candidate gets exactly its weight; one that
    warms up gets less. Backends that vanish are forgotten.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._credit: dict[str, weakref.WeakKeyDictionary[Backend, float]] = {}

    def choose(self, candidates: tuple[Backend, ...], request: PickRequest) -> Backend:
        """Everybody earns its weight, the richest is chosen and pays for all."""
        with self._lock:
            return self._richest(self._credit.setdefault(request.model, weakref.WeakKeyDictionary()), candidates, request)

    @staticmethod
    def _richest(credit: MutableMapping[Backend, float], candidates: tuple[Backend, ...], request: PickRequest) -> Backend:
        total = 0.0
        for backend in candidates:
            weight = backend.effective_weight(request.now_ns)
            total += weight
            credit[backend] = credit.get(backend, 0) + weight
        chosen = _lowest(candidates, lambda backend: -credit[backend], request)
        credit[chosen] -= total
        return chosen


class PeakEwma:
    """Least peak EWMA of latency times `Backend.cost`, by the power of two choices (Finagle).

    The average is projected to the time of the pick and never written by reading, so a slow backend is forgiven with time and
    tried again. Stateless.

    Args:
        unknown_ms: milliseconds assumed for a backend without samples: high enough that a new one is not flooded.
    """

    def __init__(self, unknown_ms: float = 1000.0) -> None:
        self._unknown_ms = _positive("unknown_ms", unknown_ms)

    def choose(self, candidates: tuple[Backend, ...], request: PickRequest) -> Backend:
        """The one expected to answer first."""
        return _lowest(_few(candidates, request), lambda backend: self._cost(backend, request), request)

    def _cost(self, backend: Backend, request: PickRequest) -> float:
        tally = backend.tally
        expected_ms = tally.projected_peak_us(request.now_ns) / 1000 if tally.latency_samples else self._unknown_ms
        # At least one, or a backend whose peak has faded to nothing would attract any load for ever.
        return max(expected_ms, 1.0) * backend.cost(request.model, request.now_ns)


class PriorityTiers:
    """The candidates with the lowest `priority` number, as long as they are not too busy; then also the next tier.

    Args:
        overflow_at: mean number of requests in flight per backend of a tier at which the next tier joins in.
        within: how to choose inside the tiers: an object, not its class; `P2C()` when left out.
    """

    def __init__(self, overflow_at: float = 8.0, within: Policy | None = None) -> None:
        self._overflow_at = _positive("overflow_at", overflow_at)
        self._within = P2C() if within is None else _policy("within", within)

    def choose(self, candidates: tuple[Backend, ...], request: PickRequest) -> Backend:
        """From the first tier with room, or from all tiers if none has."""
        tiers: dict[int, list[Backend]] = {}
        for backend in candidates:
            tiers.setdefault(backend.priority, []).append(backend)
        for priority in sorted(tiers):
            tier = tiers[priority]
            if sum(backend.pending_requests for backend in tier) < self._overflow_at * len(tier):
                return self._within.choose(tuple(tier), request)
        return self._within.choose(candidates, request)


class SmartScore:
    """Highest weighted score of priority, load and average latency, in whole percent; slow start and residency do not count.

    `p = 100 - min(priority, 100)`, `l = 100 - min(pending, 100)`, `t = 100 - min(avg_ms // 10, 100)`, and the score is
    `(50 p + 30 l + 20 t) // 100` with the default weights. A negative priority counts as 0.

    Args:
        priority, load, latency: the three weights; non-negative ints that add up to 100.
    """

    def __init__(self, priority: int = 50, load: int = 30, latency: int = 20) -> None:
        weights = (priority, load, latency)
        if any(type(weight) is not int or weight < 0 for weight in weights) or sum(weights) != 100:
            shown = ", ".join(map(_shown, weights))
            raise InvalidValueError("weights", f"are {shown}", "pass three non-negative ints that add up to 100")
        self._weights = weights

    def score(self, priority: int, pending: int, avg_latency_ms: int) -> int:
        """The score from 0 to 100, higher is better. Pure."""
        by_priority, by_load, by_latency = self._weights
        p = 100 - min(max(priority, 0), 100)
        l = 100 - min(pending, 100)  # noqa: E741 -- the formula's own letter
        t = 100 - min(avg_latency_ms // 10, 100)
        return (by_priority * p + by_load * l + by_latency * t) // 100

    def choose(self, candidates: tuple[Backend, ...], request: PickRequest) -> Backend:
        """The highest score."""
        return _lowest(candidates, lambda b: -self.score(b.priority, b.pending_requests, b.avg_latency_ms), request)
