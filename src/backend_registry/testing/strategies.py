"""Hypothesis strategies for what goes into and comes out of a registry. Needs hypothesis, which the base install has not.

    from hypothesis import given
    from backend_registry.testing import strategies

    @given(strategies.fleets())
    def test_my_policy_picks_somebody(fleet): ...

Each example gets `Backend` objects of its own, since a registry takes possession of those that are added.
"""

from typing import Any

try:
    from hypothesis import strategies as st
except ImportError:
    raise ImportError("backend_registry.testing.strategies needs hypothesis: python -m pip install hypothesis") from None

from backend_registry import Backend, BackendType, DiscoverySource, Model, Outcome, ProbeResult, ReportedLoad, Residency

__all__ = ("backends", "fleets", "ids", "models", "outcomes", "probe_results", "urls")

_SPACE = ("llama3:8b", "phi3", "qwen2.5-coder:32b", "nomic-embed-text")
"""Few, so that the backends of a fleet have models in common."""


def ids() -> st.SearchStrategy[str]:
    """Ids within the limits: any printable text, also long and not ASCII."""
    # 64 characters are at most 256 bytes.
    letters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
    return st.text(letters, min_size=1, max_size=64).filter(str.strip)


def urls() -> st.SearchStrategy[str]:
    """Root urls, with and without port, path, `/v1` and trailing slash."""
    hosts = st.sampled_from(("localhost", "127.0.0.1", "[::1]", "gpu-1.invalid", "GPU.invalid"))
    ports = st.one_of(st.just(""), st.integers(1, 65_535).map(":{}".format))
    paths = st.sampled_from(("", "/", "/v1", "/v1/", "/proxy/a"))
    return st.builds("{}://{}{}{}".format, st.sampled_from(("http", "https")), hosts, ports, paths)


def models(model_ids: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[Model]:
    """Models of every capability and size; `model_ids` are arbitrary unless given."""
    tokens = st.integers(0, 2**31 - 1)
    return st.builds(
        Model,
        id=ids() if model_ids is None else model_ids,
        name=st.one_of(st.just(""), ids()),
        context_length=tokens,
        supports_vision=st.booleans(),
        supports_tools=st.booleans(),
        supports_json_mode=st.booleans(),
        max_output_tokens=st.none() | tokens,
    )


def backends(
    backend_ids: st.SearchStrategy[str] | None = None, served: st.SearchStrategy[Model] | None = None
) -> st.SearchStrategy[Backend]:
    """Fresh backends with every field; `backend_ids` and the models `served` are arbitrary unless given."""
    words = st.lists(st.sampled_from(("chat_completions", "embeddings", "rerank", "streaming")), max_size=3)
    fields: dict[str, st.SearchStrategy[Any]] = {
        "id": ids() if backend_ids is None else backend_ids,
        "url": urls(),
        "name": st.none() | ids(),
        "backend_type": st.sampled_from(BackendType),
        "models": st.lists(models() if served is None else served, max_size=5),
        "discovery_source": st.sampled_from(DiscoverySource),
        "metadata": st.dictionaries(ids(), ids(), max_size=3),
        "priority": st.integers(-100, 100),
        "weight": st.integers(1, 1_000_000),
        "operations": words,
        "features": words,
        "transports": st.lists(st.sampled_from(("http", "ws")), max_size=2),
        "instance_id": st.none() | ids(),
        "max_pending": st.none() | st.integers(1, 1_000),
    }
    return st.builds(Backend, **fields)


def fleets(min_size: int = 0, max_size: int = 8) -> st.SearchStrategy[list[Backend]]:
    """Fresh backends of different ids that share a handful of models; `max_size` is at most 64."""
    few_ids = st.integers(1, 64).map("b{}".format)
    shared = models(st.sampled_from(_SPACE))
    return st.lists(backends(few_ids, shared), min_size=min_size, max_size=max_size, unique_by=lambda backend: backend.id)


def probe_results() -> st.SearchStrategy[ProbeResult]:
    """Results of health checks: passed ones with whatever such a check may find out, failed ones with or without a reason."""
    found: dict[str, st.SearchStrategy[Any]] = {
        "models": st.none() | st.lists(models(st.sampled_from(_SPACE)), max_size=4).map(tuple),
        "note": st.none() | ids(),
        "residency": st.none() | st.dictionaries(st.sampled_from(_SPACE), st.sampled_from(Residency)),
        "load": st.none() | st.builds(ReportedLoad, st.integers(0, 10_000), st.integers(0, 10_000)),
    }
    passed = st.builds(ProbeResult, ok=st.sampled_from((True,)), **found)
    failed = st.builds(ProbeResult, ok=st.sampled_from((False,)), error=st.none() | ids(), refused=st.booleans())
    return passed | failed


def outcomes() -> st.SearchStrategy[Outcome]:
    """Ways for a request to end."""
    return st.sampled_from(Outcome)
