"""What a strict type checker must understand without help; checked, never run."""

from typing import assert_type

from backend_registry import (
    Applied,
    Backend,
    Change,
    Decision,
    EjectionCause,
    EjectionPolicy,
    HealthPolicy,
    Lease,
    Model,
    NoBackendError,
    Outcome,
    PickRequest,
    Policy,
    ProbeResult,
    Registry,
    ReportedLoad,
    Residency,
    Resync,
    Snapshot,
    Tally,
    Watch,
)


class First:
    """A policy is any class with this method."""

    def choose(self, candidates: tuple[Backend, ...], request: PickRequest) -> Backend:
        return candidates[0]


def threads(registry: Registry) -> None:
    policy: Policy = First()
    registry.add_backend(Backend("a", "http://a", models=["m", Model("n")], backend_type="ollama"))
    assert_type(registry.get_backend("a"), Backend | None)
    assert_type(registry.candidates("m", min_context=1), tuple[Backend, ...])
    assert_type(registry.pick("m", policy=policy, exclude={"b"}), Backend)
    assert_type(registry.explain("m"), tuple[Decision, ...])
    assert_type(registry.apply([]), Applied)
    assert_type(registry.snapshot(), Snapshot)
    assert_type(registry.record_probe(registry.pick("m"), ProbeResult(ok=True)), bool)
    with registry.acquire("m", affinity="s") as lease:
        assert_type(lease, Lease)
        assert_type(lease.backend, Backend)
        assert_type(lease.backend.tally, Tally)
        assert_type(lease.finish(Outcome.from_status(200), retry_after=None), bool)
        assert_type(lease.next(), Lease)
        assert_type(lease.last_resort, str)
    with registry.watch(since=3) as watch:
        assert_type(watch, Watch)
        for change in watch:
            assert_type(change, Change | Resync)


def health(backend: Backend) -> None:
    registry = Registry(ejection_policy=EjectionPolicy(consecutive_failures=3, panic_threshold=0))
    assert_type(registry.ejection_policy, EjectionPolicy | None)
    found = ProbeResult(ok=True, residency={"m": Residency.IDLE}, load=ReportedLoad(running=1, waiting=0))
    assert_type(registry.record_probe(backend, found, HealthPolicy(failures=1)), bool)
    assert_type(registry.note_error(backend, "credential rejected"), bool)
    assert_type(backend.residency.get("m"), Residency | None)
    assert_type(backend.reported_load, ReportedLoad | None)
    assert_type(backend.record.ejection, EjectionCause | None)
    assert_type(backend.cost("m", now_ns=5), float)
    assert_type(backend.replace(warmup_s=5, intent="disabled"), Backend)


async def loops(registry: Registry) -> None:
    try:
        async with await registry.acquire_async("m", timeout=1.5, urgent=True, min_context=8) as lease:
            assert_type(lease, Lease)
    except NoBackendError as error:
        assert_type(error.reasons, dict[str, str])
    assert_type(await registry.drain_async("a", timeout=5), bool)
    async for change in registry.watch():
        assert_type(change, Change | Resync)


def mistakes(registry: Registry) -> None:
    registry.pick("m", colour="red")  # type: ignore[call-arg]
    registry.pick(5)  # type: ignore[arg-type]
    registry.candidates("m", exclude=["a"])  # type: ignore[call-arg]
    registry.acquire("m", policy=object())  # type: ignore[arg-type]
    Backend("a", "http://a", heft=5)  # type: ignore[call-arg]
