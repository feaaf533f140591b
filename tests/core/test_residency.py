"""Where the models are: kept from probes, dropped with the models, preferred by the default policy at similar load."""

import pickle
import random

import pytest

from backend_registry import InvalidValueError, LeastPending, Model, ProbeResult, Registry, ReportedLoad, Residency
from tests.core.fleet import add, assert_sound, backend, ids
from tests.core.test_reentrancy import during_next_write


def probe(registry, name, **fields):
    return registry.record_probe(registry.get_backend(name), ProbeResult(ok=True, **fields))


def test_a_probe_tells_where_the_models_are(registry):
    (gpu,) = add(registry, "a", models=["m", "n"])
    assert gpu.residency == {}
    probe(registry, "a", residency={"m": Residency.IN_USE, "n": "on_disk", "unheard of": "idle"})
    assert gpu.residency == {"m": Residency.IN_USE, "n": Residency.ON_DISK}
    with pytest.raises(TypeError):
        gpu.residency["m"] = Residency.IDLE
    probe(registry, "a")
    assert gpu.residency["m"] is Residency.IN_USE, "a probe that does not tell changes nothing"
    probe(registry, "a", residency={})
    assert gpu.residency == {}


def test_the_same_again_is_no_change(registry):
    add(registry, "a")
    probe(registry, "a", residency={"m": "idle"})
    revision = registry.revision
    probe(registry, "a", residency={"m": "idle"})
    assert registry.revision == revision


@pytest.mark.parametrize(
    "vanish",
    [
        lambda r: r.update_models("a", ["n"]),
        lambda r: r.remove_model_from_backend("a", "m"),
        lambda r: r.apply([backend("a", ["n"])]),
        lambda r: probe(r, "a", models=(Model("n"),)),
    ],
)
def test_what_is_known_of_a_model_goes_with_it(registry, vanish):
    (gpu,) = add(registry, "a", models=["m", "n"])
    probe(registry, "a", residency={"m": "idle", "n": "on_disk"})
    vanish(registry)
    assert gpu.residency == {"n": Residency.ON_DISK}
    assert_sound(registry)


def test_a_cold_backend_costs_as_if_two_more_requests_were_in_flight(registry):
    warm, cold = add(registry, "warm", "cold")
    probe(registry, "warm", residency={"m": "idle"})
    probe(registry, "cold", residency={"m": "on_disk"})
    assert (warm.cost("m"), cold.cost("m"), cold.cost(), cold.cost("other")) == (1.0, 3.0, 1.0, 1.0)
    leases = [registry.acquire("m") for _ in range(2)]
    assert [lease.backend for lease in leases] == [warm, warm]
    assert {registry.pick("m") for _ in range(50)} == {warm, cold}
    leases.append(registry.acquire("m", exclude=["cold"]))
    assert registry.pick("m") is cold
    assert [decision.cost for decision in registry.explain("m")] == [4.0, 3.0]


def test_policies_see_it_too(registry):
    add(registry, "cold", "unknown")
    probe(registry, "cold", residency={"m": "on_disk"})
    assert {registry.pick("m", policy=LeastPending()).id for _ in range(20)} == {"unknown"}


@pytest.mark.parametrize("number", [2, 20])
def test_where_all_are_cold_load_alone_decides(number):
    registry = Registry(rng=random.Random(3))
    add(registry, *map(str, range(number)))
    for each in registry:
        probe(registry, each.id, residency={"m": "on_disk"})
    registry.pick("m")
    assert registry._entry_of("m").published.alike == registry.candidates("m")
    probe(registry, "0", residency={"m": "in_use"})
    registry.pick("m")
    assert registry._entry_of("m").published.alike is None


def test_a_cold_one_that_is_out_does_not_slow_the_others(registry):
    add(registry, "a", "b", "c")
    probe(registry, "c", residency={"m": "on_disk"})
    registry.drain("c")
    registry.pick("m")
    assert ids(registry._entry_of("m").published.alike) == ["a", "b"]


def test_a_reader_inside_a_write_sees_where_it_will_be(registry):
    add(registry, "a", "b")
    seen = during_next_write(registry, lambda: ids(registry.candidates("m")))
    probe(registry, "a", residency={"m": "loading"})
    assert seen == [["b"]]


def test_a_record_with_residency_can_be_sent_and_compared(registry):
    (gpu,) = add(registry, "a", metadata={"rack": "7"})
    probe(registry, "a", residency={"m": "idle"})
    copy = pickle.loads(pickle.dumps(gpu.record))
    assert copy == gpu.record
    with pytest.raises(TypeError):
        copy.residency["m"] = Residency.IN_USE


@pytest.mark.parametrize("wrong", [5, ["m"], {"m": "somewhere"}, {"m": []}, {5: "idle"}, {str(n): "idle" for n in range(1025)}])
def test_what_is_no_residency_is_refused(wrong):
    with pytest.raises(InvalidValueError) as caught:
        ProbeResult(ok=True, residency=wrong)
    assert caught.value.field == "residency"


def test_reported_load_is_kept_without_a_revision(registry):
    (gpu,) = add(registry, "a")
    probe(registry, "a")
    revision = registry.revision
    assert gpu.reported_load is None
    probe(registry, "a", load=ReportedLoad(running=3, waiting=1))
    assert gpu.reported_load == (3, 1)
    assert registry.revision == revision
    probe(registry, "a")
    assert gpu.reported_load is None


@pytest.mark.parametrize("wrong", [(3, 1), ReportedLoad(-1, 0), ReportedLoad(0, 1.5), ReportedLoad(True, 0)])
def test_what_is_no_load_is_refused(wrong):
    with pytest.raises(InvalidValueError, match=r"^load"):
        ProbeResult(ok=True, load=wrong)
