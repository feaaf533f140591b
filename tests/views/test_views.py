import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import backend_registry
from backend_registry import (
    Backend,
    BackendInfo,
    BackendStatus,
    BackendView,
    EjectionPolicy,
    Intent,
    LoadView,
    Model,
    ModelView,
    ProbeResult,
    Registry,
    RegistryView,
    ReportedLoad,
)
from backend_registry.node import encode_backends
from backend_registry.testing import ManualClock, make_backend, make_model, make_registry, strategies

VIEWS = (BackendInfo, BackendView, LoadView, ModelView, RegistryView)


def used(fleet, result, outcome):
    """A registry with a past: probed, drained, used and overloaded."""
    clock = ManualClock()
    registry = Registry(clock=clock)
    registry.apply(fleet)
    for backend in fleet[::2]:
        registry.record_probe(backend, result)
    for backend in fleet[::3]:
        registry.drain(backend.id)
    for backend in fleet:
        for model in backend.models[:1]:
            if registry.candidates(model.id):
                lease = registry.acquire(model.id)
                clock.advance(0.0123)
                lease.finish(outcome, retry_after=5)
    return registry


@given(strategies.fleets(), strategies.probe_results(), strategies.outcomes())
def test_every_view_survives_json_unchanged(fleet, result, outcome):
    registry = used(fleet, result, outcome)
    whole = RegistryView.from_registry(registry)
    views = [whole, *whole.backends, *(BackendInfo.from_backend(backend, clock=registry.clock) for backend in registry)]
    views += [ModelView.from_model(model) for backend in registry for model in backend.models]
    for view in views:
        text = view.model_dump_json()
        again = type(view).model_validate_json(text)
        assert again == view
        assert again.model_dump_json() == text
        assert type(view).model_validate(json.loads(text)) == view


@given(strategies.backends())
def test_views_tell_what_the_backend_tells(backend):
    view, info = BackendView.from_backend(backend), BackendInfo.from_backend(backend)
    for field in ("id", "backend_type", "status", "priority", "weight", "pending_requests", "total_requests", "avg_latency_ms"):
        assert getattr(view, field) == getattr(backend, field)
    for field in ("operations", "transports", "discovery_source", "health", "intent", "max_pending"):
        assert getattr(view, field) == getattr(backend.record, field)
    assert [model.model_dump(exclude={"residency"}) for model in view.models] == [
        {name: getattr(model, name) for name in ModelView.model_fields if name != "residency"} for model in backend.models
    ]
    assert (info.kind, info.base_url, info.models) == (backend.backend_type, backend.url, view.models)


def test_the_fields_are_those_that_were_agreed():
    common = {
        "id", "name", "priority", "weight", "models", "operations", "features", "transports", "instance_id", "health", "intent",
        "ejected_until", "pending_requests", "total_requests", "avg_latency_ms", "discovery_source",
        "last_health_check", "last_error", "ejection", "on_trial", "warmup_s", "warming", "reported_load",
    }  # fmt: skip
    own = {"url", "backend_type", "status", "metadata", "max_pending", "latency_samples", "credentials_present"}
    assert set(BackendView.model_fields) == common | own
    assert set(BackendInfo.model_fields) == common | {"kind", "base_url", "status", "status_reason", "credentials"}
    assert set(RegistryView.model_fields) == {"epoch", "revision", "backends", "models"}
    assert set(ModelView.model_fields) == {
        "id", "name", "context_length", "supports_vision", "supports_tools", "supports_json_mode", "max_output_tokens",
        "residency",
    }  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_every_view_describes_itself_as_closed_json_schema(view, mode):
    schema = view.model_json_schema(mode=mode)
    assert set(schema["properties"]) == set(view.model_fields)
    assert schema["additionalProperties"] is False
    json.dumps(schema)


def test_counters_are_documented_as_unsigned_64_bit():
    total = BackendView.model_json_schema()["properties"]["total_requests"]
    assert (total["type"], total["format"], total["minimum"], total["maximum"]) == ("integer", "uint64", 0, 2**64 - 1)


@pytest.mark.parametrize("number", [2**53 - 1, 2**53 + 1, 2**64 - 1])
def test_large_counters_stay_exact(number):
    dump = BackendView.from_backend(make_backend()).model_dump() | {"total_requests": number}
    assert BackendView.model_validate_json(BackendView(**dump).model_dump_json()).total_requests == number


