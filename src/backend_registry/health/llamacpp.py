"""llama.cpp: usually one model, which it loads for a while after it has started, and a fixed number of slots."""

from dataclasses import replace
from typing import Any, Final

from backend_registry import BackendRecord, Model, ProbeResult, ReportedLoad, Residency
from backend_registry.health.fetch import ProbeFailedError, UnreadableAnswerError, Upstream
from backend_registry.health.prober import at, described, entries, flag, if_told, listed, located, noted, positive, states

__all__ = ("LlamaCppProber",)

_LOADING: Final = ProbeResult(ok=True, note="loading its model")
_STATES: Final = {"loaded": Residency.IDLE, "loading": Residency.LOADING, "unloaded": Residency.ON_DISK}


class LlamaCppProber:
    """`GET /health`, `GET /v1/models`, and what `GET /props` and `GET /slots` tell where they are enabled.

    A server that says 503 because it is loading has passed: it is neither dead nor ready. Of a server with slots it is told how
    many of them work, not how many requests wait for one.
    """

    async def probe(self, upstream: Upstream, record: BackendRecord) -> ProbeResult:
        """Four questions, or two while it is loading."""
        health = await upstream.ask("/health")
        # A proxy before a server that is gone says 503 as well, and nothing of loading.
        if health.status == 503 and b"loading" in health.body.lower():
            return await self._loading(upstream, record)
        health.check()
        items = entries(await upstream.get("/v1/models"), "data")
        props = await if_told(upstream.get("/props")) if len(items) == 1 else None
        load = _load(await if_told(upstream.get("/slots")))
        resident = Residency.IN_USE if load is not None and load.running else Residency.IDLE
        told = states(items, _STATES, "status", "value")
        result = listed(items, lambda item: _model(record, item, props))
        return replace(located(result, lambda model_id: told.get(model_id, resident)), load=load)

    async def _loading(self, upstream: Upstream, record: BackendRecord) -> ProbeResult:
        try:
            items = entries(await upstream.get("/v1/models"), "data")
        except (ProbeFailedError, UnreadableAnswerError):
            # Older ones list nothing yet; what they served before is what they load.
            return replace(_LOADING, residency={model.id: Residency.LOADING for model in record.models})
        result = noted(listed(items, lambda item: described(record, item.get("id"))), str(_LOADING.note))
        return located(result, lambda _: Residency.LOADING)


def _model(record: BackendRecord, item: dict[str, Any], props: object) -> Model:
    return described(
        record,
        item.get("id"),
        context_length=positive(at(props, "default_generation_settings", "n_ctx")) or positive(at(item, "meta", "n_ctx")),
        supports_vision=flag(at(props, "modalities", "vision")),
        supports_tools=flag(at(props, "chat_template_caps", "supports_tools")),
    )


def _load(slots: object) -> ReportedLoad | None:
    if not isinstance(slots, list):
        return None
    return ReportedLoad(running=sum(at(slot, "is_processing") is True for slot in slots), waiting=0)
