"""The models of the cluster."""

import random

import msgspec
import pytest

from backend_registry.hub.api.node_schemas import ClusterModelEntry
from backend_registry.protocol import ModelEntry
from tests.hub.nodes.running import full
from tests.hub.service.cluster import entry
from tests.node.running import problem_of


def serving(name, *models, kind="vllm", **fields):
    one = entry(name, models=tuple(sorted(models, key=lambda model: model.id)), **fields)
    return msgspec.structs.replace(one, kind=kind)


def test_a_model_is_added_up_over_all_nodes(hub):
    small = ModelEntry(id="m", context_length=2048, residency="idle", supports_tools=True)
    large = ModelEntry(id="m", name="The model", context_length=8192, residency="in_use", max_output_tokens=512)
    hub.report(
        full("n1", serving("a", small), serving("b", large, kind="ollama")),
        full("n2", serving("a", large), serving("other", ModelEntry(id="x"))),
        full("n3", serving("a", small, status="unavailable")),
    )
    shown = {one["id"]: one for one in hub.list("models")}
    assert list(shown) == ["m", "x"]
    assert shown["m"] == {
        "id": "m",
        "name": "The model",
        "kinds": ["ollama", "vllm"],
        "backends": 2,
        "backends_available": 2,
        "nodes": 3,
        "nodes_available": 2,
        "context_length_least": 2048,
        "context_length": 8192,
        "max_output_tokens": 512,
        "residency": {"idle": 2, "in_use": 2},
        "supports_json_mode": False,
        "supports_tools": True,
        "supports_vision": False,
    }
    ClusterModelEntry.model_validate(shown["m"])


def test_models_of_nodes_that_cannot_be_reached_stay_and_are_not_available(hub):
    hub.report(full("n1", serving("a", ModelEntry(id="m"))))
    before = hub.get("models")
    hub.pass_time(200)
    after = hub.get("models", **{"if-none-match": before.headers["etag"]})
    (shown,) = after.json
    assert (shown["nodes"], shown["nodes_available"], shown["backends"], shown["backends_available"]) == (1, 0, 1, 0)


@pytest.fixture
def many(hub):
    rng = random.Random(7)
    for node in range(5):
        entries = [
            serving(f"b{number}", *(ModelEntry(id=f"Model-{one:02}") for one in rng.sample(range(40), 3)), kind=kind)
            for number, kind in enumerate(["vllm", "ollama", "vllm", "openai"])
        ]
        hub.report(full(f"n{node}", *entries))
    hub.served = {
        one.id: {
            found.kind for record in hub.hub.store.records.values() for found in record.entries.values() if one in found.models
        }
        for record in hub.hub.store.records.values()
        for found in record.entries.values()
        for one in found.models
    }
    return hub


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("kinds", [(), ("ollama",), ("ollama", "openai"), ("llamacpp",)])
def test_filters_are_applied_before_paging(many, size, kinds):
    wanted = sorted(key for key, served in many.served.items() if not kinds or served & set(kinds))
    query = f"models?kind={','.join(kinds)}&" if kinds else "models?"
    assert [one["id"] for one in many.walk(f"{query}q=mODEL", size)] == wanted
    assert [one["id"] for one in many.list(f"{query}q=-1")] == [key for key in wanted if "-1" in key]


def test_an_answer_that_has_not_changed_is_not_sent_again(many):
    first = many.get("models")
    many.report(full("n9", entry("z")))
    assert many.get("models", **{"if-none-match": first.headers["etag"]}).status == 304
    many.report(full("n9", serving("z", ModelEntry(id="Model-00")), revision=2))
    assert many.get("models", **{"if-none-match": first.headers["etag"]}).status == 200


@pytest.mark.parametrize("query", ["kind=", "limit=0", "cursor=!", "q=" + "x" * 257])
def test_parameters_that_mean_nothing_are_refused(hub, query):
    answer = hub.get(f"models?{query}")
    assert (answer.status, problem_of(answer)["code"]) == (400, "invalid")
