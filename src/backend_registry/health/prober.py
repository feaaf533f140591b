"""`Prober`: what it takes to check one kind of server, and how what it lists becomes models."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol, TypeVar

from backend_registry import BackendRecord, InvalidValueError, Model, ProbeResult, Residency
from backend_registry.health.fetch import ProbeFailedError, UnreadableAnswerError, Upstream

__all__ = ("Prober", "at", "described", "entries", "flag", "if_told", "listed", "located", "noted", "positive", "states")

_MODELS_MOST: Final = 1024
_ENTRIES_MOST: Final = 4096
_T = TypeVar("_T")


class Prober(Protocol):
    """How one kind of server is checked. One object checks all backends of its type, several at once, in one event loop."""

    async def probe(self, upstream: Upstream, record: BackendRecord) -> ProbeResult:
        """Ask the backend; a passed check with the models that it lists.

        Args:
            upstream: the backend, to be asked; its time is limited for the check as a whole.
            record: what is known of it.

        Raises:
            ProbeFailedError: the check failed; the checker makes the result of it.
            UnreadableAnswerError: the backend is there and does not say what it serves; the checker passes it, with a note.
        """
        ...


# --- reading documents that may hold anything --------------------------------------------------------------------------


def at(document: object, *path: str) -> object:
    """What is at `path` in nested objects; None where there is no such thing."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def entries(document: object, key: str) -> list[dict[str, Any]]:
    """The objects in the list at `key` of a model list, at most 4,096: what a server sends must not keep us busy.

    Raises:
        UnreadableAnswerError: there is no such list.
    """
    found = at(document, key)
    if not isinstance(found, list):
        raise UnreadableAnswerError(f"no list {key!r}")
    return [entry for entry in found[:_ENTRIES_MOST] if isinstance(entry, dict)]


def positive(value: object) -> int | None:
    """A count such as a context length, None if the server gave none that makes sense."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31 else None


def flag(value: object) -> bool | None:
    """True or False, None if the server said neither."""
    return value if isinstance(value, bool) else None


async def if_told(answer: Awaitable[_T]) -> _T | None:
    """An answer that a check can do without; None if it does not come."""
    try:
        return await answer
    except (ProbeFailedError, UnreadableAnswerError):
        return None


# --- making a result of them -------------------------------------------------------------------------------------------


def described(record: BackendRecord, model_id: object, **facts: Any) -> Model:
    """The model as it is known so far, with the facts that the server states; None is no fact.

    What an operator wrote about a model stays, unless the server itself knows it.

    Raises:
        InvalidValueError: not a model id.
    """
    known = next((model for model in record.models if model.id == model_id), None)
    return replace(known or Model(model_id), **{name: fact for name, fact in facts.items() if fact is not None})  # type: ignore[arg-type]


def listed(items: Iterable[dict[str, Any]], model_of: Callable[[dict[str, Any]], Model]) -> ProbeResult:
    """A passed check with the models made of `items`; those that are none are left out and counted in the note."""
    models: dict[str, Model] = {}
    odd = 0
    for item in items:
        if len(models) == _MODELS_MOST:
            odd += 1
            continue
        try:
            model = model_of(item)
        except InvalidValueError:
            odd += 1
        else:
            models.setdefault(model.id, model)
    result = ProbeResult(ok=True, models=tuple(models.values()), note=f"{odd} listed models left out" if odd else None)
    return result if models else noted(result, "lists no models")


def noted(result: ProbeResult, text: str) -> ProbeResult:
    """The result with something more in its note."""
    return replace(result, note=f"{result.note}; {text}" if result.note else text)


def states(items: Iterable[dict[str, Any]], kinds: Mapping[str, Residency], *path: str) -> dict[str, Residency]:
    """Model id to what the word at `path` of its entry means; words that mean nothing here are left out."""
    found: dict[str, Residency] = {}
    for item in items:
        name, word = item.get("id"), at(item, *path)
        if isinstance(name, str) and isinstance(word, str) and word in kinds:
            found[name] = kinds[word]
    return found


def located(result: ProbeResult, where: Callable[[str], Residency | None]) -> ProbeResult:
    """The result with the residency of each model that it lists, by id; None where nothing is known."""
    found = {model.id: kind for model in result.models or () if (kind := where(model.id)) is not None}
    return replace(result, residency=found)
