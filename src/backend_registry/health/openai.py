"""Servers that list their models as OpenAI does: vLLM, llama.cpp, LM Studio, exo, OpenAI itself and many others."""

from typing import Any

from backend_registry import BackendRecord, Model, ProbeResult
from backend_registry.health.fetch import UnreadableAnswerError, Upstream
from backend_registry.health.prober import described, entries, listed, positive

__all__ = ("OpenAIProber",)


class OpenAIProber:
    """`GET /v1/models`: `{"data": [{"id": ..., "max_model_len": ...}]}`; only vLLM states the length."""

    async def probe(self, upstream: Upstream, record: BackendRecord) -> ProbeResult:
        """One question; an unreadable list is a passed check that keeps the models known so far."""

        def model_of(item: dict[str, Any]) -> Model:
            return described(record, item.get("id"), context_length=positive(item.get("max_model_len")))

        try:
            return listed(entries(await upstream.get("/v1/models"), "data"), model_of)
        except UnreadableAnswerError as error:
            return ProbeResult(ok=True, note=f"model list not understood: {error}")
