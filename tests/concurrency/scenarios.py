"""Races in small: two threads, one step each, and what must hold however their steps are interleaved."""

from collections.abc import Callable
from typing import Any, NamedTuple

from backend_registry import (
    Backend,
    BackendStatus,
    Capability,
    Change,
    EjectionPolicy,
    Model,
    ProbeResult,
    Registry,
    RegistryError,
)
from backend_registry._core.backend import UNFOLDED_MOST
from tests.concurrency.fleet import make_backend, make_registry
from tests.concurrency.invariants import check

__all__ = ("SCENARIOS", "Scenario", "State")


class State:
    """What two workers share: a registry, whatever the scenario prepared, and what each worker found out."""

    def __init__(self, registry: Registry, **prepared: Any) -> None:
        self.registry = registry
        self.found: dict[str, Any] = {}
        self.__dict__.update(prepared)


class Scenario(NamedTuple):
    """`holds` looks at the state after both workers have ended."""

    name: str
    setup: Callable[[], State]
    workers: tuple[Callable[[State], None], ...]
    holds: Callable[[State], bool]

    def judge(self, state: State) -> bool:
        """Whether the state is right, and the registry's structures agree."""
        for lease in state.found.values():
            if hasattr(lease, "finish"):
                lease.finish()
        right = self.holds(state)
        check(state.registry)
        return right


def _noting(label: str, call: Callable[[State], Any]) -> Callable[[State], None]:
    def worker(state: State) -> None:
        try:
            state.found[label] = call(state)
        except RegistryError as error:
            state.found[label] = type(error).__name__

    return worker


def _one(**fields: Any) -> State:
    return State(make_registry(make_backend("a", "m", **fields)))


def _two() -> State:
    return State(make_registry(make_backend("a", "m"), make_backend("b", "m"), healthy=True))


def _leased() -> State:
    registry = make_registry(make_backend("a", "m"))
    return State(registry, lease=registry.acquire("m"))


def _counted(count: int) -> State:
    state = _one()
    for _ in range(count):
        state.registry.increment_pending("a")
    return state


def _nearly_full_log() -> State:
    state = _one()
    for _ in range(UNFOLDED_MOST - 1):
        state.registry.acquire("m").finish(latency_ms=10)
    state.first, state.second = state.registry.acquire("m"), state.registry.acquire("m")
    return state


def _forgotten() -> State:
    state = _leased()
    del state.lease
    return state


def _two_registries() -> State:
    return State(make_registry(), other=make_registry(), backend=make_backend("a", "m"))


class _Bell:
    """A waiter that only remembers that it was woken."""

    def __init__(self) -> None:
        self.rung = False

    def wake(self) -> None:
        self.rung = True


def _wait_for_change(state: State) -> bool:
    bell = _Bell()
    state.bell = bell
    state.registry._lines.join(Change, bell, bell)
    return state.registry.revision > 1 or bell.rung


def _not_asleep(state: State) -> bool:
    state.registry._lines.leave(Change, state.bell, state.bell)
    return state.found["watch"] or state.bell.rung


def _drained(state: State) -> int:
    state.registry.drain("a")
    return state.registry.get_backend("a").pending_requests


def _pick(state: State) -> str:
    return state.registry.pick("m").id


def _ids(state: State) -> tuple[str, ...]:
    return tuple(record.id for record in state.registry.snapshot().backends)


def _swap(state: State) -> None:
    state.registry.apply([make_backend("b", "m"), make_backend("c", "m", "n")])


def _capable(state: State) -> tuple[Backend, ...]:
    return state.registry.candidates("m", require=Capability.TOOLS)


def _two_raw() -> State:
    return _counted(1)


def _failing(*ids: str, failures: int = 1, **fields: Any) -> State:
    """Backends of which each has two requests in flight; so many failures eject, and one may be out at a time."""
    policy = EjectionPolicy(consecutive_failures=failures, panic_threshold=0)
    registry = make_registry(*(make_backend(backend_id, "m", **fields) for backend_id in ids), ejection_policy=policy)
    return State(registry, leases={i: [_only(registry, i), _only(registry, i)] for i in ids})


