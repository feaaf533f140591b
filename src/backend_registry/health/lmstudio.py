"""LM Studio, which lists all that it has on disk and says of each what state it is in."""

from typing import Any, Final

from backend_registry import BackendRecord, Model, ProbeResult, Residency
from backend_registry.health.fetch import UnreadableAnswerError, Upstream
from backend_registry.health.prober import described, entries, listed, located, positive, states

__all__ = ("LMStudioProber",)

_STATES: Final = {"loaded": Residency.IDLE, "loading": Residency.LOADING, "not-loaded": Residency.ON_DISK}


class LMStudioProber:
    """`GET /api/v0/models`; of versions that do not have it, `GET /v1/models`.

    What is loaded counts as idle, since whether it is in use is not told.
    """

    async def probe(self, upstream: Upstream, record: BackendRecord) -> ProbeResult:
        """One question, or two."""
        items = await _own_list(upstream)
        if items is None:
            plain = entries(await upstream.get("/v1/models"), "data")
            return listed(plain, lambda item: described(record, item.get("id")))
        return located(listed(items, lambda item: _model(record, item)), states(items, _STATES, "state").get)


async def _own_list(upstream: Upstream) -> list[dict[str, Any]] | None:
    answer = await upstream.ask("/api/v0/models")
    if answer.status == 404:
        return None
    try:
        return entries(answer.document(), "data")
    except UnreadableAnswerError:
        # It answers paths that it does not know with 200 and an error.
        return None


def _model(record: BackendRecord, item: dict[str, Any]) -> Model:
    kind, capabilities = item.get("type"), item.get("capabilities")
    return described(
        record,
        item.get("id"),
        context_length=positive(item.get("loaded_context_length")) or positive(item.get("max_context_length")),
        supports_vision=kind == "vlm" if isinstance(kind, str) else None,
        supports_tools="tool_use" in capabilities if isinstance(capabilities, list) else None,
    )
