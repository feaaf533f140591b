"""Handlers that read: the list of backends, one of them, why it would be picked or not, the models, and the stream."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from functools import partial
from operator import attrgetter
from typing import Final, TypeVar

from starlette.responses import Response

from backend_registry import Backend, Capability, Decision, InvalidValueError, Model, Registry, Residency
from backend_registry._web import Call, EventStreamAnswer, Page, RefusedRequestError, known_or_new, page_of
from backend_registry.node.context import Node
from backend_registry.node.entries import Entries
from backend_registry.node.queries import EXPLAINED_MOST, BackendsQuery, ExplainQuery, ModelsQuery, StreamQuery
from backend_registry.node.schemas import DecisionEntry, ExplainAnswer, ModelEntry
from backend_registry.views import redacted

__all__ = (
    "backend_of",
    "explain_backend",
    "get_backend",
    "list_backends",
    "list_models",
    "page_of_backends",
    "stream_backends",
)

AT_ONCE: Final = 200
"""Entries that are made before other tasks of the loop get their turn."""
_RESIDENT: Final = frozenset({Residency.IN_USE, Residency.IDLE})

Item = TypeVar("Item")


async def list_backends(call: Call[Node]) -> Response:
    """A page of the backends, sorted by id."""
    array, page = await page_of_backends(call.context.registry, call.context.entries, call.query)
    return known_or_new(call.request, array, page.headers(call.request))


async def page_of_backends(registry: Registry, entries: Entries, query: BackendsQuery) -> tuple[bytes, Page]:
    """The entries that are asked for, as a JSON array, and where among all of them they are."""
    fits = query.filter
    everyone = sorted(registry.get_all_backends(), key=attrgetter("id"))
    if fits.is_empty:
        page = page_of([backend.id for backend in everyone], query.window)
        shown = [entries.encoded(backend) async for backend in _politely(everyone[page.start : page.stop])]
    else:
        seen = [(backend.id, entries.entry(backend)) async for backend in _politely(everyone)]
        wanted = [(backend_id, entry.data) for backend_id, entry in seen if fits.matches(entry.facets)]
        page = page_of([backend_id for backend_id, _ in wanted], query.window)
        shown = [data for _, data in wanted[page.start : page.stop]]
    return b"[%b]" % b",".join(shown), page


async def get_backend(call: Call[Node]) -> Response:
    """One backend."""
    return known_or_new(call.request, call.context.entries.encoded(backend_of(call)))


def backend_of(call: Call[Node]) -> Backend:
    """The backend that the path names.

    Raises:
        RefusedRequestError: 404.
    """
    backend = call.context.registry.get_backend(call.path["backend_id"])
    if backend is None:
        raise RefusedRequestError(404, "there is no backend of this id", "backend_not_found")
    return backend


async def stream_backends(call: Call[Node]) -> EventStreamAnswer:
    """The changes of the backends, from what the client has already, or from a snapshot on."""
    query: StreamQuery = call.query
    last_id = call.request.headers.get("last-event-id") or query.since
    return EventStreamAnswer(partial(call.context.feed.subscribe, query.filter, last_id), once=query.once)


# --- why ---------------------------------------------------------------------------------------------------------------


async def explain_backend(call: Call[Node]) -> Response:
    """What a pick would say about one backend, for each model asked about."""
    query: ExplainQuery = call.query
    backend = backend_of(call)
    models = query.model or tuple(model.id for model in backend.models[:EXPLAINED_MOST])
    decisions: list[DecisionEntry] = []
    try:
        async for model in _politely(models, at_once=1):
            decisions += _decisions(call.context.registry, backend, model, query)
    except InvalidValueError as error:
        # A query may hold what no model or operation can be called.
        wrong = {"field": error.field, "problem": error.problem, "remedy": error.remedy}
        raise RefusedRequestError(400, f"query parameter {error}", "invalid", [wrong]) from None
    answer = ExplainAnswer(id=backend.id, decisions=decisions, models_total=len(backend.models))
    return known_or_new(call.request, answer.model_dump_json().encode())


def _decisions(registry: Registry, backend: Backend, model: str, query: ExplainQuery) -> list[DecisionEntry]:
    """The decision about one backend; none if it does not serve the model."""
    demanded = Capability(0)
    for name in query.require:
        demanded |= Capability[name.upper()]
    all_of_them = registry.explain(model, require=demanded, min_context=query.min_context, operation=query.operation)
    return [_shown(decision, model, backend) for decision in all_of_them if decision.backend_id == backend.id]


def _shown(decision: Decision, model: str, backend: Backend) -> DecisionEntry:
    return DecisionEntry(
        model=model,
        eligible=decision.eligible,
        code=decision.code,
        detail=redacted(decision.detail, backend.url),
        cost=decision.cost if math.isfinite(decision.cost) else None,
        until_s=decision.until_s,
    )


# --- models ------------------------------------------------------------------------------------------------------------


async def list_models(call: Call[Node]) -> Response:
    """A page of the models, sorted by id."""
    query: ModelsQuery = call.query
    registry = call.context.registry
    text = query.q.strip().casefold()
    ids = sorted(model_id for model_id in registry.snapshot().models if text in model_id.casefold())
    page = page_of(ids, query.window)
    found = [_model(registry, model_id) async for model_id in _politely(ids[page.start : page.stop], at_once=1)]
    shown = [entry.model_dump_json().encode() for entry in found]
    return known_or_new(call.request, b"[%b]" % b",".join(shown), page.headers(call.request))


def _model(registry: Registry, model_id: str) -> ModelEntry:
    backends = registry.get_backends_for_model(model_id)
    served = [model for backend in backends for model in backend.models if model.id == model_id]
    return ModelEntry(
        id=model_id,
        name=redacted(served[0].name, backends[0].url) if served else model_id,
        backends=len(backends),
        available=sum(backend.available for backend in backends),
        resident=sum(backend.residency.get(model_id) in _RESIDENT for backend in backends),
        context_length=max((model.context_length for model in served), default=0),
        max_output_tokens=max((model.max_output_tokens for model in served if model.max_output_tokens), default=None),
        supports_vision=_any(served, "supports_vision"),
        supports_tools=_any(served, "supports_tools"),
        supports_json_mode=_any(served, "supports_json_mode"),
    )


def _any(models: Sequence[Model], capability: str) -> bool:
    return any(getattr(model, capability) for model in models)


async def _politely(items: Sequence[Item], *, at_once: int = AT_ONCE) -> AsyncIterator[Item]:
    """The items, with a turn for other tasks of the loop now and then."""
    for index, item in enumerate(items):
        if index and index % at_once == 0:
            await asyncio.sleep(0)
        yield item
