"""vLLM: one engine, all of whose models are in memory, and which tells how many requests it has."""

import re
from collections import Counter
from dataclasses import replace
from typing import Any, Final

from backend_registry import BackendRecord, Model, ProbeResult, ReportedLoad, Residency
from backend_registry.health.fetch import Answer, Upstream
from backend_registry.health.prober import described, entries, if_told, listed, located, positive

__all__ = ("VLLMProber",)

_GAUGE: Final = re.compile(r"^vllm:num_requests_(running|waiting)\{([^\n]*)\} +([0-9][0-9.e+]*)", re.MULTILINE)
_MODEL: Final = re.compile(r'model_name="((?:[^"\\\n]|\\.)*)"')
_ESCAPED: Final = re.compile(r"\\(.)")
_COUNT_MOST: Final = 1_000_000


class VLLMProber:
    """`GET /health`, `GET /v1/models` with `max_model_len`, and `GET /metrics` where there is such a thing."""

    async def probe(self, upstream: Upstream, record: BackendRecord) -> ProbeResult:
        """Three questions. Every model is resident; without figures, or at rest, idle."""
        (await upstream.ask("/health")).check()

        def model_of(item: dict[str, Any]) -> Model:
            return described(record, item.get("id"), context_length=positive(item.get("max_model_len")))

        result = listed(entries(await upstream.get("/v1/models"), "data"), model_of)
        load, running = _figures(await if_told(upstream.ask("/metrics")))

        def where(model_id: str) -> Residency:
            # Names that the engine does not count under are other names, or adapters, of what it runs.
            busy = running[model_id] if model_id in running else running.total()
            return Residency.IN_USE if busy else Residency.IDLE

        return replace(located(result, where), load=load)


def _figures(metrics: Answer | None) -> tuple[ReportedLoad | None, Counter[str]]:
    """The load of the server, and the running requests by model; of several engines the sum."""
    if metrics is None or metrics.status != 200:
        return None, Counter()
    told: dict[str, Counter[str]] = {"running": Counter(), "waiting": Counter()}
    for gauge, labels, value in _GAUGE.findall(metrics.body.decode(errors="replace")):
        model = _MODEL.search(labels)
        told[gauge][_ESCAPED.sub(r"\1", model[1]) if model else ""] += _count(value)
    if not any(told.values()):
        return None, Counter()
    return ReportedLoad(told["running"].total(), told["waiting"].total()), told["running"]


def _count(value: str) -> int:
    try:
        return min(round(float(value)), _COUNT_MOST)
    except (ValueError, OverflowError):
        return 0