@pytest.mark.parametrize("number", [-1, 2**64, 0.5, "many", None])
def test_what_is_no_counter_is_refused(number):
    dump = BackendView.from_backend(make_backend()).model_dump() | {"total_requests": number}
    with pytest.raises(ValidationError, match="total_requests"):
        BackendView(**dump)


def test_views_cannot_be_changed_nor_extended():
    view = BackendView.from_backend(make_backend())
    with pytest.raises(ValidationError, match="frozen"):
        view.priority = 1
    with pytest.raises(ValidationError, match="Extra inputs"):
        BackendView(**view.model_dump(), colour="red")
    with pytest.raises(ValidationError, match="last_health_check"):
        BackendView(**view.model_dump() | {"last_health_check": "2026-01-01T00:00:00"})


def draining(registry):
    registry.drain("b1")


def disabled(registry):
    registry.disable("b1")


def unhealthy(registry):
    registry.update_status("b1", "unhealthy", "connection refused")


def overloaded(registry):
    registry.acquire("llama3:8b").finish("overloaded", retry_after=30)


@pytest.mark.parametrize(
    ("happens", "health", "intent", "reason"),
    [
        (draining, "healthy", "draining", "finishes what it has, gets nothing new"),
        (disabled, "healthy", "disabled", "taken out of rotation by an operator"),
        (unhealthy, "unhealthy", "enabled", "connection refused"),
        (overloaded, "healthy", "enabled", "overloaded, left alone for 30.0 s"),
    ],
)
def test_an_unavailable_backend_says_why(happens, health, intent, reason):
    registry = make_registry(1, clock=ManualClock())
    happens(registry)
    info = BackendInfo.from_backend(registry.get_backend("b1"), clock=registry.clock)
    assert (info.status, info.health, info.intent, info.status_reason) == ("unavailable", health, intent, reason)


def test_an_available_backend_has_nothing_to_say_but_remarks():
    registry = make_registry(1)
    backend = registry.get_backend("b1")
    assert (BackendInfo.from_backend(backend).status, BackendInfo.from_backend(backend).status_reason) == ("available", "")
    registry.record_probe(backend, ProbeResult(ok=True, note="its list of models was not readable"))
    assert BackendInfo.from_backend(backend).status_reason == "its list of models was not readable"


def test_an_unprobed_backend_is_available_unless_the_registry_says_otherwise():
    easy, strict = make_registry(1, healthy=False), make_registry(1, healthy=False, select_unknown=False)
    assert BackendInfo.from_backend(easy.get_backend("b1")).status == "available"
    assert BackendInfo.from_backend(strict.get_backend("b1")).status == "unavailable"


def test_the_end_of_a_cool_down_is_told_to_the_second_and_only_while_it_lasts():
    clock = ManualClock()
    registry = make_registry(1, clock=clock)
    overloaded(registry)
    backend = registry.get_backend("b1")

    def told():
        views = BackendView.from_backend(backend, clock=clock), BackendInfo.from_backend(backend, clock=clock)
        return {
            view.ejected_until and view.ejected_until.isoformat()
            for view in (*views, *RegistryView.from_registry(registry).backends)
        }

    assert told() == {"2026-01-01T00:00:30+00:00"}
    clock.advance(29.9)
    assert told() == {"2026-01-01T00:00:30+00:00"}
    clock.advance(0.1)
    assert told() == {None}


def everywhere(backend, clock, *fields):
    """These fields as each view and the fast encoding of the node API say them."""
    views = [kind.from_backend(backend, clock=clock).model_dump(mode="json") for kind in (BackendView, BackendInfo)]
    said = [tuple(view[field] for field in fields) for view in (*views, *json.loads(encode_backends([backend], clock=clock)))]
    assert said[0] == said[1] == said[2]
    return said[0]


def test_ejection_trial_and_warm_up_are_told():
    clock = ManualClock()
    policy = EjectionPolicy(consecutive_failures=1, base_s=10)
    registry = Registry(clock=clock, ejection_policy=policy)
    bad = make_backend("bad", models=["m"], warmup_s=5)
    registry.apply([bad, make_backend("good", models=["m"])])

    def told():
        registry.candidates("m")
        return everywhere(bad, clock, "ejection", "on_trial", "warming", "warmup_s")

    seen = [told()]
    registry.acquire("m", exclude=["good"]).finish("failed")
    seen.append(told())
    clock.advance(10)
    seen.append(everywhere(bad, clock, "ejection", "on_trial", "warming", "warmup_s"))
    seen.append(told())
    registry.acquire("m", exclude=["good"]).finish()
    seen.append(told())
    clock.advance(5)
    seen.append(told())
    assert seen == [
        (None, False, False, 5.0),
        ("consecutive_failures", False, False, 5.0),
        (None, False, False, 5.0),
        (None, True, False, 5.0),
        (None, False, True, 5.0),
        (None, False, False, 5.0),
    ]


