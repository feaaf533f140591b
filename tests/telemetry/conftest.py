"""What telemetry's tests share: a small fleet, requests that have ended, and both sides of a cluster."""

from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from backend_registry import Backend, EjectionPolicy, Registry
from backend_registry.gateway import EndedRequest
from backend_registry.telemetry import HubFacts
from backend_registry.testing import ManualClock

GOOD = EndedRequest(
    endpoint="chat_completions",
    model="m1",
    served_model="m1",
    backend_id="a",
    status=200,
    outcome="ok",
    seconds=1.5,
    first_byte_s=0.2,
    attempts=1,
    stream=True,
    policy="p2c",
    last_resort="",
    fallback=False,
)

HUB = HubFacts(
    nodes={"live": 3, "suspect": 1, "unreachable": 0, "departed": 2},
    held=1,
    complete=True,
    degraded=False,
    reports={"applied": 10, "resync_required": 1},
    dropped_loads=4,
    sweeps=100,
    sweep_s=0.5,
    publications=20,
    publication_s=0.25,
    subscribers=7,
    resets=2,
    audits={"ok": 5, "mismatch": 1},
    events={"node_joined": 3},
)


@dataclass
class SentReports:
    """Who reports to a hub, as metrics see it."""

    sent: dict[str, int]
    ago_s: float | None

    def heard_ago_s(self):
        return self.ago_s


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def registry(clock):
    registry = Registry(clock=clock, ejection_policy=EjectionPolicy(consecutive_failures=2))
    registry.add_backend(Backend("a", "http://me:pw-canary@a:1", models=["m1", "m2"], backend_type="ollama"))
    registry.add_backend(Backend("b", "http://b:1?key=q-canary", models=["m1"], backend_type="vllm"))
    return registry


@pytest.fixture
def ended():
    """An ended request, good but for what is said."""
    return lambda **facts: replace(GOOD, **facts)
