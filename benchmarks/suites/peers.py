"""Against the router that most people would take instead, the first design, and code written by hand."""

import json
from collections.abc import Mapping
from pathlib import Path

from benchmarks.fleet import MODEL, idle
from benchmarks.measure import Case, Effort, side_by_side
from benchmarks.peers import hand_rolled, litellm_router
from benchmarks.rows import Row, Suite, at_least
from benchmarks.subprocesses import output

__all__ = ("HAND_ROLLED", "LITELLM", "LITELLM_MEMORY", "SEED")

_LEASE = "with registry.acquire(model): pass"


def _litellm(effort: Effort) -> Mapping[str, float] | str:
    if litellm_router.version() is None:
        return 'litellm is not installed; python -m pip install -e ".[bench-peers]"'
    cases = {}
    for count in (10, 1_000):
        names = {"registry": idle(count), "model": MODEL, "router": litellm_router.make(count)}
        cases[f"lease {count}"] = Case(_LEASE, names)
        cases[f"litellm {count}"] = Case("report(router)", {**names, "report": litellm_router.choose_and_report})
    return {name: taken / 1e3 for name, taken in side_by_side(cases, effort).items()}


LITELLM = Suite(
    name="Against LiteLLM Router",
    measure=_litellm,
    rows=(
        Row("lease against least-busy pick and report, 10 deployments", "litellm 10", "lease 10", at_least(20), faster=True),
        Row("the same, 1,000 deployments", "litellm 1000", "lease 1000", at_least(500), faster=True),
    ),
    floors={"litellm 10": "LiteLLM Router, 10 deployments", "litellm 1000": "LiteLLM Router, 1,000 deployments"},
    unit="µs",
)


def _seed(effort: Effort) -> Mapping[str, float] | str:
    try:
        from benchmarks.peers.seed_port import Record, SeedRegistry
    except ModuleNotFoundError:
        return 'readerwriterlock is not installed; python -m pip install -e ".[dev]"'
    count = 20 if effort.smoke else 1_000
    models = [MODEL, *(f"model-{i}" for i in range(4))]
    query = "registry.get_backends_for_model(model)"
    cases = {
        "ours": Case(query, {"registry": idle(count), "model": MODEL}),
        "deepcopy": Case(query, {"registry": SeedRegistry().fill(count, models), "model": MODEL}, most=2),
        "clone": Case(query, {"registry": SeedRegistry(copied=Record.clone).fill(count, models), "model": MODEL}, most=8),
    }
    return {name: taken / 1e3 for name, taken in side_by_side(cases, effort).items()}


SEED = Suite(
    name="Against the first design, which copies",
    measure=_seed,
    rows=(
        Row("`get_backends_for_model(model)`, 1,000 backends", "deepcopy", "ours", at_least(100), faster=True),
        Row("the same, against copies written by hand", "clone", "ours", at_least(100), faster=True),
    ),
    floors={
        "deepcopy": "two sharded maps under reader-writer locks, `copy.deepcopy` of each answer",
        "clone": "the same with a copy written by hand",
    },
    unit="µs",
)


def _hand_rolled(effort: Effort) -> Mapping[str, float]:
    cases = {}
    for count in (10, 1_000, 10_000):
        names = {"registry": idle(count), "model": MODEL, "mine": hand_rolled.HandRolled(MODEL, count)}
        cases[f"pick {count}"] = Case("registry.pick(model)", names)
        cases[f"hand-rolled {count}"] = Case("mine.pick(model)", names)
    return {name: taken / 1e3 for name, taken in side_by_side(cases, effort).items()}


HAND_ROLLED = Suite(
    name="Against filter and `min()` under one lock",
    measure=_hand_rolled,
    rows=tuple(
        Row(f"`pick(model)`, {count:,} backends", f"hand-rolled {count}", f"pick {count}", faster=True)
        for count in (10, 1_000, 10_000)
    ),
    floors={f"hand-rolled {count}": "`min()` of the healthy ones, under a lock" for count in (10, 1_000, 10_000)},
    unit="µs",
)


def _litellm_memory(effort: Effort) -> Mapping[str, float] | str:
    if litellm_router.version() is None:
        return "litellm is not installed"
    if not Path("/proc/self/statm").exists():
        return "the memory of a process is read from /proc, which is not there"
    count = "50" if effort.smoke else "5000"
    return {
        whose: json.loads(output(["-m", "benchmarks.child", "resident", whose, count])) / 1e3 for whose in ("litellm", "ours")
    }


LITELLM_MEMORY = Suite(
    name="Memory against LiteLLM Router",
    measure=_litellm_memory,
    rows=(Row("a backend with 5 models against a deployment, resident memory", "litellm", "ours", faster=True),),
    floors={"litellm": "LiteLLM Router, 5,000 deployments"},
    unit="KB",
    once=True,
)
