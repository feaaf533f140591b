"""`encode_backends` says what `BackendInfo` says, only faster."""

import json

import pytest

from backend_registry import BackendInfo, Model, ProbeResult, Registry
from backend_registry.node import encode_backends
from backend_registry.testing import ManualClock, make_backend

SECRETS = ("pw-in-url", "key-in-query", "sk-abcdefghijklmnop", "meta-value")


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def registry(clock, monkeypatch):
    """A backend for every state that an entry can be in."""
    monkeypatch.delenv("MISSING_KEY", raising=False)
    registry = Registry(clock=clock)
    model = Model("llama3:8b", name="Llama", context_length=8192, supports_tools=True, max_output_tokens=100)
    registry.apply(
        [
            make_backend("plain"),
            make_backend(
                "full",
                "https://user:pw-in-url@gpu-2:8443/proxy?api_key=key-in-query",
                name="Größe 💡",
                backend_type="vllm",
                models=[model, "other"],
                metadata={"token": "meta-value", "rack": "7"},
                operations=["chat_completions"],
                features=["streaming"],
                transports=["http", "ws"],
                instance_id="i-1",
                priority=-3,
                weight=7,
                max_pending=4,
            ),
            make_backend("modelless", models=()),
            *(make_backend(name) for name in ("healthy", "unhealthy", "odd", "draining", "disabled", "busy", "resting")),
            make_backend("keyless", credential_env="MISSING_KEY"),
        ]
    )
    probe(registry, "healthy", ok=True)
    probe(registry, "unhealthy", ok=False, error="said no to Bearer sk-abcdefghijklmnop")
    probe(registry, "odd", ok=True, note="model list not understood")
    registry.drain("draining")
    registry.disable("disabled")
    registry.increment_pending("busy")
    registry.update_latency("busy", 12.7)
    registry.increment_total_requests("busy")
    registry.acquire("llama3:8b", exclude=set(ids(registry)) - {"resting"}).finish("overloaded", retry_after=30)
    return registry


def probe(registry, backend_id, **result):
    registry.record_probe(registry.get_backend(backend_id), ProbeResult(**result))


def ids(registry):
    return [backend.id for backend in registry]


def by_views(registry):
    return [json.loads(BackendInfo.from_backend(b, clock=registry.clock).model_dump_json()) for b in registry]


def encoded(registry):
    return json.loads(encode_backends(registry, clock=registry.clock))


def test_entries_are_those_of_the_view_in_every_state(registry):
    entries = encoded(registry)
    assert entries == by_views(registry)
    assert encoded(registry) == entries
    states = {entry["id"]: (entry["status"], entry["status_reason"]) for entry in entries}
    assert states["healthy"] == ("available", "")
    assert states["draining"][0] == "unavailable"
    assert states["keyless"] == ("unavailable", "missing env MISSING_KEY")
    assert states["odd"] == ("available", "model list not understood")


def test_every_change_is_seen_at_once(registry, clock):
    encoded(registry)
    registry.enable("disabled")
    registry.update_models("plain", ["new"])
    probe(registry, "healthy", ok=True)
    registry.increment_pending("plain")
    registry.update_latency("full", 250)
    clock.advance(10)
    assert encoded(registry) == by_views(registry)
    registry.remove_backend("plain")
    registry.add_backend(make_backend("plain", models=["newer"]))
    assert encoded(registry) == by_views(registry)


def test_ejection_ends_by_time_alone(registry, clock):
    def resting():
        return next(entry for entry in encoded(registry) if entry["id"] == "resting")

    assert (resting()["status"], resting()["ejected_until"]) == ("unavailable", "2026-01-01T00:00:30Z")
    clock.advance(31)
    assert (resting()["status"], resting()["ejected_until"]) == ("available", None)


def test_nothing_secret_is_in_it(registry):
    text = encode_backends(registry).decode()
    assert not [secret for secret in SECRETS if secret in text]
    assert "https://gpu-2:8443/proxy" in text


def test_same_id_in_two_registries_is_not_mixed_up():
    one, other = Registry(), Registry()
    one.add_backend(make_backend("b", models=["one"]))
    other.add_backend(make_backend("b", models=["other"]))
    for _ in range(2):
        assert encoded(one)[0]["models"][0]["id"] == "one"
        assert encoded(other)[0]["models"][0]["id"] == "other"


def test_memory_is_bounded_by_the_number_of_ids(monkeypatch):
    monkeypatch.setattr("backend_registry.node.encoding._KEPT_MOST", 10)
    registry = Registry()
    registry.apply([make_backend(f"b{number}") for number in range(50)])
    assert encoded(registry) == by_views(registry)
    from backend_registry.node import encoding

    assert len(encoding._kept) <= 10


def test_no_backends_are_an_empty_array():
    assert encode_backends([]) == b"[]"
