"""`Prober`: what it takes to check one kind of server, and how what it lists becomes models."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final, Protocol

from backend_registry import BackendRecord, InvalidValueError, Model, ProbeResult
from backend_registry.health.fetch import UnreadableAnswerError, Upstream

__all__ = ("Prober", "described", "entries", "listed", "positive")

_MODELS_MOST: Final = 1024


class Prober(Protocol):
    """How one kind of server is checked."""

    async def probe(self, upstream: Upstream, record: BackendRecord) -> ProbeResult:
        """Ask the backend; a passed check with the models that it lists.

        Raises:
            ProbeFailedError: the check failed; the checker makes the result of it.
        """
        ...


def entries(document: object, key: str) -> list[dict[str, Any]]:
    """The objects in the list at `key` of a model list.

    Raises:
        UnreadableAnswerError: there is no such list.
    """
    found = document.get(key) if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise UnreadableAnswerError(f"no list {key!r}")
    return [entry for entry in found if isinstance(entry, dict)]


def described(record: BackendRecord, model_id: object, **facts: Any) -> Model:
    """The model as it is known so far, with the facts that the server states; None is no fact.

    What an operator wrote about a model stays, unless the server itself knows it.

    Raises:
        InvalidValueError: not a model id.
    """
    known = next((model for model in record.models if model.id == model_id), None)
    return replace(known or Model(model_id), **{name: fact for name, fact in facts.items() if fact is not None})  # type: ignore[arg-type]


def positive(value: object) -> int | None:
    """A count such as a context length, None if the server gave none that makes sense."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31 else None


def listed(items: Iterable[dict[str, Any]], model_of: Callable[[dict[str, Any]], Model]) -> ProbeResult:
    """A passed check with the models made of `items`; those that are none are left out and counted in the note."""
    models: dict[str, Model] = {}
    odd = 0
    for item in items:
        try:
            model = model_of(item)
        except InvalidValueError:
            odd += 1
            continue
        if len(models) < _MODELS_MOST:
            models.setdefault(model.id, model)
        elif model.id not in models:
            odd += 1
    return ProbeResult(ok=True, models=tuple(models.values()), note=f"{odd} listed models left out" if odd else None)
