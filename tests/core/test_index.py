"""The index: published tuples, order, derived answers, urls; every step may be done twice."""

import pytest

from backend_registry import Capability, Model
from backend_registry._core.demand import Demand
from backend_registry._core.index import SPECIAL, ModelEntry, ModelIndex, UrlIndex
from tests.core.fleet import add, backend, ids


def published(entry):
    """What readers see after the last step."""
    now = entry.publish(0.0)
    return ids(now.everyone), ids(now.ready), now.alike is not None


def test_entry_keeps_places_when_health_or_model_changes():
    entry, model = ModelEntry(), Model("m")
    a, b = backend("a"), backend("b")
    entry.put(a, model, selectable=True, marks=0)
    entry.put(b, model, selectable=True, marks=0)
    entry.put(a, model, selectable=False, marks=0)
    assert published(entry) == (["a", "b"], ["b"], True)
    entry.put(a, Model("m", context_length=1), selectable=True, marks=0)
    assert published(entry) == (["a", "b"], ["b", "a"], True)


def test_entry_is_plain_until_a_special_backend_joins_and_after_it_left():
    entry, model = ModelEntry(), Model("m")
    a, b = backend("a"), backend("b", max_pending=1)
    entry.put(a, model, selectable=True, marks=0)
    entry.put(b, model, selectable=True, marks=SPECIAL)
    assert not published(entry)[2]
    entry.put(b, model, selectable=True, marks=0)
    assert published(entry)[2]
    entry.put(b, model, selectable=True, marks=SPECIAL)
    entry.drop(b)
    entry.drop(b)
    assert published(entry) == (["a"], ["a"], True)


def test_update_is_idempotent():
    index = ModelIndex()
    gpu = backend("a", ["x", "y"])
    old = gpu.record
    new = old._replace(models=(Model("y"), Model("z")))
    for before, after in ((None, old), (old, new)):
        for _ in range(2):
            index.mark_dirty(after)
            index.put(gpu, after, selectable=True)
            index.drop(gpu, before, after)
    assert index.members() == {"y": ("a",), "z": ("a",)}
    for _ in range(2):
        index.drop(gpu, new, None)
    assert (index.members(), len(index), index.items()) == ({}, 0, ())


def test_marking_makes_missing_entries_and_empties_what_is_published():
    index = ModelIndex()
    gpu = backend("a", ["m"])
    index.mark_dirty(gpu.record)
    index.put(gpu, gpu.record, selectable=True)
    entry = index.get("m")
    entry.publish(0.0)
    index.mark_dirty(gpu.record)
    assert entry.published is None


def test_model_that_stays_keeps_its_place_when_the_list_changes(registry):
    add(registry, "a", "b", "c", models=["m"])
    registry.update_models("a", ["x", "m"])
    registry.update_models("b", [Model("m", context_length=99)])
    assert ids(registry.get_backends_for_model("m")) == ["a", "b", "c"]


def test_demands_are_met_from_the_models_of_each_backend(registry):
    add(registry, "plain", models=["m"])
    add(registry, "sees", models=[Model("m", supports_vision=True, context_length=8_000)])
    add(registry, "embeds", models=["m"], operations=["embeddings"])
    assert ids(registry.candidates("m", require=Capability.VISION)) == ["sees"]
    assert ids(registry.candidates("m", min_context=4_097)) == ["sees"]
    assert ids(registry.candidates("m", operation="chat_completions")) == ["plain", "sees"]
    assert ids(registry.candidates("m", operation="embeddings")) == ["plain", "sees", "embeds"]
    assert registry.candidates("m", require=Capability.TOOLS) == ()


def test_derived_answers_are_kept_until_the_model_changes(registry):
    add(registry, "a")
    first = registry.candidates("m", min_context=1)
    assert registry.candidates("m", min_context=1) is first
    add(registry, "b")
    assert ids(registry.candidates("m", min_context=1)) == ["a", "b"]


def test_derived_answers_cannot_be_made_to_grow_without_end(registry):
    add(registry, "a")
    for tokens in range(1, 200):
        assert ids(registry.candidates("m", min_context=tokens)) == ["a"]
    assert len(registry._entry_of("m").published.derived) == 64


def test_derived_answer_leaves_out_whoever_left_meanwhile():
    entry, model = ModelEntry(), Model("m")
    a, b = backend("a"), backend("b")
    entry.put(a, model, selectable=True, marks=0)
    entry.put(b, model, selectable=True, marks=0)
    parent = entry.publish(0.0)
    entry.drop(a)
    assert ids(entry.derive(parent, Demand(min_context=1)).ready) == ["b"]


@pytest.mark.parametrize("order", [("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a")])
def test_url_is_taken_until_its_last_backend_leaves(order):
    urls = UrlIndex()
    for name in ("a", "b", "c", "c"):
        urls.add("http://h", name)
    for name in order:
        assert "http://h" in urls
        urls.discard("http://h", name)
        urls.discard("http://h", name)
    assert "http://h" not in urls


def test_url_of_another_is_not_given_up():
    urls = UrlIndex()
    urls.add("http://h", "a")
    urls.discard("http://h", "b")
    urls.discard("http://elsewhere", "b")
    assert "http://h" in urls
