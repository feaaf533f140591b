"""What a hub is told of a backend: always acceptable, never a secret, and the same as long as nothing has changed."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_registry import Backend, BackendStatus, Model, Outcome, ProbeResult, Registry, Residency
from backend_registry.node.entry_of import ReportedEntries, entry_of, load_of
from backend_registry.protocol import ENTRY_LIMIT, NodeRecord, Report, digest_of, in_hex, judge, ordered, read_report
from backend_registry.testing import ManualClock, strategies

SECRET = "pw-canary-9876"
TEXTS = st.one_of(
    strategies.ids(),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=200, max_size=256),
    st.builds("{}{}{}".format, st.text("ab ", max_size=250), st.just("api_key="), st.text("xyz", min_size=1, max_size=3)),
    st.builds("see http://u:p@host{}".format, st.text("a/.", max_size=200)),
)


def registered(*backends, clock=None):
    registry = Registry(clock=clock or ManualClock())
    registry.apply(backends)
    return registry


def full(*entries):
    return Report(
        node_id="n", instance="i", epoch=1, revision=1, kind="full", digest=in_hex(digest_of(entries)), upserts=tuple(entries)
    )


def accepted(*entries) -> NodeRecord:
    """What a hub makes of a full report over the wire."""
    return judge(None, read_report(msgspec.json.encode(full(*entries))), now_ms=1).record


def entry(backend, registry, **more):
    return entry_of(registry.get_backend(backend.id), clock=registry.clock, **more)


@given(
    backend=strategies.backends(),
    name=TEXTS,
    values=st.dictionaries(TEXTS, TEXTS | st.text("s ", max_size=2048), max_size=8),
    features=st.lists(TEXTS, max_size=8, unique=True),
    error=st.text(max_size=400),
    probe=strategies.probe_results(),
    intent=st.sampled_from(["enabled", "draining", "disabled"]),
    rest_s=st.none() | st.floats(0, 100),
)
def test_any_backend_makes_an_entry_that_a_hub_takes_in_and_gives_the_same_digest(  # noqa: PLR0917 -- one per thing that varies
    backend, name, values, features, error, probe, intent, rest_s
):
    values = {key: value for key, value in values.items() if value == "" or value.strip()}
    odd = backend.replace(
        name=name,
        instance_id=name,
        url=f"http://me:{SECRET}@gpu-1:8000/p?sig={SECRET}",
        metadata=values,
        features=features,
        intent=intent,
    )
    registry = registered(odd)
    registry.record_probe(odd, probe)
    registry.update_status(odd.id, BackendStatus.UNHEALTHY, error) if intent == "enabled" and not probe.ok else None
    if rest_s is not None:
        registry._cool_down(registry.get_backend(odd.id), rest_s)
    made = entry(odd, registry)
    kept = accepted(made)
    assert kept.digest == digest_of([made])
    assert kept.entries[odd.id] == made == ordered(made)
    assert SECRET not in str(made)


def test_every_fact_of_a_backend_is_told():
    model = Model("m", name="M", context_length=9, max_output_tokens=5, supports_tools=True, supports_vision=True)
    backend = Backend(
        "a",
        "https://h:1/x",
        name="A",
        backend_type="vllm",
        models=[model, "b"],
        metadata={"rack": "7", "api_token": SECRET},
        priority=-3,
        weight=7,
        operations=["embeddings", "chat_completions"],
        features=["f"],
        transports=["ws", "http"],
        instance_id="i-1",
        discovery_source="manual",
    )
    registry = registered(backend)
    registry.record_probe(backend, ProbeResult(ok=True, residency={"m": Residency.IDLE}, note="odd"))
    found = msgspec.json.decode(msgspec.json.encode(entry(backend, registry, generation=12)))
    models = found.pop("models")
    assert [one["id"] for one in models] == ["b", "m"]
    assert models[1] == {
        "id": "m", "name": "M", "context_length": 9, "max_output_tokens": 5, "residency": "idle", "supports_json_mode": False,
        "supports_tools": True, "supports_vision": True,
    }  # fmt: skip
    assert found == {
        "id": "a", "name": "A", "kind": "vllm", "base_url": "https://h:1/x", "features": ["f"], "instance_id": "i-1",
        "operations": ["chat_completions", "embeddings"], "transports": ["http", "ws"], "weight": 7, "priority": -3,
        "discovery_source": "manual", "metadata": {"rack": "7"}, "status": "available", "status_reason": "odd",
        "health": "healthy", "intent": "enabled", "ejection": None, "generation": 12,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["see http://" + "h" * 400, "x" * 244 + " api_key=*** and more", "x" * 300])
def test_a_text_that_is_cut_does_not_look_as_if_it_held_a_secret(text):
    backend = Backend("a", "http://h:1", metadata={"note": text})
    made = entry(backend, registered(backend))
    assert len(made.metadata["note"]) <= 256
    assert accepted(made).entries["a"].metadata == made.metadata


def test_a_reason_holds_no_time_while_an_ejection_runs_and_goes_when_it_ends():
    clock = ManualClock()
    backend = Backend("a", "http://h:1", models=["m"])
    registry = registered(backend, Backend("b", "http://h:2", models=["m"]), clock=clock)
    registry._cool_down(backend, 30.0)
    entries = ReportedEntries(clock)
    (first, _) = entries.of(registry.get_all_backends(), {})
    assert (first.status, first.status_reason, first.ejection) == ("unavailable", "overloaded", "overloaded")
    clock.advance(11.7)
    assert entries.of(registry.get_all_backends(), {})[0] is first
    clock.advance(20)
    # Nobody has picked meanwhile, so the record is still the same.
    (after, _) = entries.of(registry.get_all_backends(), {})
    assert (after.status, after.status_reason, after.ejection) == ("available", "", None)


@pytest.mark.parametrize("cause", ["consecutive_failures", "failure_share", "overloaded"])
def test_the_words_of_every_ejection_are_without_time(cause):
    clock = ManualClock()
    backend = Backend("a", "http://h:1")
    registry = registered(backend, clock=clock)
    registry._cool_down(backend, 30.0)
    record = backend.record
    backend._record = record._replace(ejection=type(record.ejection)(cause))
    reason = entry(backend, registry).status_reason
    assert reason
    assert not any(letter.isdigit() for letter in reason)


def test_an_entry_is_made_once_for_each_state_and_generation():
    backends = [Backend("a", "http://h:1"), Backend("b", "http://h:2")]
    registry = registered(*backends)
    entries = ReportedEntries(registry.clock)
    before = entries.of(registry.get_all_backends(), {})
    assert all(one is other for one, other in zip(before, entries.of(registry.get_all_backends(), {}), strict=True))
    registry.drain("a")
    after = entries.of(registry.get_all_backends(), {"b": 5})
    assert [one.intent for one in after] == ["draining", "enabled"]
    assert [one.generation for one in after] == [0, 5]
    registry.enable("a")
    assert entries.of(registry.get_all_backends(), {"b": 5})[1] is after[1]
    registry.remove_backend("b")
    assert [one.id for one in entries.of(registry.get_all_backends(), {})] == ["a"]


def test_requests_change_the_load_and_not_the_entry():
    registry = registered(Backend("a", "http://h:1", models=["m"]))
    backend = registry.get_backend("a")
    entries = ReportedEntries(registry.clock)
    before = entries.of([backend], {})
    lease = registry.acquire("m")
    assert load_of([backend]) == {"a": (1, 0, 0)}
    registry.clock.advance(0.25)
    lease.finish(Outcome.OK)
    assert load_of([backend]) == {"a": (0, 250, 1)}
    assert entries.of([backend], {})[0] is before[0]


def test_no_more_backends_are_reported_than_a_report_may_have_and_the_log_says_so_once(caplog):
    registry = registered(*(Backend(f"b{number:04}", f"http://h:{number + 1}") for number in range(ENTRY_LIMIT + 2)))
    entries = ReportedEntries(registry.clock)
    for _ in range(2):
        found = entries.of(registry.get_all_backends(), {})
    assert [one.id for one in found] == [f"b{number:04}" for number in range(ENTRY_LIMIT)]
    assert len(caplog.records) == 1
