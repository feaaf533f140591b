"""Handler of the models of the cluster."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from starlette.responses import Response

from backend_registry._web import Call, json_answer, page_of
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.facts import fact_headers
from backend_registry.hub.api.known import look_up
from backend_registry.hub.api.node_queries import ClusterModelsQuery
from backend_registry.hub.view import ClusterView, ModelRow

__all__ = ("list_cluster_models",)


async def list_cluster_models(call: Call[HubContext]) -> Response:
    """A page of the models of all nodes together, sorted by id."""
    query: ClusterModelsQuery = call.query
    hub = call.context.hub
    known, headers = look_up(call.request, hub.view.models_tag, fact_headers(hub))
    if known is not None:
        return known
    text = query.q.strip().casefold()
    ids: Sequence[str] = [model_id for model_id in hub.view.models() if text in model_id.casefold()]
    if query.kind:
        kinds = frozenset(query.kind)
        ids = [row.id async for row in _rows(hub.view, ids) if not kinds.isdisjoint(row.kinds)]
    page = page_of(ids, query.window)
    shown = [row._asdict() async for row in _rows(hub.view, ids[page.start : page.stop])]
    return json_answer(shown, headers={**headers, **page.headers(call.request)})


async def _rows(view: ClusterView, ids: Sequence[str]) -> AsyncIterator[ModelRow]:
    """These models as they are now, without those that are gone by then."""
    for model_id in ids:
        try:
            row = view.model(model_id)
        except KeyError:
            continue
        yield row
        # Some models have very many backends, and other tasks of the loop shall have their turn.
        await asyncio.sleep(0)
