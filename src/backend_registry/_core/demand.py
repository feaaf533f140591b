"""What one request asks of the registry: the keyword arguments of `pick`, `acquire` and `explain`, checked once.

They arrive as `**options`, because CPython looks up every missing keyword-only default in a dict on every call: six of them
cost more than the pick itself, while "no options" is one truth test.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypedDict

from backend_registry._core.limits import MAX_AFFINITY_CHARS, check_count, check_text, shown
from backend_registry._core.model import Capability
from backend_registry.errors import InvalidValueError

if TYPE_CHECKING:
    import random

    from backend_registry._core.backend import Backend

__all__ = (
    "NO_DEMAND",
    "NO_WISH",
    "Demand",
    "DemandOptions",
    "PickOptions",
    "PickRequest",
    "Policy",
    "Wish",
    "check_demand",
    "check_wish",
)


class PickRequest(NamedTuple):
    """What a policy is told beside the candidates.

    Attributes:
        model: the model asked for.
        affinity: requests with the same key should meet the same backend; None if the caller does not care.
        rng: the registry's source of randomness.
        now_ns: monotonic time of the decision.
    """

    model: str
    affinity: str | None
    rng: "random.Random"
    now_ns: int


class Policy(Protocol):
    """How one of several candidates is chosen. The whole interface for your own policies."""

    def choose(self, candidates: "tuple[Backend, ...]", request: PickRequest) -> "Backend":
        """One of `candidates`, which are never empty and all fit the request.

        Health, intent, ejection, demands, exclusion and limits have been applied before. May be called from several threads
        at once, and may call any method of the registry.
        """
        ...


class DemandOptions(TypedDict, total=False):
    """Keyword arguments of `candidates`, and part of those of the other verbs that choose.

    Attributes:
        require: capabilities the model must have.
        min_context: tokens the model's context must hold.
        operation: an operation the backend must offer; backends that list none offer all.
    """

    require: Capability
    min_context: int
    operation: str | None


class PickOptions(DemandOptions, total=False):
    """Keyword arguments of `pick`, `acquire`, `acquire_async` and `explain`; see also `DemandOptions`.

    Attributes:
        affinity: key of requests that should meet the same backend.
        exclude: ids of backends not to pick, usually those tried before.
        policy: how to choose; None takes the default (least loaded, or rendezvous hashing if `affinity` is given).
    """

    affinity: str | None
    exclude: Collection[str]
    policy: Policy | None


class Demand(NamedTuple):
    """The part of the options that a backend either meets or does not, whatever it is doing now; key of derived answers."""

    require: Capability = Capability(0)
    min_context: int = 0
    operation: str | None = None


class Wish(NamedTuple):
    """All options of one request, checked."""

    demand: Demand
    affinity: str | None
    exclude: frozenset[str]
    policy: Policy | None


NO_DEMAND = Demand()
NO_WISH = Wish(NO_DEMAND, None, frozenset(), None)


def check_demand(given: DemandOptions) -> Demand:
    """The checked form of the demands `given`; raises InvalidValueError, or TypeError for an unknown name."""
    options: Mapping[str, Any] = dict(given)
    _refuse_unknown(options, DemandOptions)
    return _demand(options)


def check_wish(given: PickOptions) -> Wish:
    """The checked form of the options `given`; raises InvalidValueError, or TypeError for an unknown name."""
    options: Mapping[str, Any] = dict(given)
    _refuse_unknown(options, PickOptions)
    affinity = options.get("affinity")
    return Wish(
        _demand(options),
        None if affinity is None else _check_affinity(affinity),
        _check_exclude(options.get("exclude", ())),
        _check_policy(options.get("policy")),
    )


def _refuse_unknown(options: Mapping[str, Any], known: type) -> None:
    unknown = options.keys() - known.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected keyword argument {min(unknown)!r}; known are {', '.join(known.__annotations__)}")


def _demand(options: Mapping[str, Any]) -> Demand:
    operation = options.get("operation")
    return Demand(
        _check_require(options.get("require", 0)),
        check_count("min_context", options.get("min_context", 0), least=0),
        None if operation is None else check_text("operation", operation),
    )


def _check_require(require: object) -> Capability:
    if isinstance(require, bool) or not isinstance(require, int) or not 0 <= require <= _ALL_CAPABILITIES:
        raise InvalidValueError("require", f"is {shown(require)}", "pass Capability members joined with |")
    return Capability(require)


_ALL_CAPABILITIES = sum(Capability)


def _check_policy(policy: Policy | None) -> Policy | None:
    if isinstance(policy, type):
        raise InvalidValueError("policy", f"is the class {policy.__name__}", "pass an object of it")
    if policy is not None and not callable(getattr(policy, "choose", None)):
        raise InvalidValueError("policy", f"{type(policy).__name__} has no method choose", "pass a Policy object")
    return policy


def _check_affinity(affinity: object) -> str:
    if not isinstance(affinity, str):
        raise InvalidValueError("affinity", f"is a {type(affinity).__name__}", "pass a str, such as a session id")
    if len(affinity) > MAX_AFFINITY_CHARS:
        raise InvalidValueError("affinity", f"has {len(affinity)} characters", f"pass at most {MAX_AFFINITY_CHARS}")
    return affinity


def _check_exclude(exclude: object) -> frozenset[str]:
    if isinstance(exclude, str | bytes) or not isinstance(exclude, Collection):
        raise InvalidValueError("exclude", f"is a {type(exclude).__name__}", "pass a set, list or tuple of backend ids")
    ids = frozenset(exclude)
    if not all(isinstance(backend_id, str) for backend_id in ids):
        raise InvalidValueError("exclude", "holds something else than a str", "pass backend ids")
    return ids
