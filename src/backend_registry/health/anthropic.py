"""Anthropic. It is asked what it has, which costs nothing; never for a completion, which does."""

from typing import Any, Final

from backend_registry import BackendRecord, Model, ProbeResult
from backend_registry.health.fetch import Upstream
from backend_registry.health.known import Assuming
from backend_registry.health.prober import at, entries, flag, listed, noted, positive

__all__ = ("AnthropicProber",)

_PAGE: Final = 1000


class AnthropicProber:
    """`GET /v1/models`, one page of the largest size there is."""

    async def probe(self, upstream: Upstream, record: BackendRecord) -> ProbeResult:
        """One question."""
        assuming = Assuming(record)

        def model_of(item: dict[str, Any]) -> Model:
            return assuming.describe(
                item.get("id"),
                context_length=positive(item.get("max_input_tokens")),
                max_output_tokens=positive(item.get("max_tokens")),
                supports_vision=flag(at(item, "capabilities", "image_input", "supported")),
            )

        document = await upstream.get("/v1/models", limit=_PAGE)
        result = listed(entries(document, "data"), model_of)
        if at(document, "has_more") is True:
            result = noted(result, f"has more than {_PAGE} models")
        return assuming.mark(result)