def _only(registry: Registry, backend_id: str) -> Any:
    return registry.acquire("m", exclude=[backend.id for backend in registry if backend.id != backend_id])


def _on_trial() -> State:
    state = _failing("a", "b")
    state.leases["a"][0].finish("failed")
    state.registry.clock.advance(30)
    state.registry.candidates("m")
    return state


def _out(state: State) -> list[str]:
    return [backend.id for backend in state.registry if not backend.available]


_TOOLS = Model("m", supports_tools=True)

SCENARIOS = (
    Scenario(
        "add/add of one id: one is refused",
        lambda: State(make_registry()),
        tuple(_noting(label, lambda s: s.registry.add_backend(make_backend("a", "m"))) for label in "xy"),
        lambda s: sorted(map(str, s.found.values())) == ["DuplicateBackendError", "None"],
    ),
    Scenario(
        "add/remove: the index follows",
        _one,
        (
            _noting("add", lambda s: s.registry.add_backend(make_backend("b", "m"))),
            _noting("remove", lambda s: s.registry.remove_backend("a").id),
        ),
        lambda s: s.found == {"add": None, "remove": "a"} and [b.id for b in s.registry.get_backends_for_model("m")] == ["b"],
    ),
    Scenario(
        "remove/remove: one is refused",
        _one,
        tuple(_noting(label, lambda s: s.registry.remove_backend("a").id) for label in "xy"),
        lambda s: sorted(s.found.values()) == ["BackendNotFoundError", "a"],
    ),
    Scenario(
        "remove/acquire: the lease counts on the object it got",
        _one,
        # The lease first: the other way round the first schedule ends before it touches anything that is seen to conflict.
        (_noting("lease", lambda s: s.registry.acquire("m")), _noting("remove", lambda s: s.registry.remove_backend("a"))),
        lambda s: s.found["remove"].pending_requests == 0 and s.registry.backend_count() == 0,
    ),
    Scenario(
        "update_models/query: a model in both lists is never missing",
        lambda: State(make_registry(make_backend("a", "m", "n"))),
        (
            _noting("update", lambda s: s.registry.update_models("a", ["o", "m"])),
            _noting("query", lambda s: len(s.registry.get_backends_for_model("m"))),
        ),
        lambda s: s.found["query"] == 1,
    ),
    Scenario(
        "flip/pick: there is always somebody",
        _two,
        (_noting("flip", lambda s: s.registry.update_status("a", BackendStatus.UNHEALTHY)), _noting("pick", _pick)),
        lambda s: s.found["pick"] in ("a", "b"),
    ),
    Scenario(
        "increment/increment: both numbers are given out",
        _one,
        tuple(_noting(label, lambda s: s.registry.increment_pending("a")) for label in "xy"),
        lambda s: sorted(s.found.values()) == [1, 2],
    ),
    Scenario(
        "increment/decrement: one after the other",
        _two_raw,
        (
            _noting("up", lambda s: s.registry.increment_pending("a")),
            _noting("down", lambda s: s.registry.decrement_pending("a")),
        ),
        lambda s: (s.found["up"], s.found["down"]) in ((2, 1), (1, 0)) and s.registry.get_backend("a").pending_requests == 1,
    ),
    Scenario(
        "finish/finish of one lease: the first wins",
        _leased,
        tuple(_noting(label, lambda s: s.lease.finish()) for label in "xy"),
        lambda s: sorted(s.found.values()) == [False, True] and s.registry.get_backend("a").total_requests == 1,
    ),
    Scenario(
        "apply/snapshot: all of it or nothing",
        lambda: State(make_registry(make_backend("a", "m"), make_backend("b", "m"))),
        (_noting("apply", _swap), _noting("ids", _ids)),
        lambda s: s.found["ids"] in (("a", "b"), ("b", "c")),
    ),
    Scenario(
        "acquire/acquire at the limit: one is refused",
        lambda: _one(max_pending=1),
        tuple(_noting(label, lambda s: s.registry.acquire("m")) for label in "xy"),
        lambda s: sum(isinstance(lease, str) for lease in s.found.values()) == 1,
    ),
    Scenario(
        "finish/finish while the log is folded: each sample counts once",
        _nearly_full_log,
        (
            _noting("x", lambda s: s.first.finish(latency_ms=10)),
            _noting("y", lambda s: s.second.finish(latency_ms=10)),
        ),
        lambda s: (
            s.registry.get_backend("a").tally[:2] == (10_000, UNFOLDED_MOST + 1)
            and s.registry.get_backend("a").total_requests == UNFOLDED_MOST + 1
        ),
    ),
    Scenario(
        "claim by two registries: one gets the object",
        _two_registries,
        (_noting("x", lambda s: s.registry.add_backend(s.backend)), _noting("y", lambda s: s.other.add_backend(s.backend))),
        lambda s: sorted(map(str, s.found.values())) == ["BackendOwnershipError", "None"],
    ),
    Scenario(
        "drain/acquire: empty after a drain stays empty",
        _one,
        (_noting("left", _drained), _noting("lease", lambda s: s.registry.acquire("m"))),
        lambda s: s.found["left"] == 1 or isinstance(s.found["lease"], str),
    ),
    Scenario(
        "reclaim/reclaim of a forgotten lease: counted once",
        _forgotten,
        tuple(_noting(label, lambda s: s.registry.leaked_leases) for label in "xy"),
        lambda s: s.registry.leaked_leases == 1 and s.registry.get_backend("a").total_requests == 1,
    ),
    Scenario(
        "trial/trial: one gets the slot",
        _on_trial,
        tuple(_noting(label, lambda s: s.registry.acquire("m", exclude=["b"])) for label in "xy"),
        lambda s: sum(isinstance(lease, str) for lease in s.found.values()) == 1,
    ),
    Scenario(
        "eject/eject of one: counted once",
        lambda: _failing("a", "b"),
        tuple(_noting(f"failed {n}", lambda s, n=n: s.leases["a"][n].finish("failed")) for n in (0, 1)),
        lambda s: _out(s) == ["a"] and s.registry.get_backend("a").record.ejections == 1,
    ),
    Scenario(
        "eject/eject of two: the cap holds",
        lambda: _failing("a", "b", "c"),
        tuple(_noting(f"failed {n}", lambda s, n=n: s.leases[n][0].finish("failed")) for n in "ab"),
        lambda s: len(_out(s)) == 1,
    ),
    Scenario(
        "eject/drain: never both of the last two",
        lambda: _failing("a", "b"),
        (
            _noting("failed", lambda s: s.leases["a"][0].finish("failed")),
            _noting("drain", lambda s: s.registry.drain("b")),
        ),
        lambda s: s.registry.get_backend("b").reason_code == "draining" and s.found["failed"],
    ),
    Scenario(
        "trial/probe: either ends it",
        lambda: (state := _on_trial(), state.__dict__.update(lease=_only(state.registry, "a")))[0],
        (
            _noting("finish", lambda s: s.lease.finish()),
            _noting("probe", lambda s: s.registry.record_probe(s.registry.get_backend("a"), ProbeResult(ok=True))),
        ),
        lambda s: not s.registry.get_backend("a").on_trial and not s.registry.get_backend("a").record.is_outlier,
    ),
    Scenario(
        "watch/add: nobody sleeps through a change",
        _one,
        (_noting("watch", _wait_for_change), _noting("add", lambda s: s.registry.add_backend(make_backend("b", "m")))),
        _not_asleep,
    ),
    Scenario(
        "derive/update: no stale answer stays in the cache",
        lambda: State(make_registry(make_backend("a", "n"))),
        (_noting("derive", _capable), _noting("update", lambda s: s.registry.update_models("a", [_TOOLS]))),
        lambda s: [backend.id for backend in _capable(s)] == ["a"],
    ),
)
