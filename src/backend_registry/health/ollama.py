"""Ollama, which lists its models in its own way and tells more about each when asked for it."""

import asyncio
from typing import Any, Final

from backend_registry import BackendRecord, ProbeResult, Residency
from backend_registry.health.fetch import Upstream
from backend_registry.health.prober import at, described, entries, if_told, listed, located, positive

__all__ = ("OllamaProber",)

_REMEMBERED_MOST: Final = 4096
_AT_ONCE: Final = 4

_Facts = dict[str, Any]


class OllamaProber:
    """`GET /api/tags` and `GET /api/ps` each time; `POST /api/show` once per model and digest, whose answer cannot change.

    What `/api/ps` lists is resident, all else on disk. Resident models count as idle. The only hint at use is `expires_at`: it
    is set when a request ends, says nothing while the next one runs, and comes from a clock that need not be ours.
    """

    def __init__(self) -> None:
        self._facts: dict[tuple[str, str], _Facts] = {}

    async def probe(self, upstream: Upstream, record: BackendRecord) -> ProbeResult:
        """Two questions, and one more for each model that has not been seen before, a few at a time."""
        items = entries(await upstream.get("/api/tags"), "models")
        running = at(await if_told(upstream.get("/api/ps")), "models")
        facts = await self._learn(upstream, [item for item in items if isinstance(item.get("name"), str)])
        result = listed(items, lambda item: described(record, item.get("name"), **facts.get(str(item.get("name")), {})))
        if not isinstance(running, list):
            return result
        resident = {name for entry in running if isinstance(name := at(entry, "name"), str)}
        return located(result, lambda name: Residency.IDLE if name in resident else Residency.ON_DISK)

    async def _learn(self, upstream: Upstream, items: list[dict[str, Any]]) -> dict[str, _Facts]:
        """What is known of each model by name."""
        keys = {item["name"]: (item["name"], str(item.get("digest"))) for item in items}
        unknown = [key for key in keys.values() if key not in self._facts]
        for start in range(0, len(unknown), _AT_ONCE):
            asked = unknown[start : start + _AT_ONCE]
            answers = await asyncio.gather(*(if_told(upstream.post("/api/show", {"model": name})) for name, _ in asked))
            for key, answer in zip(asked, answers, strict=True):
                if answer is not None:
                    self._remember(key, _facts(answer))
            if not any(answers):
                # It listed its models, so it is alive; what is still unknown is asked for at the next check.
                break
        return {name: self._facts.get(key, {}) for name, key in keys.items()}

    def _remember(self, key: tuple[str, str], facts: _Facts) -> None:
        if len(self._facts) >= _REMEMBERED_MOST:
            self._facts.clear()
        self._facts[key] = facts


def _facts(document: object) -> _Facts:
    """`{"capabilities": ["vision", "tools"], "model_info": {"llama.context_length": 8192}}` as fields of `Model`."""
    facts: _Facts = {}
    capabilities = at(document, "capabilities")
    if isinstance(capabilities, list):
        facts = {"supports_vision": "vision" in capabilities, "supports_tools": "tools" in capabilities}
    info = at(document, "model_info")
    for name, value in info.items() if isinstance(info, dict) else ():
        if name.endswith(".context_length") and positive(value):
            facts["context_length"] = value
            break
    return facts
