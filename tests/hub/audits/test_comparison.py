"""What a node has reported beside what it says: the same in both forms is the same, and each difference is found."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_registry import BackendStatus, EjectionPolicy, Registry
from backend_registry.hub.comparison import COMPARED, compare
from backend_registry.hub.live_entry import LiveEntry, read_live_entries
from backend_registry.node.encoding import encode_backends
from backend_registry.node.entry_of import entry_of
from backend_registry.protocol import Entry, ModelEntry, ordered
from backend_registry.testing import ManualClock, make_backend, make_model


def both_sides(registry):
    """The backends of a registry as they are reported, and as the node API shows them."""
    stored = {backend.id: entry_of(backend, clock=registry.clock) for backend in registry}
    return stored, read_live_entries(encode_backends(registry, clock=registry.clock))


def registry_of(*backends, **options):
    registry = Registry(**options)
    registry.apply(backends)
    return registry


def test_a_backend_is_the_same_in_both_forms():
    long = "x" * 256
    models = (make_model("b", name=long, max_output_tokens=5, supports_tools=True), make_model("a", supports_vision=True))
    registry = registry_of(
        make_backend("one", "http://me:pw@h:1/v1?key=abcdef", models=models, operations=("z", "a"), features=(long, "f", "e")),
        make_backend("two", name=long, instance_id=long, metadata={"region": "north"}, priority=-3, weight=9),
        make_backend("three", credential_env=("NOT_SET_ANYWHERE",), transports=("ws", "http")),
    )
    registry.update_status("one", BackendStatus.UNHEALTHY, error="no answer from http://me:pw@h:1 " + "y" * 400)
    registry.drain("two")
    rows = compare(*both_sides(registry))
    assert [(row.id, row.verdict, row.differences) for row in rows] == [(key, "same", ()) for key in ("one", "three", "two")]


def test_the_seconds_left_of_an_ejection_are_no_difference():
    clock = ManualClock()
    policy = EjectionPolicy(consecutive_failures=1, base_s=60, panic_threshold=0, max_share=1)
    registry = registry_of(make_backend("b1"), make_backend("b2"), clock=clock, ejection_policy=policy)
    registry.acquire("llama3:8b", exclude=["b2"]).finish("failed")
    stored, _ = both_sides(registry)
    clock.advance(7.3)
    _, live = both_sides(registry)
    assert live[0].ejection is not None
    assert "left alone for 52.7 s" in live[0].status_reason
    assert [row.verdict for row in compare(stored, live)] == ["same", "same"]


OTHER = {
    "name": "other",
    "kind": "ollama",
    "base_url": "http://other",
    "operations": ["other"],
    "features": ["other"],
    "transports": ["other"],
    "models": [{"id": "m", "residency": "idle"}],
    "weight": 99,
    "priority": 99,
    "instance_id": "other",
    "discovery_source": "dns",
    "status": "available",
    "status_reason": "other",
    "health": "healthy",
    "intent": "disabled",
    "ejection": "failures",
}


@pytest.mark.parametrize("field", COMPARED)
def test_each_field_that_differs_is_named_with_both_values(field):
    entry = Entry(id="b1", name="b1", kind="vllm", models=(ModelEntry(id="m"),))
    said = {**msgspec.to_builtins(entry), field: OTHER[field]}
    (row,) = compare({"b1": entry}, [LiveEntry.model_validate(said)])
    assert (row.verdict, row.odd) == ("changed", (field,))
    assert row.differences[0].stored == getattr(entry, field)
    assert row.differences[0].node != row.differences[0].stored


def test_every_field_of_an_entry_that_both_sides_have_is_compared():
    both = set(Entry.__struct_fields__) & set(LiveEntry.model_fields)
    assert both - {"id"} == set(COMPARED)
    assert OTHER.keys() == set(COMPARED)


def test_backends_that_one_side_lacks_are_rows_as_well():
    entry = Entry(id="gone", name="gone", kind="vllm")
    live = LiveEntry(id="new", name="new", kind="vllm", status="available")
    rows = compare({"gone": entry}, [live])
    assert [(row.id, row.verdict, row.odd, row.stored, row.node) for row in rows] == [
        ("gone", "only_stored", ("only_stored",), entry, None),
        ("new", "only_node", ("only_node",), None, live),
    ]


def test_a_long_text_that_is_another_one_is_a_difference():
    entry = Entry(id="b1", name="b" + "x" * 254 + "…", kind="vllm")
    said = msgspec.to_builtins(entry)
    alike, other = ({**said, "name": first + "x" * 400} for first in "bc")
    assert [compare({"b1": entry}, [LiveEntry.model_validate(one)])[0].verdict for one in (alike, other)] == ["same", "changed"]
    # A short text is compared to its end.
    short = msgspec.structs.replace(entry, name="x" * 200)
    said = {**said, "name": "x" * 199 + "y"}
    assert compare({"b1": short}, [LiveEntry.model_validate(said)])[0].verdict == "changed"


def test_a_model_that_a_node_lists_twice_is_a_difference():
    entry = Entry(id="b1", name="b1", kind="vllm", models=(ModelEntry(id="m"),))
    said = {**msgspec.to_builtins(entry), "models": [{"id": "m"}, {"id": "m"}]}
    (row,) = compare({"b1": entry}, [LiveEntry.model_validate(said)])
    assert row.odd == ("models",)


words = st.lists(st.text("abc", min_size=1, max_size=3), max_size=4)


@given(operations=words, features=words, transports=words, models=st.lists(st.sampled_from("abcdef"), unique=True))
def prop_order_and_repetition_in_sets_are_no_difference(operations, features, transports, models):
    entry = ordered(
        Entry(
            id="b1",
            name="b1",
            kind="vllm",
            operations=tuple(operations),
            features=tuple(features),
            transports=tuple(transports),
            models=tuple(ModelEntry(id=model) for model in models),
        )
    )
    said = {
        **json.loads(msgspec.json.encode(entry)),
        "operations": operations,
        "features": features,
        "transports": transports,
        "models": [{"id": model} for model in models],
    }
    assert compare({"b1": entry}, [LiveEntry.model_validate(said)])[0].verdict == "same"