def test_residency_and_reported_load_are_told():
    registry = make_registry([make_backend("x", models=["m", "n"])])
    backend = registry.get_backend("x")
    assert everywhere(backend, registry.clock, "reported_load") == (None,)
    registry.record_probe(backend, ProbeResult(ok=True, residency={"m": "on_disk"}, load=ReportedLoad(3, 1)))
    load, models = everywhere(backend, registry.clock, "reported_load", "models")
    assert load == {"running": 3, "waiting": 1}
    assert [(model["id"], model["residency"]) for model in models] == [("m", "on_disk"), ("n", None)]
    assert LoadView.from_load(ReportedLoad(3, 1)).model_dump() == load


def test_a_draining_backend_keeps_the_single_status_of_the_registry():
    registry = make_registry(1)
    registry.drain("b1")
    view = BackendView.from_backend(registry.get_backend("b1"))
    assert (view.status, view.health, view.intent) == (BackendStatus.DRAINING, BackendStatus.HEALTHY, Intent.DRAINING)


@pytest.mark.parametrize("field", ["name", "instance_id", "last_error", "features", "metadata", "models"])
def test_record_with_half_a_character_can_still_be_shown(field):
    text = "half \ud83d a character"
    model = Model("m")
    # By hand: the registry itself lets no such text in.
    object.__setattr__(model, "name", text)
    shaped = {"features": (text,), "metadata": {"note": text}, "models": (model,)}
    backend = make_backend()
    backend._record = backend.record._replace(**{field: shaped.get(field, text)})
    for view in (BackendView.from_backend(backend), BackendInfo.from_backend(backend)):
        shown = view.model_dump_json()
        assert ("half ? a character" in shown) == (field in type(view).model_fields)
        assert type(view).model_validate_json(shown) == view
    assert json.loads(encode_backends([backend]))[0]["id"] == backend.id


def test_health_is_never_draining():
    dump = BackendView.from_backend(make_backend()).model_dump() | {"health": "draining"}
    with pytest.raises(ValidationError, match="health"):
        BackendView(**dump)


def test_a_registry_view_is_one_revision():
    models = [make_model("a"), make_model("b", supports_vision=True)]
    registry = make_registry([make_backend("x", models=models), make_backend("y", models=["a"])])
    view = RegistryView.from_registry(registry)
    assert (view.epoch, view.revision) == (registry.epoch, registry.revision)
    assert [backend.id for backend in view.backends] == ["x", "y"]
    assert view.models == {"a": ("x", "y"), "b": ("x",)}
    assert view.backends[0].models[1].supports_vision


def test_a_backend_that_goes_meanwhile_is_shown_as_it_was_without_counters(monkeypatch):
    registry = make_registry(2)
    registry.increment_pending("b2")
    whole = registry.snapshot
    monkeypatch.setattr(registry, "snapshot", lambda: (whole(), registry.remove_backend("b2"))[0])
    gone = RegistryView.from_registry(registry).backends[1]
    assert (gone.id, gone.health, gone.pending_requests, gone.last_health_check) == ("b2", BackendStatus.HEALTHY, 0, None)


def test_status_and_reason_belong_together_though_the_backend_changes_meanwhile(monkeypatch):
    registry = make_registry(1)
    backend = registry.get_backend("b1")
    reason = Backend.status_reason
    changes = [lambda: registry.drain("b1"), lambda: registry.enable("b1"), lambda: registry.disable("b1")]

    def read(self):
        if changes:
            changes.pop(0)()
        return reason.fget(self)

    monkeypatch.setattr(Backend, "status_reason", property(read))
    info = BackendInfo.from_backend(backend)
    assert (info.status, info.intent, info.status_reason) == ("unavailable", "disabled", "taken out of rotation by an operator")


@given(st.sampled_from(VIEWS))
def test_views_are_found_where_users_look_for_them(view):
    assert getattr(backend_registry, view.__name__) is view
