"""Servers that list their models as OpenAI does and tell little else: OpenAI itself, exo, and whatever is generic."""

from typing import Any

from backend_registry import BackendRecord, Model, ProbeResult
from backend_registry.health.fetch import Upstream
from backend_registry.health.known import Assuming
from backend_registry.health.prober import entries, listed, positive

__all__ = ("OpenAIProber",)


class OpenAIProber:
    """`GET /v1/models`: `{"data": [{"id": ...}]}`. Some add the context length under one of three names."""

    async def probe(self, upstream: Upstream, record: BackendRecord) -> ProbeResult:
        """One question."""
        assuming = Assuming(record)

        def model_of(item: dict[str, Any]) -> Model:
            lengths = (positive(item.get(name)) for name in ("max_model_len", "context_length", "context_window"))
            return assuming.describe(item.get("id"), context_length=next(filter(None, lengths), None))

        return assuming.mark(listed(entries(await upstream.get("/v1/models"), "data"), model_of))
