"""Ollama, which lists its models in its own way and tells more about each when asked for it."""

from typing import Any, Final

from backend_registry import BackendRecord, ProbeResult
from backend_registry.health.fetch import ProbeFailedError, UnreadableAnswerError, Upstream
from backend_registry.health.prober import described, entries, listed, positive

__all__ = ("OllamaProber",)

_REMEMBERED_MOST: Final = 4096

_Facts = dict[str, Any]


class OllamaProber:
    """`GET /api/tags` each time; `POST /api/show` once per model and digest, whose answer cannot change."""

    def __init__(self) -> None:
        self._facts: dict[tuple[str, str], _Facts] = {}

    async def probe(self, upstream: Upstream, record: BackendRecord) -> ProbeResult:
        """One question, and one more for each model that has not been seen before."""
        try:
            items = entries(await upstream.get("/api/tags"), "models")
        except UnreadableAnswerError as error:
            return ProbeResult(ok=True, note=f"model list not understood: {error}")
        facts = await self._learn(upstream, [item for item in items if isinstance(item.get("name"), str)])
        return listed(items, lambda item: described(record, item.get("name"), **facts.get(str(item.get("name")), {})))

    async def _learn(self, upstream: Upstream, items: list[dict[str, Any]]) -> dict[str, _Facts]:
        """What is known of each model by name."""
        known: dict[str, _Facts] = {}
        asking = True
        for item in items:
            key = (item["name"], str(item.get("digest")))
            facts = self._facts.get(key)
            if facts is None and asking:
                try:
                    facts = _facts(await upstream.post("/api/show", {"model": item["name"]}))
                    self._remember(key, facts)
                except (ProbeFailedError, UnreadableAnswerError):
                    # It listed its models, so it is alive; what is still unknown is asked for at the next check.
                    asking = False
            known[item["name"]] = facts or {}
        return known

    def _remember(self, key: tuple[str, str], facts: _Facts) -> None:
        if len(self._facts) >= _REMEMBERED_MOST:
            self._facts.clear()
        self._facts[key] = facts


def _facts(document: object) -> _Facts:
    """`{"capabilities": ["vision", "tools"], "model_info": {"llama.context_length": 8192}}` as fields of `Model`."""
    if not isinstance(document, dict):
        return {}
    facts: _Facts = {}
    capabilities = document.get("capabilities")
    if isinstance(capabilities, list):
        facts = {"supports_vision": "vision" in capabilities, "supports_tools": "tools" in capabilities}
    info = document.get("model_info")
    for name, value in info.items() if isinstance(info, dict) else ():
        if name.endswith(".context_length") and positive(value):
            facts["context_length"] = value
            break
    return facts
