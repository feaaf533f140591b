"""`GET /admin/api/history`."""

import asyncio
from unittest.mock import AsyncMock
from urllib.parse import quote

import pytest

from backend_registry.hub.api.node_schemas import HistoryAnswer
from tests.hub.nodes.running import at, full
from tests.hub.service.cluster import entry
from tests.node.running import problem_of
from tests.web.running import PATIENCE_S


@pytest.fixture
def seen(hub):
    """A hub that has seen two samples of two backends."""
    hub.report(full("n1", entry("a/b c"), entry("other")))
    for _ in range(2):
        hub.pass_time(15)
        hub.wait_for(hub.hub.history.sample())
    return hub


def of(*backends):
    return "history?" + "&".join(f"backend={quote(backend, safe='')}" for backend in backends)


def test_backends_are_shown_in_the_order_asked_for_without_unknown_ones(seen):
    answer = seen.get(of("vllm/other", "vllm/nobody", "vllm/a/b c", "vllm/other")).json
    HistoryAnswer.model_validate(answer)
    assert (answer["every_s"], answer["until"]) == (15, at(seen.clock))
    assert [(one["kind"], one["name"]) for one in answer["backends"]] == [("vllm", "other"), ("vllm", "a/b c")]
    one = answer["backends"][0]
    assert one["available_nodes"][-3:] == [None, 1, 1]
    assert one["avg_latency_ms"] == [None] * 61
    assert "fleet" not in answer


def test_without_backends_all_together_are_shown(seen):
    answer = seen.get("history").json
    HistoryAnswer.model_validate(answer)
    assert answer.keys() == {"every_s", "until", "fleet"}
    assert [answer["fleet"][name][-1] for name in ("available", "degraded", "unavailable", "pending")] == [2, 0, 0, 0]


def test_a_hub_that_has_seen_nothing_says_so(hub):
    answer = hub.get("history").json
    assert (answer["until"], set(answer["fleet"]["pending"])) == (None, {None})


@pytest.mark.parametrize("path", ["history", of("vllm/other")])
def test_an_answer_is_known_until_the_next_sample(seen, path):
    first = seen.get(path)
    again = seen.get(path, **{"if-none-match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    seen.pass_time(15)
    seen.wait_for(seen.hub.history.sample())
    assert seen.get(path, **{"if-none-match": first.headers["etag"]}).status == 200


def test_a_backend_that_went_or_came_is_another_answer(seen):
    first = seen.get(of("vllm/other", "vllm/new"))
    seen.report(full("n1", entry("new"), revision=2))
    after = seen.get(of("vllm/other", "vllm/new"), **{"if-none-match": first.headers["etag"]})
    assert (after.status, [one["name"] for one in after.json["backends"]]) == (200, ["new"])


@pytest.mark.parametrize("query", ["backend=vllm", "backend=/a", "backend=", "&".join(["backend=a/b"] * 101)])
def test_parameters_that_mean_nothing_are_refused(hub, query):
    answer = hub.get(f"history?{query}")
    assert (answer.status, problem_of(answer)["code"]) == (400, "invalid")


def test_the_hub_takes_samples_as_long_as_it_runs(hub, monkeypatch):
    async def until_sampled():
        sampled = asyncio.Event()
        monkeypatch.setattr(hub.hub.history, "sample", AsyncMock(side_effect=sampled.set))
        running = asyncio.create_task(hub.hub.run())
        await asyncio.wait_for(sampled.wait(), PATIENCE_S)
        running.cancel()
        await asyncio.wait([running])

    hub.wait_for(until_sampled())
