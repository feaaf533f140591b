"""Health: one pure state machine decides what a probe means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_registry import BackendStatus, HealthPolicy, InvalidValueError, Model, ProbeResult
from backend_registry._core.health import Streak, next_health
from tests.core.fleet import add

OK = ProbeResult(ok=True)
BAD = ProbeResult(ok=False)
REFUSED = ProbeResult(ok=False, refused=True)
HEALTHY, UNHEALTHY, UNKNOWN = BackendStatus.HEALTHY, BackendStatus.UNHEALTHY, BackendStatus.UNKNOWN


DEFAULT = HealthPolicy()


def run(start, results, policy=DEFAULT):
    """The health after each result."""
    health, streak, seen = start, Streak(), []
    for result in results:
        health, streak = next_health(health, streak, result, policy)
        seen.append(health)
    return seen


@pytest.mark.parametrize(
    ("start", "results", "seen"),
    [
        (UNKNOWN, [OK], [HEALTHY]),
        (UNKNOWN, [BAD], [UNHEALTHY]),
        (UNKNOWN, [REFUSED], [UNHEALTHY]),
        (HEALTHY, [BAD, BAD, BAD], [HEALTHY, HEALTHY, UNHEALTHY]),
        (HEALTHY, [BAD, BAD, OK, BAD, BAD], [HEALTHY] * 5),
        (HEALTHY, [REFUSED, REFUSED], [HEALTHY, UNHEALTHY]),
        (HEALTHY, [REFUSED, BAD, REFUSED], [HEALTHY, HEALTHY, UNHEALTHY]),
        (HEALTHY, [REFUSED, OK, REFUSED], [HEALTHY] * 3),
        (UNHEALTHY, [OK, OK], [UNHEALTHY, HEALTHY]),
        (UNHEALTHY, [OK, BAD, OK, OK], [UNHEALTHY, UNHEALTHY, UNHEALTHY, HEALTHY]),
        (UNHEALTHY, [BAD] * 3, [UNHEALTHY] * 3),
        (UNHEALTHY, [OK, OK, BAD, BAD, BAD], [UNHEALTHY, HEALTHY, HEALTHY, HEALTHY, UNHEALTHY]),
    ],
)
def test_probes_move_health_by_the_state_machine(start, results, seen):
    assert run(start, results) == seen


def test_refused_connections_in_a_row_are_counted_apart_from_other_failures():
    policy = HealthPolicy(failures=9, refusals=2)
    assert run(HEALTHY, [REFUSED, BAD, REFUSED], policy) == [HEALTHY] * 3
    assert run(HEALTHY, [REFUSED, BAD, REFUSED, REFUSED], policy)[-1] is UNHEALTHY


@given(st.lists(st.booleans()), st.integers(1, 5), st.integers(1, 5))
def test_health_follows_the_last_probes_for_any_policy(oks, failures, successes):
    policy = HealthPolicy(failures=failures, successes=successes)
    seen = run(UNKNOWN, [ProbeResult(ok=ok) for ok in oks], policy)
    for position, health in enumerate(seen, start=1):
        if oks[:position][-successes:] == [True] * successes:
            assert health is HEALTHY
        if oks[:position][-failures:] == [False] * failures:
            assert health is UNHEALTHY
        assert health is not UNKNOWN


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("failures", 0, "is 0"),
        ("successes", "2", "is a str"),
        ("refusals", True, "is a bool"),
        ("max_cooldown_s", float("nan"), "is nan"),
        ("max_cooldown_s", -1, "is -1"),
    ],
)
def test_policy_is_refused(field, value, problem):
    with pytest.raises(InvalidValueError) as caught:
        HealthPolicy(**{field: value})
    assert (caught.value.field, caught.value.problem) == (field, problem)


@pytest.mark.parametrize(
    ("arguments", "field", "problem", "remedy"),
    [
        ({"ok": 1}, "ok", "is a int", "pass True or False"),
        ({"ok": True, "refused": None}, "refused", "is a NoneType", "pass True or False"),
        ({"ok": True, "error": 5}, "error", "is a int", "pass a str or None"),
        ({"ok": True, "note": b"x"}, "note", "is a bytes", "pass a str or None"),
        ({"ok": True, "models": "m"}, "models", "is a str", "pass an iterable of Model or str"),
    ],
)
def test_probe_result_is_refused(arguments, field, problem, remedy):
    with pytest.raises(InvalidValueError) as caught:
        ProbeResult(**arguments)
    assert (caught.value.field, caught.value.problem, caught.value.remedy) == (field, problem, remedy)


def test_probe_result_takes_model_ids_and_tidies_its_texts():
    result = ProbeResult(ok=False, error="  connection \n refused  ", note=" ", models=["m", "m"])
    assert (result.error, result.note, result.models) == ("connection refused", None, (Model("m"),))


def test_long_error_is_cut_to_256_characters():
    assert len(ProbeResult(ok=False, error="x" * 1000).error) == 256


def test_a_backend_may_have_thresholds_of_its_own(registry):
    (gpu,) = add(registry, "a")
    registry.record_probe(gpu, OK)
    registry.record_probe(gpu, BAD, HealthPolicy(failures=1))
    assert gpu.status is UNHEALTHY
    registry.record_probe(gpu, OK, HealthPolicy(successes=1))
    assert gpu.status is HEALTHY
    with pytest.raises(InvalidValueError, match=r"^policy: is a int; pass a HealthPolicy$"):
        registry.record_probe(gpu, OK, 3)


def test_an_error_can_be_noted_without_touching_health(registry):
    (gpu,) = add(registry, "a")
    registry.record_probe(gpu, OK)
    checked = gpu.last_health_check
    assert registry.note_error(gpu, "credential \n rejected")
    assert (gpu.last_error, gpu.status, gpu.last_health_check) == ("credential rejected", HEALTHY, checked)
    revision = registry.revision
    assert registry.note_error(gpu, "credential rejected")
    assert registry.revision == revision
    registry.remove_backend("a")
    assert not registry.note_error(gpu, "too late")
    assert gpu.last_error == "credential rejected"
    for arguments in (("a", "text"), (gpu, 5)):
        with pytest.raises(InvalidValueError):
            registry.note_error(*arguments)
