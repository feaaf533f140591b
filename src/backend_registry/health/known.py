"""What is assumed of well-known models where the server tells no more than their names.

The vendors published these facts; a server behind a vendor's model id may still have other limits. So an operator's word goes
before this table, a server's word before both, and a check that leaned on the table says so in its note. Models with open
weights are not in it: how much context they have is up to whoever serves them.
"""

import re
from dataclasses import replace
from typing import Any, Final

from backend_registry import BackendRecord, Model, ProbeResult
from backend_registry.health.prober import described, noted

__all__ = ("Assuming", "assumed")


def _facts(
    context: int, output: int, *, vision: bool = True, tools: bool = True, json_mode: bool = True
) -> dict[str, int | bool]:
    return {
        "context_length": context,
        "max_output_tokens": output,
        "supports_vision": vision,
        "supports_tools": tools,
        "supports_json_mode": json_mode,
    }


_KNOWN: Final = {
    "gpt-3.5-turbo": _facts(16_385, 4_096, vision=False),
    "gpt-4": _facts(8_192, 8_192, vision=False, json_mode=False),
    "gpt-4-turbo": _facts(128_000, 4_096),
    "gpt-4o": _facts(128_000, 16_384),
    "gpt-4o-mini": _facts(128_000, 16_384),
    "gpt-4.1": _facts(1_047_576, 32_768),
    "gpt-4.1-mini": _facts(1_047_576, 32_768),
    "gpt-4.1-nano": _facts(1_047_576, 32_768),
    "gpt-5": _facts(400_000, 128_000),
    "gpt-5-mini": _facts(400_000, 128_000),
    "gpt-5-nano": _facts(400_000, 128_000),
    "o1": _facts(200_000, 100_000),
    "o3": _facts(200_000, 100_000),
    "o3-mini": _facts(200_000, 100_000, vision=False),
    "o4-mini": _facts(200_000, 100_000),
    "claude-3-haiku": _facts(200_000, 4_096, json_mode=False),
    "claude-3-opus": _facts(200_000, 4_096, json_mode=False),
    "claude-3-5-haiku": _facts(200_000, 8_192, json_mode=False),
    "claude-3-5-sonnet": _facts(200_000, 8_192, json_mode=False),
    "claude-3-7-sonnet": _facts(200_000, 64_000, json_mode=False),
    "claude-opus-4": _facts(200_000, 32_000, json_mode=False),
    "claude-opus-4-1": _facts(200_000, 32_000, json_mode=False),
    "claude-sonnet-4": _facts(200_000, 64_000, json_mode=False),
    "claude-sonnet-4-5": _facts(200_000, 64_000, json_mode=False),
    "claude-haiku-4-5": _facts(200_000, 64_000, json_mode=False),
    "gemini-1.5-flash": _facts(1_048_576, 8_192),
    "gemini-1.5-pro": _facts(2_097_152, 8_192),
    "gemini-2.0-flash": _facts(1_048_576, 8_192),
    "gemini-2.5-flash": _facts(1_048_576, 65_536),
    "gemini-2.5-flash-lite": _facts(1_048_576, 65_536),
    "gemini-2.5-pro": _facts(1_048_576, 65_536),
}
"""By the beginning of the id; what may follow is a date or a number of the version, and nothing that makes it another model."""

_VERSION: Final = re.compile(r"(.+?)(?:-latest|-preview(?:-\d\d-\d{2,4})?|-\d{3,8}|-\d{4}-\d\d-\d\d)?")


def assumed(model_id: str) -> Model | None:
    """The model as the table has it, None if it is not well known."""
    match = _VERSION.fullmatch(model_id)
    facts: dict[str, Any] | None = _KNOWN.get(match[1]) if match else None
    return None if facts is None else Model(model_id, **facts)


class Assuming:
    """Describes the models in one list with the help of the table, and remembers for which it was needed."""

    def __init__(self, record: BackendRecord) -> None:
        self._record: Final = record
        self._assumed: Final[set[str]] = set()

    def describe(self, model_id: object, **facts: Any) -> Model:
        """As `described`; a model of which no more is known than its name gets the facts of the table.

        A model that an operator described exactly as the defaults are cannot be told from one that was only named.

        Raises:
            InvalidValueError: not a model id.
        """
        told = described(self._record, model_id, **facts)
        table = assumed(told.id)
        if table is None:
            return told
        stated = {"name": told.name, **{name: fact for name, fact in facts.items() if fact is not None}}
        bare, full = replace(Model(told.id), **stated), replace(table, **stated)
        # What an earlier check took from the table is not an operator's word.
        if told not in (bare, full):
            return told
        self._assumed.add(told.id)
        return full

    def mark(self, result: ProbeResult) -> ProbeResult:
        """The result, with a note if anything in it is assumed."""
        count = len(self._assumed)
        return noted(result, f"limits and capabilities of {count} well-known models are assumed") if count else result
